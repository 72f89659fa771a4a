#include "crypto/crl.h"

#include "crypto/internal/test_fleet_authority.h"
#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {}  // namespace

TEST_CASE("openssl verifies our revocation list and reads in it what we put there") {
  OpensslTool tool;
  for (Algorithm algorithm : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    const FleetAuthority fleet(algorithm);
    const Revoked revoked[] = {
        {.serial = {0x80, 0x01}, .at = test_time - 1h, .reason = RevocationReason::key_compromise},
        {.serial = {0x7f}, .at = test_time - 2h}};
    tool.put("crl.der", expect(make_crl(revoked, 258, test_time, test_time + 24h, fleet.issuing,
                                        fleet.issuing_key)));
    tool.put("ca.pem", certificate_pem(fleet.issuing.der));
    CHECK(tool.run({"crl", "-inform", "DER", "-in", "crl.der", "-CAfile", "ca.pem", "-verify",
                    "-text", "-noout"}));
    INFO(tool.output());
    CHECK(mentions(tool.output(), "verify OK"));
    CHECK(mentions(tool.output(), "Version 2"));
    CHECK(mentions(tool.output(), "Serial Number: 8001"));
    CHECK(mentions(tool.output(), "Key Compromise"));
    CHECK(mentions(tool.output(), "258"));
    CHECK(mentions(tool.output(), "Authority Key Identifier"));
  }
}

TEST_CASE("openssl refuses a leaf that our list names, and accepts one that it does not") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto good = fleet.leaf(FleetAuthority::client("good"), key.public_key());
  const auto bad = fleet.leaf(FleetAuthority::client("bad"), key.public_key());
  const Revoked revoked[] = {{.serial = bad.serial, .at = test_time - 1h}};
  const Bytes crl =
      expect(make_crl(revoked, 1, test_time, test_time + 24h, fleet.issuing, fleet.issuing_key));
  tool.put("crl.der", crl);
  REQUIRE(tool.run({"crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem"}));
  tool.put("root.pem", certificate_pem(fleet.root.der));
  tool.put("issuing.pem", certificate_pem(fleet.issuing.der));
  tool.put("good.pem", certificate_pem(good.der));
  tool.put("bad.pem", certificate_pem(bad.der));
  auto accepts = [&](const std::string& leaf) {
    return tool.run({"verify", "-x509_strict", "-crl_check", "-attime",
                     std::to_string(millis(test_time) / 1000 + 60), "-CAfile", "root.pem",
                     "-untrusted", "issuing.pem", "-CRLfile", "crl.pem", leaf});
  };
  CHECK(accepts("good.pem"));
  CHECK_FALSE(accepts("bad.pem"));
  CHECK(mentions(tool.output(), "revoked"));
}

TEST_CASE("an empty list is a list") {
  OpensslTool tool;
  const FleetAuthority fleet;
  tool.put("crl.der",
           expect(make_crl({}, 0, test_time, test_time + 1h, fleet.issuing, fleet.issuing_key)));
  tool.put("ca.pem", certificate_pem(fleet.issuing.der));
  CHECK(tool.run(
      {"crl", "-inform", "DER", "-in", "crl.der", "-CAfile", "ca.pem", "-text", "-noout"}));
  CHECK(mentions(tool.output(), "No Revoked Certificates"));
}

TEST_CASE("a list without a future, by the wrong key, by no CA, or with a bad serial is refused") {
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto leaf = fleet.leaf(FleetAuthority::client("x"), key.public_key());
  CHECK_FALSE(make_crl({}, 1, test_time, test_time, fleet.issuing, fleet.issuing_key));
  CHECK_FALSE(make_crl({}, 1, test_time, test_time + 1h, fleet.issuing, fleet.root_key));
  CHECK_FALSE(make_crl({}, 1, test_time, test_time + 1h, leaf, key));
  const Revoked nothing[] = {{.serial = {}, .at = test_time}};
  CHECK_FALSE(make_crl(nothing, 1, test_time, test_time + 1h, fleet.issuing, fleet.issuing_key));
  const Revoked long_one[] = {{.serial = Bytes(21, 1), .at = test_time}};
  CHECK_FALSE(make_crl(long_one, 1, test_time, test_time + 1h, fleet.issuing, fleet.issuing_key));
}

