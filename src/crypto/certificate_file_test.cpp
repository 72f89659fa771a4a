#include "crypto/certificate_file.h"

#include <catch2/catch.hpp>

#include "base/file.h"
#include "base/test_folder.h"
#include "crypto/internal/test_fleet_authority.h"

using namespace muster;
using namespace muster::crypto;

TEST_CASE("of a file with a chain the first certificate is read; another file is named as wrong") {
  const FleetAuthority fleet;
  const TestFolder folder;
  const auto path = folder.path / "issuing.pem";
  expect(write_file(path, certificate_pem(fleet.issuing.der) + certificate_pem(fleet.root.der)));
  CHECK(expect(read_certificate(path)).fingerprint == fleet.issuing.fingerprint);

  expect(write_file(path, "-----BEGIN CERTIFICATE-----\n"));
  for (const auto& wrong : {path, folder.path / "none.pem"}) {
    const auto found = read_certificate(wrong);
    REQUIRE_FALSE(found);
    CHECK(found.error().message.find(wrong.string()) != std::string::npos);
  }
}
