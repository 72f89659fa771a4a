// advisory/purl -- package URLs (ECMA-427): which package, of which ecosystem, in which version.
//
//   pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12
//
// Reading brings a purl to the form that its type prescribes, so that two texts for one package
// read as equal values. Writing is canonical. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace muster::advisory {

constexpr std::size_t purl_max = 2048;  // bytes of text

struct Purl {
  std::string type;  // lower case
  std::string namespace_ = {}, name, version = {};
  std::vector<std::pair<std::string, std::string>> qualifiers = {};  // by key, each once
  std::string subpath = {};
  bool operator==(const Purl&) const = default;

  const std::string* qualifier(std::string_view key) const;  // null when it is not there
  std::string coordinates() const;  // "deb/debian/openssl": the package without its version
};

// Upper case in a qualifier's key is lowered, as it is in a type; all else that is wrong is
// refused.
Result<Purl> parse_purl(std::string_view);
// What was put together by hand, held to the same rules and brought to the same form.
Result<Purl> normalised(Purl);
std::string to_text(const Purl&);

}  // namespace muster::advisory
