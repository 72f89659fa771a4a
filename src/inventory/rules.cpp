#include <algorithm>
#include <cmath>

#include "inventory/internal/field.h"
#include "wire/utf8.h"

namespace muster::inventory {
namespace {

constexpr std::size_t metrics_max = 64;
constexpr std::size_t groups_max = 32;
constexpr std::size_t config_octets_max = 16 << 10;
constexpr Duration interval_min = 1s, interval_max = 31 * 24h;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Result<void> check_metric(const Metric& m, std::string pointer) {
  if (!is_name(m.name))
    return fail(Fault::invalid,
                "a metric's name is 1 to 64 characters of A-Z a-z 0-9 . _ : - and starts with a "
                "letter or digit",
                pointer + "/name");
  TRY_VOID(check_text(m.unit, 32, "unit"));
  for (auto bound : {m.min, m.max})
    if (bound && !std::isfinite(*bound))
      return fail(Fault::invalid, "a bound must be a finite number", pointer);
  if (m.min && m.max && *m.min > *m.max)
    return fail(Fault::invalid, "min is above max", pointer + "/min");
  return {};
}

}  // namespace

Result<void> check_text(std::string_view text, std::size_t octets_max, const char* field) {
  if (text.size() > octets_max)
    return fail(
        Fault::invalid,
        std::string(field) + " is longer than " + std::to_string(octets_max) + " characters",
        std::string("/") + field);
  if (!wire::is_utf8(text) || std::ranges::any_of(text, is_control))
    return fail(Fault::invalid, std::string(field) + " must be UTF-8 without control characters",
                std::string("/") + field);
  return {};
}

Result<std::vector<std::string>> check_groups(std::vector<std::string> groups) {
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  if (groups.size() > groups_max)
    return fail(Fault::invalid, "a device is in at most " + std::to_string(groups_max) + " groups",
                "/groups");
  for (const auto& group : groups)
    if (!is_name(group))
      return fail(Fault::invalid,
                  "a group's name is 1 to 64 characters of A-Z a-z 0-9 . _ : - and starts with a "
                  "letter or digit",
                  "/groups");
  return groups;
}

Result<void> check_config(const wire::Json& config, const char* field) {
  if (config.is_null()) return {};
  const std::string pointer = std::string("/") + field;
  if (!config.members())
    return fail(Fault::invalid, std::string(field) + " must be a JSON object", pointer);
  if (const auto size = wire::to_text(config).size(); size > config_octets_max)
    return fail(Fault::invalid,
                std::string(field) + " has " + std::to_string(size) + " octets, more than " +
                    std::to_string(config_octets_max),
                pointer);
  return {};
}

Result<void> check_revision(std::uint64_t now, std::optional<std::uint64_t> wanted) {
  if (!wanted || *wanted == now) return {};
  return fail(Fault::conflict, "it is at revision " + std::to_string(now) + " now, not " +
                                   std::to_string(*wanted) +
                                   "; read it again and repeat the change");
}

Result<void> check_model(const Model& m) {
  if (!is_name(m.id.text())) return fail(Fault::invalid, "a model needs an id", "/id");
  if (m.interval < interval_min || m.interval > interval_max)
    return fail(Fault::invalid, "interval must be between 1s and 31d", "/interval");
  if (m.retire_within && (*m.retire_within < 1s || *m.retire_within > 366 * 24h))
    return fail(Fault::invalid, "is between 1s and 366d", "/retire_within_s");
  if (m.metrics.size() > metrics_max)
    return fail(Fault::invalid, "a model has at most " + std::to_string(metrics_max) + " metrics",
                "/metrics");
  for (std::size_t i = 0; i < m.metrics.size(); ++i) {
    const auto pointer = "/metrics/" + std::to_string(i);
    TRY_VOID(check_metric(m.metrics[i], pointer));
    for (std::size_t j = 0; j < i; ++j)
      if (m.metrics[j].name == m.metrics[i].name)
        return fail(Fault::invalid, "metric \"" + m.metrics[i].name + "\" is there twice",
                    pointer + "/name");
  }
  return {};
}

}  // namespace muster::inventory
