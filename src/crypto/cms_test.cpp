#include "crypto/cms.h"

#include "crypto/internal/test_fleet_authority.h"
#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {}  // namespace

TEST_CASE("openssl reads the certificates out of what EST answers with") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const Bytes both[] = {fleet.issuing.der, fleet.root.der};
  tool.put("c.p7", expect(make_certs_only(both)));
  CHECK(tool.run({"pkcs7", "-inform", "DER", "-in", "c.p7", "-print_certs"}));
  const auto read = expect(parse_certificates_pem(tool.output()));
  REQUIRE(read.size() == 2);
  CHECK(read[0].der == fleet.issuing.der);
  CHECK(read[1].der == fleet.root.der);
}

TEST_CASE("certificates are read out of our own answer and out of openssl's, in order") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const Bytes both[] = {fleet.issuing.der, fleet.root.der};
  const auto own = expect(parse_certs_only(expect(make_certs_only(both))));
  REQUIRE(own.size() == 2);
  CHECK(own[0].der == fleet.issuing.der);

  tool.put("chain.pem", certificate_pem(fleet.issuing.der) + certificate_pem(fleet.root.der));
  REQUIRE(tool.run(
      {"crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", "DER", "-out", "o.p7"}));
  const auto foreign = expect(parse_certs_only(tool.get_bytes("o.p7")));
  REQUIRE(foreign.size() == 2);
  CHECK(foreign[1].der == fleet.root.der);
}

TEST_CASE("an answer without certificates, with too many, too long or cut short is refused") {
  const FleetAuthority fleet;
  CHECK_FALSE(make_certs_only({}));
  CHECK_FALSE(parse_certs_only(expect(make_certs_only(std::vector<Bytes>(17, fleet.root.der)))));
  CHECK(parse_certs_only(expect(make_certs_only(std::vector<Bytes>(16, fleet.root.der)))));
  CHECK_FALSE(parse_certs_only(Bytes(64 * 1024 + 1, 0x30)));
  const Bytes one[] = {fleet.root.der};
  const Bytes der = expect(make_certs_only(one));
  for (std::size_t size = 0; size < der.size(); ++size)
    REQUIRE_FALSE(parse_certs_only(ByteView(der).first(size)));
}

TEST_CASE("a manifest signed by openssl is accepted under its anchor, in its time, unchanged") {
  OpensslTool tool;
  const FleetAuthority fleet, stranger;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto signer = fleet.leaf(FleetAuthority::client("factory"), key.public_key());
  tool.put("signer.pem", certificate_pem(signer.der));
  tool.put("signer.key", key.private_pem());
  tool.put("issuing.pem", certificate_pem(fleet.issuing.der));
  tool.put("m", "serial,model\n1,m\n");
  auto sign = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"cms",        "-sign",     "-binary",     "-in",
                                       "m",          "-signer",   "signer.pem",  "-inkey",
                                       "signer.key", "-certfile", "issuing.pem", "-outform",
                                       "DER",        "-out",      "m.p7"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    REQUIRE(tool.run(arguments));
    return tool.get_bytes("m.p7");
  };
  const Bytes cms = sign({});
  const ByteView content = bytes_of("serial,model\n1,m\n");
  const Certificate anchors[] = {fleet.root}, strange[] = {stranger.root};
  CHECK(verify_detached(content, cms, anchors, test_time));
  CHECK_FALSE(verify_detached(bytes_of("serial,model\n2,m\n"), cms, anchors, test_time));
  CHECK_FALSE(verify_detached({}, cms, anchors, test_time));
  CHECK_FALSE(verify_detached(content, cms, strange, test_time));
  CHECK_FALSE(verify_detached(content, cms, {}, test_time));
  CHECK_FALSE(verify_detached(content, cms, anchors, test_time + 24h * 31));
  CHECK_FALSE(verify_detached(content, ByteView(cms).first(cms.size() - 1), anchors, test_time));
  CHECK(mentions(verify_detached(content, sign({"-nodetach"}), anchors, test_time).error().message,
                 "detached"));
  CHECK(
      mentions(verify_detached(content, sign({"-md", "sha1"}), anchors, test_time).error().message,
               "digest"));
  const Bytes one[] = {fleet.root.der};
  CHECK_FALSE(verify_detached(content, expect(make_certs_only(one)), anchors, test_time));
}

TEST_CASE("what a maker signed with openssl comes out as it went in, with the signer") {
  OpensslTool tool;
  const FleetAuthority fleet, stranger;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto signer = fleet.leaf(FleetAuthority::client("maker"), key.public_key());
  tool.put("signer.pem", certificate_pem(signer.der));
  tool.put("signer.key", key.private_pem());
  tool.put("issuing.pem", certificate_pem(fleet.issuing.der));
  tool.put("v", "{}");
  auto sign = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"cms",        "-sign",     "-binary",     "-in",
                                       "v",          "-signer",   "signer.pem",  "-inkey",
                                       "signer.key", "-certfile", "issuing.pem", "-outform",
                                       "DER",        "-out",      "v.p7"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    REQUIRE(tool.run(arguments));
    return tool.get_bytes("v.p7");
  };
  const Certificate anchors[] = {fleet.root}, strange[] = {stranger.root};
  const Bytes voucher = sign({"-nodetach", "-econtent_type", std::string(voucher_content_type)});
  const auto read = [&](ByteView cms, std::span<const Certificate> trusted, Instant now) {
    return verify_enveloping(cms, voucher_content_type, trusted, now);
  };
  const auto content = expect(read(voucher, anchors, test_time));
  CHECK(text_of(content.content) == "{}");
  CHECK(content.signer.fingerprint == signer.fingerprint);
  CHECK_FALSE(read(voucher, strange, test_time));
  CHECK_FALSE(read(voucher, {}, test_time));
  CHECK_FALSE(read(voucher, anchors, test_time + 24h * 31));
  CHECK(mentions(read(sign({"-nodetach"}), anchors, test_time).error().message,
                 "1.2.840.113549.1.7.1 where"));
  CHECK(
      mentions(read(sign({"-econtent_type", std::string(voucher_content_type)}), anchors, test_time)
                   .error()
                   .message,
               "no content"));
  for (std::size_t size = 0; size < voucher.size(); ++size)
    REQUIRE_FALSE(read(ByteView(voucher).first(size), anchors, test_time));
  Bytes changed = voucher;
  const auto at =
      std::search(changed.begin(), changed.end(), content.content.begin(), content.content.end());
  REQUIRE(at != changed.end());
  *at = '[';
  CHECK_FALSE(read(changed, anchors, test_time));
}
