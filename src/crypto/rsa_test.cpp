#include "crypto/rsa.h"

#include <catch2/catch.hpp>

#include "crypto/internal/test_openssl_tool.h"
#include "crypto/sha512.h"

using namespace muster;
using namespace muster::crypto;

namespace {

RsaVerifier rsa_of(OpensslTool& tool, const std::string& bits) {
  REQUIRE(tool.run(
      {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + bits, "-out", "rsa.key"}));
  REQUIRE(tool.run({"pkey", "-in", "rsa.key", "-pubout", "-out", "rsa.pub"}));
  return expect(RsaVerifier::from_pem(tool.get("rsa.pub")));
}

}  // namespace

TEST_CASE("RSA signatures that openssl made verify by their own padding and by no other") {
  OpensslTool tool;
  const RsaVerifier key = rsa_of(tool, "2048");
  tool.put("message", std::string_view("hello"));
  REQUIRE(tool.run({"dgst", "-sha256", "-sign", "rsa.key", "-out", "pkcs1", "message"}));
  REQUIRE(tool.run({"dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt",
                    "rsa_pss_saltlen:digest", "-sign", "rsa.key", "-out", "pss", "message"}));
  const Bytes pkcs1 = tool.get_bytes("pkcs1"), pss = tool.get_bytes("pss");
  CHECK(key.verify_pkcs1(bytes_of("hello"), pkcs1));
  CHECK(key.verify_pss(bytes_of("hello"), pss));
  CHECK_FALSE(key.verify_pss(bytes_of("hello"), pkcs1));
  CHECK_FALSE(key.verify_pkcs1(bytes_of("hello"), pss));
  CHECK_FALSE(key.verify_pkcs1(bytes_of("hallo"), pkcs1));
  CHECK_FALSE(key.verify_pss(bytes_of("hello"), {}));
}

TEST_CASE("short RSA keys and keys of another kind are refused") {
  OpensslTool tool;
  REQUIRE(tool.run(
      {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", "rsa.key"}));
  REQUIRE(tool.run({"pkey", "-in", "rsa.key", "-pubout", "-out", "rsa.pub"}));
  CHECK_FALSE(RsaVerifier::from_pem(tool.get("rsa.pub")));
  REQUIRE(tool.run({"genpkey", "-algorithm", "ED25519", "-out", "ed.key"}));
  REQUIRE(tool.run({"pkey", "-in", "ed.key", "-pubout", "-out", "ed.pub"}));
  CHECK_FALSE(RsaVerifier::from_pem(tool.get("ed.pub")));
  CHECK_FALSE(RsaVerifier::from_pem("nonsense"));
}

TEST_CASE("SHA-512 gives the value of FIPS 180-4, in pieces too") {
  Sha512 sum;
  sum.update(bytes_of("a"));
  sum.update(bytes_of("bc"));
  CHECK(to_hex(sum.finish()) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}
