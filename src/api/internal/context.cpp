#include <algorithm>
#include <charconv>

#include "api/internal/route.h"

namespace muster::api {

Result<bool> Context::dry_run() const {
  const auto* value = request.parameter("dry_run");
  if (value && *value != "true" && *value != "false")
    return fail(Fault::invalid, "must be true or false", "?dry_run");
  return value && *value == "true";
}

std::string Context::text(std::string_view parameter) const {
  const auto* value = request.parameter(parameter);
  return value ? *value : std::string();
}

Result<std::int64_t> Context::number(std::string_view parameter, std::int64_t fallback,
                                     std::int64_t min, std::int64_t max) const {
  const auto* value = request.parameter(parameter);
  if (!value) return fallback;
  std::int64_t out = 0;
  auto [end, ec] = std::from_chars(value->data(), value->data() + value->size(), out);
  if (ec != std::errc() || end != value->data() + value->size() || out < min || out > max)
    return fail(Fault::invalid,
                "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max),
                "?" + std::string(parameter));
  return out;
}

Result<DeviceId> Context::device() const {
  return DeviceId::parse(path.at(0), "{id}");
}

Result<std::uint64_t> Context::id() const {
  std::uint64_t out = 0;
  const std::string& text = path.at(0);
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (ec != std::errc() || end != text.data() + text.size())
    return fail(Fault::missing, "there is nothing with the id " + text.substr(0, 64));
  return out;
}

Result<void> Context::if_match(std::uint64_t revision) const {
  const auto* header = request.header("If-Match");
  if (!header)
    return fail(Fault::conflict, "send If-Match with the ETag that you read, or * to overwrite",
                "If-Match");
  if (*header == "*" || *header == '"' + std::to_string(revision) + '"') return {};
  return fail(Fault::conflict,
              "it is at revision \"" + std::to_string(revision) +
                  "\" now; read it again and repeat the change",
              "If-Match");
}

Reply listing(wire::Json::Array items, std::string next, std::optional<std::size_t> total) {
  const std::size_t count = total.value_or(items.size());
  return {.body = wire::Json::object(
              {{"items", wire::Json(std::move(items))},
               {"next", next.empty() ? wire::Json() : wire::Json(to_base64url(bytes_of(next)))},
               {"total", count}})};
}

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (auto part : {device_routes(), retirement_routes(), action_routes(), attestation_routes(),
                    certificate_routes(), ca_routes(), model_routes(), enrolment_routes(),
                    release_routes(), rollout_routes(), proposal_routes(), exposure_routes(),
                    incident_routes(), ledger_routes(), operator_routes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace muster::api
