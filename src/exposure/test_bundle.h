// exposure/test_bundle -- a feed's publisher, for tests and benches: bundles with their envelopes.
// Values only.
#pragma once

#include <string>

#include "advisory/bundle.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "wire/update.h"

namespace muster::exposure::testing {

struct Publisher {
  std::string feed = "debian";
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));

  std::string envelope(std::uint64_t sequence, const std::string& documents, Instant at) const {
    const auto content = advisory::to_json({.feed = feed,
                                            .sequence = sequence,
                                            .published = at,
                                            .sha256 = to_hex(crypto::sha256(bytes_of(documents))),
                                            .size = documents.size()});
    const std::string id = to_hex(crypto::sha256(key.public_key().spki()));
    return wire::envelope_text(content,
                               {{id, expect(key.sign(bytes_of(wire::canonical(content))))}});
  }
};

// An OSV record of one package of Debian 12, vulnerable until `fixed`.
inline std::string osv(const std::string& id, const std::string& cve, const std::string& package,
                       const std::string& fixed, const std::string& vector) {
  return R"({"id":")" + id + R"(","modified":"2026-01-02T03:04:05Z","upstream":[")" + cve +
         R"("],"summary":"about )" + package + R"(","severity":[{"type":"CVSS_V3","score":")" +
         vector + R"("}],"affected":[{"package":{"ecosystem":"Debian:12","name":")" + package +
         R"("},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":")" + fixed +
         R"("}]}]}]})" + "\n";
}

inline constexpr const char* grave = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
inline constexpr const char* slight = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N";

// A CycloneDX bill of Debian packages, "name@version" each.
inline std::string bill(const std::vector<std::string>& packages) {
  std::string out = R"({"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[)";
  for (std::size_t i = 0; i < packages.size(); ++i)
    out += (i ? "," : "") + std::string(R"({"type":"library","name":")") + packages[i] +
           R"(","purl":"pkg:deb/debian/)" + packages[i] + R"(?distro=debian-12"})";
  return out + "]}";
}

}  // namespace muster::exposure::testing
