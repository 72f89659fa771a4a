#include "crypto/csr.h"

#include <algorithm>

#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {

Bytes foreign_request(OpensslTool& tool, const std::vector<std::string>& options) {
  tool.put("empty.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
  std::vector<std::string> make{"req",   "-new",     "-config", "empty.cnf", "-nodes", "-keyout",
                                "r.key", "-outform", "DER",     "-out",      "r.der"};
  make.insert(make.end(), options.begin(), options.end());
  const bool made = tool.run(make);
  INFO(tool.output());
  REQUIRE(made);
  return tool.get_bytes("r.der");
}

std::vector<std::string> ec(const std::string& curve, const std::string& subject = "/CN=meter-4") {
  return {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve, "-subj", subject};
}

}  // namespace

TEST_CASE("openssl verifies the requests we make, with every algorithm") {
  OpensslTool tool;
  for (Algorithm algorithm : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    INFO(name_of(algorithm));
    const FileKey key = expect(FileKey::generate(algorithm));
    const Bytes der = expect(make_csr(key, "meter-4"));
    tool.put("r.der", der);
    CHECK(tool.run({"req", "-inform", "DER", "-in", "r.der", "-verify", "-noout", "-subject"}));
    CHECK(mentions(tool.output(), "CN = meter-4"));
    const Csr csr = expect(parse_csr(der));
    CHECK(csr.common_name == "meter-4");
    CHECK(csr.key.spki() == key.public_key().spki());
    CHECK(csr.digest == sha256(der));
  }
}

TEST_CASE("the requests that openssl makes are read, whatever digest it chose") {
  OpensslTool tool;
  CHECK(parse_csr(foreign_request(tool, ec("P-256"))));
  CHECK(parse_csr(foreign_request(tool, ec("P-384"))));  // signs with SHA-256 by default
  auto with = [&](std::vector<std::string> options, const std::string& more) {
    options.push_back(more);
    return foreign_request(tool, options);
  };
  CHECK(parse_csr(with(ec("P-384"), "-sha384")));
  CHECK(parse_csr(with(ec("P-256"), "-sha512")));
  CHECK(parse_csr(foreign_request(tool, {"-newkey", "ed25519", "-subj", "/O=x/CN=meter-4"})));
  CHECK(mentions(parse_csr(with(ec("P-256"), "-sha1")).error().message, "ECDSA with SHA-1"));
}

TEST_CASE("names in an extensionRequest are what the device claims") {
  OpensslTool tool;
  auto options = ec("P-256");
  options.insert(options.end(), {"-addext", "subjectAltName=DNS:m4.example,URI:urn:m:4,IP:10.0.0.4",
                                 "-addext", "keyUsage=digitalSignature"});
  const Csr csr = expect(parse_csr(foreign_request(tool, options)));
  CHECK(csr.dns_names == std::vector<std::string>{"m4.example"});
  CHECK(csr.uris == std::vector<std::string>{"urn:m:4"});
  CHECK(csr.ip_addresses == std::vector<std::string>{"10.0.0.4"});
}

TEST_CASE("a request without any subject is read; who asks is not decided by it") {
  OpensslTool tool;
  CHECK(expect(parse_csr(foreign_request(tool, ec("P-256", "/")))).common_name.empty());
}

TEST_CASE("a request with a key of another kind is refused by its name") {
  OpensslTool tool;
  auto refusal = [&](const std::vector<std::string>& options) {
    auto csr = parse_csr(foreign_request(tool, options));
    REQUIRE_FALSE(csr);
    CHECK(csr.error().fault == Fault::invalid);
    CHECK(mentions(csr.error().message, "accepted are ECDSA P-256, ECDSA P-384 and Ed25519"));
    return csr.error().message;
  };
  CHECK(mentions(refusal({"-newkey", "rsa:2048", "-subj", "/CN=x"}), "is RSA"));
  CHECK(mentions(refusal(ec("P-521")), "P-521"));
  CHECK(mentions(refusal(ec("prime192v1")), "P-192"));
  REQUIRE(tool.run({"dsaparam", "-out", "p.pem", "1024"}));
  CHECK(mentions(refusal({"-newkey", "dsa:p.pem", "-subj", "/CN=x"}), "is DSA"));
}

TEST_CASE("a request that the key did not sign is refused: possession is not proven") {
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const std::string name = "meter-4";
  Bytes der = expect(make_csr(key, name));
  const auto at = std::search(der.begin(), der.end(), name.begin(), name.end());
  REQUIRE(at != der.end());
  *(at + 6) = '5';
  auto csr = parse_csr(der);
  REQUIRE_FALSE(csr);
  CHECK(mentions(csr.error().message, "possession"));
}

TEST_CASE("every truncation of a request is refused, and what follows it, and what is too long") {
  const FileKey key = expect(FileKey::generate(Algorithm::ed25519));
  Bytes der = expect(make_csr(key, "meter-4"));
  for (std::size_t size = 0; size < der.size(); ++size)
    REQUIRE_FALSE(parse_csr(ByteView(der).first(size)));
  der.push_back(0);
  CHECK_FALSE(parse_csr(der));
  CHECK(mentions(parse_csr(Bytes(csr_bytes_max + 1)).error().message, "8192"));
}

TEST_CASE("a request is made for a name that a certificate can hold") {
  const FileKey key = expect(FileKey::generate(Algorithm::ed25519));
  CHECK_FALSE(make_csr(key, ""));
  CHECK_FALSE(make_csr(key, std::string(65, 'x')));
  CHECK_FALSE(make_csr(key, "a\tb"));
}

TEST_CASE("what else a request asks for is told, so that it can be refused by name") {
  OpensslTool tool;
  const auto asks = [&](const std::string& extension) {
    auto options = ec("P-256");
    options.insert(options.end(), {"-addext", extension});
    return expect(parse_csr(foreign_request(tool, options)));
  };
  CHECK(asks("basicConstraints=critical,CA:TRUE").authority);
  CHECK_FALSE(asks("basicConstraints=CA:FALSE").authority);
  CHECK_FALSE(asks("keyUsage=digitalSignature").authority);
  CHECK_FALSE(asks("keyUsage=digitalSignature").other_attributes);
  CHECK(
      expect(parse_csr(foreign_request(tool, ec("P-256", "/O=City/CN=meter-4")))).other_attributes);
  CHECK(expect(parse_csr(foreign_request(tool, ec("P-256", "/serialNumber=A1")))).other_attributes);
}

TEST_CASE("a challenge password is read, once") {
  OpensslTool tool;
  const std::vector<std::string> options{
      "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-config", "challenge.cnf"};
  tool.put("challenge.cnf",
           "[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\n[dn]\nCN=meter-4\n"
           "[at]\nchallengePassword=c2VjcmV0\n");
  CHECK(expect(parse_csr(foreign_request(tool, options))).challenge_password == "c2VjcmV0");
}
