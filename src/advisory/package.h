// advisory/package -- what a component is to an advisory: under which names it may be spoken of, of
// which distribution's release, and in which version.
//
// A distribution's advisories speak of source packages, so a binary package is also looked for by
// the source that its purl names (upstream=). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisory/advisory.h"
#include "base/result.h"

namespace muster::advisory {

struct Package {
  struct Named {
    std::string coordinates, version;
    bool operator==(const Named&) const = default;
  };
  Named own;
  std::vector<Named> sources = {};
  std::string release = {};  // "12", "22.04", "3.18"; empty: not told

  std::vector<Named> names() const;  // all of them
};

// invalid: no purl, or one without a version.
Result<Package> package_of(std::string_view purl);

// "debian" and "bookworm" are release 12; "alpine" and "alpine-3.18.4" are 3.18.
std::string release_of(std::string_view distribution, std::string_view text);

// How an ecosystem's name in OSV ("Debian:12", "PyPI") reads as a purl's type and namespace. Null
// scheme: it has no rules here.
struct Ecosystem {
  std::string type, namespace_, release;
  std::optional<Scheme> scheme;
};
Ecosystem ecosystem_of(std::string_view name);
std::optional<Scheme> scheme_of_type(std::string_view purl_type);

enum class Match { none, uncertain, certain };  // uncertain: the release is not told
Match match(const Affected&, const Package::Named&, std::string_view release);

}  // namespace muster::advisory
