#include "wire/mender.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/internal/words.h"

namespace muster::wire {
namespace {

constexpr JsonLimits limits{.bytes = mender_bytes_max, .depth = 8};
constexpr std::size_t name_max = 128, value_max = 1024, pem_max = 4096, id_data_max = 4096;
constexpr std::size_t log_messages_max = 10'000;
constexpr std::string_view deployments = "deployments/device/deployments/";
constexpr std::string_view uuid_head = "6d757374-6572-4000-8000-";  // RFC 9562: version 4
constexpr std::array status_names{"downloading",
                                  "installing",
                                  "rebooting",
                                  "pause_before_installing",
                                  "pause_before_rebooting",
                                  "pause_before_committing",
                                  "success",
                                  "failure",
                                  "already-installed"};

Result<std::string> text_in(const Json& json, const char* key, std::size_t most,
                            std::string_view what) {
  const Json* value = json.find(key);
  const std::string* text = value ? value->text() : nullptr;
  if (text && !text->empty() && text->size() <= most) return *text;
  return fail(Fault::invalid,
              "must be " + std::string(what) + ", at most " + std::to_string(most) + " octets",
              std::string("/") + key);
}

std::optional<MenderPlace> of_deployment(std::string_view rest, bool second) {
  if (rest == "next" && second) return MenderPlace{MenderResource::next, 0};
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto action = action_of(rest.substr(0, slash));
  if (!action) return std::nullopt;
  const auto what = rest.substr(slash + 1);
  if (what == "status" && !second) return MenderPlace{MenderResource::status, *action};
  if (what == "log" && !second) return MenderPlace{MenderResource::log, *action};
  if (what == "update_control_map" && second)
    return MenderPlace{MenderResource::control_map, *action};
  return std::nullopt;
}

// Numbers and truths too: some scripts write them bare.
bool add_value(std::string& out, const Json& value) {
  if (const std::string* text = value.text()) {
    add_words(out, *text, value_max);
    return true;
  }
  if (value.members() || value.items()) return false;
  add_words(out, to_text(value), value_max);
  return true;
}

Result<NamedText> attribute_of(const Json& item, std::size_t place) {
  const Json* name = item.find("name");
  const Json* value = item.find("value");
  const std::string where = json_pointer("", place);
  if (!name || !name->text() || name->text()->empty() || name->text()->size() > name_max)
    return fail(Fault::invalid, "must be a text of 1 to 128 octets", where + "/name");
  NamedText out{.name = *name->text(), .value = {}};
  bool good = value != nullptr;
  if (good && value->items()) {
    for (const Json& each : *value->items()) good = good && add_value(out.value, each);
  } else if (good) {
    good = add_value(out.value, *value);
  }
  if (!good) return fail(Fault::invalid, "must be a text or a list of texts", where + "/value");
  return out;
}

std::string line_of(const Json& message) {
  std::string line;
  for (const char* key : {"timestamp", "level", "message"})
    if (const Json* part = message.find(key); part && part->text() && !part->text()->empty()) {
      if (!line.empty()) line += ' ';
      std::string words;
      add_words(words, *part->text(), value_max);
      line += words;
    }
  return line;
}

Json map_json(std::uint64_t action, const char* word) {
  return Json::object({{"id", uuid_of(action)},
                       {"priority", 1},
                       {"states", Json::object({{"ArtifactCommit_Enter",
                                                 Json::object({{"action", word},
                                                               {"on_map_expire", "fail"},
                                                               {"on_action_executed", word}})}})}});
}

}  // namespace

std::optional<MenderPlace> parse_mender_path(std::string_view path) {
  if (!path.starts_with(mender_prefix)) return std::nullopt;
  path.remove_prefix(mender_prefix.size());
  const bool second = path.starts_with("v2/");
  if (!second && !path.starts_with("v1/")) return std::nullopt;
  path.remove_prefix(3);
  if (path.starts_with(deployments)) return of_deployment(path.substr(deployments.size()), second);
  if (second) return std::nullopt;
  if (path == "authentication/auth_requests") return MenderPlace{MenderResource::auth_requests, 0};
  if (path == "inventory/device/attributes") return MenderPlace{MenderResource::attributes, 0};
  return std::nullopt;
}

std::string uuid_of(std::uint64_t action) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string tail(12, '0');
  for (std::size_t i = 12; i-- > 0; action >>= 4) tail[i] = digits[action & 15];
  return std::string(uuid_head) + tail;
}

