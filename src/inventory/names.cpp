#include <array>

#include "inventory/inventory.h"

namespace muster::inventory {
namespace {

constexpr std::array lifecycle_names{"expected", "active",   "quarantined",
                                     "retired",  "retiring", "revoked-unsanitised"};
static_assert(lifecycle_names.size() == lifecycles);
constexpr std::array risk_names{"low", "moderate", "high", "critical"};

template <class T>
Result<T> parse_name(const auto& names, std::string_view text, const char* field) {
  std::string choice;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text == names[i]) return static_cast<T>(i);
    choice += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
  }
  return fail(Fault::invalid,
              std::string("a ") + field + " is " + choice + ", not \"" +
                  std::string(text.substr(0, 32)) + "\"",
              std::string("/") + field);
}

}  // namespace

bool has_left(Lifecycle v) {
  return v == Lifecycle::retired || v == Lifecycle::revoked_unsanitised;
}
bool is_leaving(Lifecycle v) {
  return has_left(v) || v == Lifecycle::retiring;
}

const char* name_of(Lifecycle v) {
  return lifecycle_names[static_cast<std::size_t>(v)];
}
const char* name_of(Risk v) {
  return risk_names[static_cast<std::size_t>(v)];
}
Result<Lifecycle> parse_lifecycle(std::string_view text) {
  return parse_name<Lifecycle>(lifecycle_names, text, "state");
}
Result<Risk> parse_risk(std::string_view text) {
  return parse_name<Risk>(risk_names, text, "risk");
}

}  // namespace muster::inventory
