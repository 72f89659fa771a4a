#include "crypto/distribution_point.h"

#include <catch2/catch.hpp>

#include "crypto/internal/test_fleet_authority.h"

using namespace muster;
using namespace muster::crypto;

TEST_CASE("a certificate says where its revocation list is, or that it names none") {
  const FleetAuthority fleet;
  const auto key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  auto profile = FleetAuthority::client("meter-1");
  CHECK(expect(crl_url_of(fleet.leaf(profile, key.public_key()).der)).empty());
  profile.crl_url = "http://pki.example/crl/7.crl";
  CHECK(expect(crl_url_of(fleet.leaf(profile, key.public_key()).der)) == profile.crl_url);
}

TEST_CASE("what is no certificate, or breaks off, is corrupt, and not one without a list") {
  const FleetAuthority fleet;
  const Bytes& der = fleet.issuing.der;
  for (const ByteView wrong : {ByteView(), ByteView(der).first(der.size() - 1),
                               ByteView(der).first(40), bytes_of("no certificate")}) {
    const auto url = crl_url_of(wrong);
    REQUIRE_FALSE(url);
    CHECK(url.error().fault == Fault::corrupt);
  }
}
