#include "advisory/vers.h"

#include <algorithm>
#include <array>

#include "advisory/internal/constraints.h"
#include "advisory/internal/orders.h"
#include "advisory/internal/percent.h"

namespace muster::advisory {
namespace {

constexpr std::array<std::string_view, 6> marks{"=", "!=", "<", "<=", ">", ">="};

std::unexpected<Error> refuse(std::string why) {
  return fail(Fault::invalid, "not a version range: " + std::move(why));
}

bool is_upper_bound(Comparator c) {
  return c == Comparator::less || c == Comparator::at_most;
}

bool holds(Comparator c, Order order) {
  switch (c) {
    case Comparator::equal:
      return order == 0;
    case Comparator::not_equal:
      return order != 0;
    case Comparator::less:
      return order < 0;
    case Comparator::at_most:
      return order <= 0;
    case Comparator::greater:
      return order > 0;
    case Comparator::at_least:
      return order >= 0;
  }
  return false;
}

// A date's colons are written as they are, T and Z in upper case.
Result<void> check_datetime(std::string_view written, std::string_view version) {
  if (written.find("%3A") != std::string_view::npos)
    return refuse("the colons of a time are not percent-encoded");
  if (version.find_first_of("tz") != std::string_view::npos)
    return refuse("a date and time has T and Z in upper case");
  return {};
}

Result<Constraint> constraint_of(std::string_view text, Scheme scheme, bool canonical) {
  Constraint out;
  for (const std::size_t i : {1, 3, 5, 2, 4, 0}) {  // the longer marks first
    if (!text.starts_with(marks[i])) continue;
    if (i == 0 && canonical) return refuse("a version that is equal has no mark in front");
    out.comparator = static_cast<Comparator>(i);
    text.remove_prefix(marks[i].size());
    break;
  }
  if (text.empty()) return refuse("a constraint without a version");
  auto version = percent_decoded(text);
  if (!version) return refuse("percent-encoding in a version: " + version.error().message);
  out.version = std::move(*version);
  if (!canonical) return out;
  if (scheme == Scheme::datetime) TRY_VOID(check_datetime(text, out.version));
  if (percent_encoded(out.version, "+!") != text && percent_encoded(out.version, "") != text)
    return refuse("the percent-encoding of a version is not canonical");
  return out;
}

Result<void> check_order(const Range& range) {
  for (std::size_t i = 1; i < range.constraints.size(); ++i) {
    const auto order =
        compare(range.scheme, range.constraints[i - 1].version, range.constraints[i].version);
    if (order > 0) return refuse("its constraints are not sorted by version");
    if (order == 0) return refuse("a version is there twice");
  }
  return {};
}

Result<Range> read(std::string_view text, bool canonical) {
  if (text.size() > vers_max)
    return refuse("it has more than " + std::to_string(vers_max) + " bytes");
  if (!text.starts_with("vers:")) return refuse("it does not begin with vers:");
  if (text.find_first_of(" \t\r\n\v\f") != std::string_view::npos)
    return refuse("white space is not permitted");
  text.remove_prefix(5);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return refuse("a slash must follow its versioning scheme");
  Range out{.scheme_name = std::string(text.substr(0, slash))};
  const auto scheme = scheme_of(out.scheme_name);
  if (!scheme) return refuse("its versioning scheme is not one of those known here");
  out.scheme = *scheme;
  text.remove_prefix(slash + 1);
  if (text == "*") {
    out.all = true;
    return out;
  }
  if (text.empty()) return refuse("it has no constraint");
  while (true) {
    const auto pipe = text.find('|');
    const auto part = text.substr(0, pipe);
    if (part.empty()) return refuse("a pipe stands between two constraints, and nowhere else");
    if (out.constraints.size() == constraints_max)
      return refuse("it has more than " + std::to_string(constraints_max) + " constraints");
    TRY(auto constraint, constraint_of(part, out.scheme, canonical));
    out.constraints.push_back(std::move(constraint));
    if (pipe == std::string_view::npos) break;
    text.remove_prefix(pipe + 1);
  }
  if (canonical)
    TRY_VOID(check_order(out));
  else
    sort_by_version(out);
  return out;
}

}  // namespace

// An insertion sort keeps its bounds whatever the order says; ranges are short.
void sort_by_version(Range& range) {
  std::vector<Constraint> sorted;
  for (Constraint& each : range.constraints) {
    auto at = sorted.end();
    while (at != sorted.begin() && compare(range.scheme, each.version, std::prev(at)->version) < 0)
      --at;
    sorted.insert(at, std::move(each));
  }
  range.constraints = std::move(sorted);
}

bool Range::contains(std::string_view version) const {
  if (all) return true;
  std::vector<const Constraint*> bounds;
  bool excluded_only = true;
  for (const Constraint& each : constraints) {
    const Comparator c = each.comparator;
    if (c != Comparator::not_equal) excluded_only = false;
    if (c != Comparator::equal && c != Comparator::not_equal) {
      bounds.push_back(&each);
      continue;
    }
    if (compare(scheme, version, each.version) == 0) return c == Comparator::equal;
  }
  if (bounds.empty()) return excluded_only;
  const auto inside = [&](const Constraint& bound) {
    return holds(bound.comparator, compare(scheme, version, bound.version));
  };
  if (is_upper_bound(bounds.front()->comparator) && inside(*bounds.front())) return true;
  if (!is_upper_bound(bounds.back()->comparator) && inside(*bounds.back())) return true;
  for (std::size_t i = 1; i < bounds.size(); ++i)
    if (!is_upper_bound(bounds[i - 1]->comparator) && is_upper_bound(bounds[i]->comparator) &&
        inside(*bounds[i - 1]) && inside(*bounds[i]))
      return true;
  return false;
}

Result<Range> parse_vers(std::string_view text) {
  return read(text, true);
}

Result<Range> read_vers(std::string_view text) {
  return read(text, false);
}

std::string to_text(const Range& range) {
  std::string out = "vers:" + range.scheme_name + '/';
  if (range.all) return out + '*';
  bool first = true;
  for (const auto& [comparator, version] : range.constraints) {
    if (!first) out += '|';
    first = false;
    if (comparator != Comparator::equal) out += marks[static_cast<std::size_t>(comparator)];
    out += percent_encoded(version, "");
  }
  return out;
}

}  // namespace muster::advisory
