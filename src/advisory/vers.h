// advisory/vers -- version ranges: "vers:npm/>=1.0.0|<2.0.0", and what npm writes instead.
//
// A range is a scheme and constraints in order of version. Only the canonical spelling is taken by
// parse_vers(); read_vers() also sorts what others wrote. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisory/version.h"
#include "base/result.h"

namespace muster::advisory {

constexpr std::size_t vers_max = 64 * 1024;     // bytes of text
constexpr std::size_t constraints_max = 1'024;  // in one range

enum class Comparator { equal, not_equal, less, at_most, greater, at_least };

struct Constraint {
  Comparator comparator = Comparator::equal;
  std::string version;
  bool operator==(const Constraint&) const = default;
};

struct Range {
  std::string scheme_name;  // as it was written: "alpine" and "apk" are one scheme
  Scheme scheme = Scheme::generic;
  bool all = false;  // "*"
  std::vector<Constraint> constraints = {};
  bool operator==(const Range&) const = default;

  bool contains(std::string_view version) const;
};

// "vers:" may be left out by neither. invalid: an unknown scheme, and what is not canonical.
Result<Range> parse_vers(std::string_view);
Result<Range> read_vers(std::string_view);
std::string to_text(const Range&);

// npm's own notation, with the meaning that the vers specification's tests give it: "^1.2.9",
// "~1.6.5 || >=1.7.2", "1.2.x", "5.0.0 - 7.2.3".
Result<Range> read_npm_range(std::string_view);

}  // namespace muster::advisory
