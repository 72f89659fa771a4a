// crypto/internal/test_fleet_authority -- for tests, fuzzers and benches only: a root, an issuing
// CA below it, and leaves, at a fixed time. The test's thread.
#pragma once

#include "crypto/certificate.h"

namespace muster::crypto {

inline constexpr Instant test_time = Instant(Duration(1'790'000'000'000));  // 2026-09-21

struct FleetAuthority {
  explicit FleetAuthority(Algorithm algorithm = Algorithm::ecdsa_p256)
      : root_key(expect(FileKey::generate(algorithm))),
        issuing_key(expect(FileKey::generate(algorithm))),
        root(make({.use = Use::root_ca,
                   .common_name = "Fleet Root",
                   .not_before = test_time - 24h,
                   .not_after = test_time + 24h * 7300},
                  root_key.public_key(), nullptr, root_key)),
        issuing(make({.use = Use::issuing_ca,
                      .common_name = "Fleet Issuing CA",
                      .not_before = test_time - 24h,
                      .not_after = test_time + 24h * 1825},
                     issuing_key.public_key(), &root, root_key)) {}

  static Certificate make(const Profile& profile, const PublicKey& key, const Certificate* issuer,
                          const SigningKey& signer) {
    Serial serial{};
    const Hash hash = sha256(key.spki(), bytes_of(profile.common_name));
    std::copy(hash.begin(), hash.begin() + 16, serial.begin());
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x01);
    return expect(parse_certificate(expect(issue(profile, key, serial, issuer, signer))));
  }

  static Profile client(std::string name) {
    return {.use = Use::client,
            .common_name = name,
            .uris = {"urn:muster:device:" + name},
            .not_before = test_time - 1h,
            .not_after = test_time + 24h * 30};
  }
  static Profile server() {
    return {.use = Use::server,
            .common_name = "muster",
            .dns_names = {"localhost", "*.fleet.example"},
            .ip_addresses = {"127.0.0.1", "::1"},
            .not_before = test_time - 1h,
            .not_after = test_time + 24h * 365,
            .registration_authority = true};
  }
  Certificate leaf(const Profile& profile, const PublicKey& key) const {
    return make(profile, key, &issuing, issuing_key);
  }

  FileKey root_key, issuing_key;
  Certificate root, issuing;
};

}  // namespace muster::crypto