TEST_CASE("what is written into a list is read out of it, shard and all") {
  const FleetAuthority fleet;
  const std::vector<Revoked> revoked = {
      {.serial = {0x80, 0x01}, .at = test_time - 1h, .reason = RevocationReason::key_compromise},
      {.serial = {0x7f}, .at = test_time - 2h},
      {.serial = Bytes(20, 0x11), .at = instant(0), .reason = RevocationReason::superseded}};
  const CrlScope scopes[] = {{},
                             {"http://muster.example/crl/7", true},
                             {"http://muster.example/crl/8", false},
                             {"", true}};
  for (const CrlScope& scope : scopes) {
    const Bytes der = expect(
        make_crl(revoked, 7, test_time, test_time + 24h, fleet.issuing, fleet.issuing_key, scope));
    const Crl crl = expect(parse_crl(der, fleet.issuing));
    CHECK(crl.revoked == revoked);
    CHECK(crl.terms.number == 7);
    CHECK(crl.terms.scope == scope);
    CHECK(crl.terms.this_update == test_time);
    CHECK(crl.terms.next_update == test_time + 24h);
  }
  CHECK(expect(parse_crl(expect(make_crl({}, 1, test_time, test_time + 1h, fleet.issuing,
                                         fleet.issuing_key)),
                         fleet.issuing))
            .revoked.empty());
}

TEST_CASE("a list of another issuer, cut short or changed by a bit is refused") {
  const FleetAuthority fleet, stranger;
  const Revoked revoked[] = {{.serial = {0x7f}, .at = test_time - 2h}};
  const Bytes der =
      expect(make_crl(revoked, 1, test_time, test_time + 1h, fleet.issuing, fleet.issuing_key));
  CHECK_FALSE(parse_crl(der, stranger.issuing));
  CHECK_FALSE(parse_crl(der, fleet.root));
  for (std::size_t size = 0; size < der.size(); ++size)
    REQUIRE_FALSE(parse_crl(ByteView(der).first(size), fleet.issuing));
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= 0x01;
    REQUIRE_FALSE(parse_crl(changed, fleet.issuing));
  }
}

TEST_CASE("openssl goes by a shard for the leaves that name it, and by no other") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  Profile profile = FleetAuthority::client("good");
  profile.crl_url = "http://muster.example/crl/7";
  const auto good = fleet.leaf(profile, key.public_key());
  profile.common_name = "bad";
  const auto bad = fleet.leaf(profile, key.public_key());
  const Revoked revoked[] = {{.serial = bad.serial, .at = test_time - 1h}};
  tool.put("root.pem", certificate_pem(fleet.root.der));
  tool.put("issuing.pem", certificate_pem(fleet.issuing.der));
  tool.put("good.pem", certificate_pem(good.der));
  tool.put("bad.pem", certificate_pem(bad.der));
  const auto publish = [&](const std::string& uri) {
    tool.put("crl.der", expect(make_crl(revoked, 1, test_time, test_time + 24h, fleet.issuing,
                                        fleet.issuing_key, {uri, true})));
    REQUIRE(tool.run({"crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem", "-text"}));
  };
  const auto accepts = [&](const std::string& leaf) {
    return tool.run({"verify", "-x509_strict", "-crl_check", "-attime",
                     std::to_string(millis(test_time) / 1000 + 60), "-CAfile", "root.pem",
                     "-untrusted", "issuing.pem", "-CRLfile", "crl.pem", leaf});
  };
  publish("http://muster.example/crl/7");
  CHECK(mentions(tool.get("crl.pem"), "Issuing Distribution Point: critical"));
  CHECK(mentions(tool.get("crl.pem"), "Only User Certificates"));
  CHECK(accepts("good.pem"));
  CHECK_FALSE(accepts("bad.pem"));
  CHECK(mentions(tool.output(), "revoked"));
  publish("http://muster.example/crl/8");
  CHECK_FALSE(accepts("good.pem"));
  CHECK(mentions(tool.output(), "CRL"));
}
