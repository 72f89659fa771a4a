#include "advisory/version.h"

#include <algorithm>
#include <array>
#include <utility>

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

constexpr std::array names{"generic", "semver",  "npm",      "golang",       "deb",
                           "rpm",     "apk",     "alpm",     "pypi",         "maven",
                           "gem",     "openssl", "datetime", "lexicographic"};

using Compare = Order (*)(std::string_view, std::string_view);
constexpr std::array<Compare, names.size()> orders{
    compare_generic, compare_semver,  compare_semver,   compare_semver, compare_deb,
    compare_rpm,     compare_apk,     compare_alpm,     compare_pypi,   compare_maven,
    compare_gem,     compare_openssl, compare_datetime, compare_texts};

}  // namespace

const char* name_of(Scheme scheme) {
  return names[static_cast<std::size_t>(scheme)];
}

std::optional<Scheme> scheme_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Scheme>, 7> others{{{"cargo", Scheme::semver},
                                                                       {"alpine", Scheme::apk},
                                                                       {"hex", Scheme::semver},
                                                                       {"pub", Scheme::semver},
                                                                       {"nuget", Scheme::semver},
                                                                       {"intdot", Scheme::generic},
                                                                       {"go", Scheme::golang}}};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<Scheme>(i);
  for (const auto& [other, scheme] : others)
    if (name == other) return scheme;
  return std::nullopt;
}

Order compare(Scheme scheme, std::string_view a, std::string_view b) {
  return orders[static_cast<std::size_t>(scheme)](a, b);
}

Order compare_numbers(std::string_view a, std::string_view b) {
  const auto bare = [](std::string_view s) {
    s.remove_prefix(std::min(s.find_first_not_of('0'), s.size()));
    return s;
  };
  a = bare(a);
  b = bare(b);
  if (a.size() != b.size()) return a.size() <=> b.size();
  return compare_texts(a, b);
}

Order compare_texts(std::string_view a, std::string_view b) {
  return a.compare(b) <=> 0;
}

Order compare_caseless(std::string_view a, std::string_view b) {
  return std::lexicographical_compare_three_way(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) -> Order {
        return static_cast<unsigned char>(lower(x)) <=> static_cast<unsigned char>(lower(y));
      });
}

}  // namespace muster::advisory