std::optional<std::uint64_t> action_of(std::string_view uuid) {
  if (!uuid.starts_with(uuid_head)) return std::nullopt;
  uuid.remove_prefix(uuid_head.size());
  std::uint64_t out = 0;
  const auto end = uuid.data() + uuid.size();
  const auto [at, code] = std::from_chars(uuid.data(), end, out, 16);
  if (uuid.size() != 12 || code != std::errc() || at != end || out >> 47) return std::nullopt;
  return uuid_of(out).ends_with(uuid) ? std::optional(out) : std::nullopt;
}

const char* name_of(MenderStatus status) {
  return status_names[static_cast<std::size_t>(status)];
}

Result<MenderAuth> parse_mender_auth(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  MenderAuth out;
  TRY(out.id_data, text_in(json, "id_data", id_data_max, "a JSON object as text"));
  TRY(out.pubkey, text_in(json, "pubkey", pem_max, "a public key in PEM"));
  TRY(const Json identity, parse_json(out.id_data, {.bytes = id_data_max, .depth = 4}));
  if (!identity.members()) return fail(Fault::invalid, "must be a JSON object", "/id_data");
  return out;
}

Result<std::vector<NamedText>> parse_mender_attributes(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  if (!json.items() || json.items()->size() > attributes_max)
    return fail(Fault::invalid, "must be a list of at most " + std::to_string(attributes_max) +
                                    " attributes, each with a name and a value");
  std::vector<NamedText> out;
  for (std::size_t i = 0; i < json.items()->size(); ++i) {
    TRY(auto each, attribute_of((*json.items())[i], i));
    out.push_back(std::move(each));
  }
  return out;
}

Result<MenderProvides> parse_mender_next(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  const Json* provides = json.find("device_provides");
  if (!provides || !provides->members())
    return fail(Fault::invalid, "must be an object", "/device_provides");
  MenderProvides out;
  const Json* map = json.find("update_control_map");
  out.control_map = map && map->boolean() && *map->boolean();
  TRY(out.device_type, text_in(*provides, "device_type", name_max, "a device type"));
  if (const Json* name = provides->find("artifact_name"); name && name->text())
    add_words(out.artifact_name, *name->text(), name_max);
  return out;
}

Result<MenderReport> parse_mender_report(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  TRY(const auto status, text_in(json, "status", 64, "the name of a status"));
  const auto at = std::ranges::find(status_names, std::string_view(status));
  if (at == status_names.end())
    return fail(Fault::invalid, "is not a status that a deployment can have", "/status");
  MenderReport out{.status = static_cast<MenderStatus>(at - status_names.begin()), .substate = {}};
  for (const char* key : {"substate", "sub_state"})
    if (const Json* more = json.find(key); more && more->text())
      add_words(out.substate, *more->text(), word_max);
  return out;
}

Result<std::string> parse_mender_log(std::string_view text) {
  TRY(const Json json, parse_json(text, {.bytes = mender_log_bytes_max, .depth = 8}));
  const Json* messages = json.find("messages");
  if (!messages || !messages->items() || messages->items()->size() > log_messages_max)
    return fail(Fault::invalid, "must be a list of at most 10000 messages", "/messages");
  const auto& items = *messages->items();
  std::vector<std::string> lines;
  std::size_t octets = 0;
  for (std::size_t i = items.size(); i-- > 0;) {
    std::string line = line_of(items[i]);
    if (octets + line.size() + 1 > log_kept_max) break;
    octets += line.size() + 1;
    lines.push_back(std::move(line));
  }
  std::string out;
  out.reserve(octets);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) out += *line + '\n';
  return out;
}

std::string mender_deployment_text(const MenderDeployment& d) {
  Json out = Json::object(
      {{"id", uuid_of(d.action)},
       {"artifact",
        Json::object({{"artifact_name", d.artifact_name},
                      {"source", Json::object({{"uri", d.uri}, {"expire", rfc3339(d.expire)}})},
                      {"device_types_compatible", Json::array({d.device_type})}})}});
  if (d.control_map) out.set("update_control_map", map_json(d.action, "pause"));
  return to_text(out);
}

std::string mender_control_map_text(std::uint64_t action, Commit commit) {
  constexpr std::array words{"pause", "continue", "fail"};
  return to_text(Json::object(
      {{"update_control_map", map_json(action, words[static_cast<std::size_t>(commit)])}}));
}

}  // namespace muster::wire
