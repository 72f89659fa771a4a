// advisory/version -- which of two versions is the newer, by the rules of who published them.
//
// Each ecosystem orders its versions in its own way: what is a pre-release for one is a later build
// for another, and epochs, tildes and letters mean different things. A Scheme names the rules.
// Every two texts of one scheme have an order, also those that the scheme would not allow: a
// version that nobody can read must not stop a fleet from being searched. Pure functions; any
// thread. Where each rule comes from: docs/formats/advisories.md.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace muster::advisory {

enum class Scheme {
  generic,        // digits as numbers, letters as text, left to right
  semver,         // semver 2.0.0; also with fewer or more than three numbers
  npm,            // the same, and ranges of its own
  golang,         // the same with a leading v
  deb,            // Debian policy 5.6.12; dpkg
  rpm,            // epoch:version-release, tilde and caret
  apk,            // Alpine
  alpm,           // Arch
  pypi,           // PEP 440
  maven,          // ComparableVersion
  gem,            // Gem::Version
  openssl,        // 1.0.2 with letters behind it
  datetime,       // RFC 3339
  lexicographic,  // octets
};
const char* name_of(Scheme);                        // the versioning scheme's name in vers
std::optional<Scheme> scheme_of(std::string_view);  // by that name

std::weak_ordering compare(Scheme, std::string_view a, std::string_view b);

}  // namespace muster::advisory
