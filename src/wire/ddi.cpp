#include "wire/ddi.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/id.h"
#include "wire/internal/words.h"

namespace muster::wire {
namespace {

constexpr std::size_t path_max = 512, segments_max = 9, file_max = 160;
constexpr std::size_t details_max = 64, attribute_name_max = 128, attribute_value_max = 1024;
constexpr JsonLimits limits{.bytes = ddi_bytes_max, .depth = 8};

constexpr std::array executions{"closed",   "proceeding", "canceled", "scheduled",
                                "rejected", "resumed",    "download", "downloaded"};
constexpr std::array outcomes{"success", "failure", "none"};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.size() > path_max || !path.starts_with('/')) return {};
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (out.back().empty() || out.size() > segments_max) return {};
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool is_number(std::string_view text, std::uint64_t& out) {
  const auto end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, out);
  return code == std::errc() && at == end && text.size() <= 15;
}

using Rest = std::span<const std::string_view>;

// What follows the controller's id: NAME, NAME/{action} or NAME/{action}/feedback.
bool of_action(Rest rest, std::string_view name, DdiResource plain, DdiResource feedback,
               DdiPlace& place) {
  if (rest.empty() || rest[0] != name || rest.size() < 2 || rest.size() > 3) return false;
  if (!is_number(rest[1], place.number)) return false;
  if (rest.size() == 3 && rest[2] != "feedback") return false;
  place.resource = rest.size() == 3 ? feedback : plain;
  return true;
}

bool of_module(Rest rest, DdiPlace& place) {
  if (rest.size() < 3 || rest.size() > 4 || rest[0] != "softwaremodules" || rest[2] != "artifacts")
    return false;
  if (!is_number(rest[1], place.number)) return false;
  place.resource = DdiResource::artifacts;
  if (rest.size() == 3) return true;
  std::string_view file = rest[3];
  place.resource = DdiResource::artifact;
  if (file.ends_with(".MD5SUM")) {
    file.remove_suffix(7);
    place.resource = DdiResource::artifact_md5;
  }
  place.file = std::string(file);
  return !file.empty() && file.size() <= file_max;
}

bool of_rest(Rest rest, DdiPlace& place) {
  using enum DdiResource;
  if (rest.empty()) return true;
  if (rest.size() == 1 && rest[0] == "configData") return place.resource = config_data, true;
  if (rest.size() == 1 && rest[0] == "confirmationBase") return place.resource = confirmation, true;
  if (rest.size() == 2 && rest[0] == "confirmationBase" && rest[1] == "activateAutoConfirm")
    return place.resource = activate_auto_confirm, true;
  if (rest.size() == 2 && rest[0] == "confirmationBase" && rest[1] == "deactivateAutoConfirm")
    return place.resource = deactivate_auto_confirm, true;
  if (rest.size() == 2 && rest[0] == "installedBase" && is_number(rest[1], place.number))
    return place.resource = installed, true;
  return of_action(rest, "deploymentBase", deployment, deployment_feedback, place) ||
         of_action(rest, "cancelAction", cancel, cancel_feedback, place) ||
         of_action(rest, "confirmationBase", confirmation_action, confirmation_feedback, place) ||
         of_module(rest, place);
}

Json href(std::string link) {
  return Json::object({{"href", std::move(link)}});
}

std::string link_to(std::string_view base, const char* what, std::uint64_t number) {
  return std::string(base) + '/' + what + '/' + std::to_string(number);
}

std::string clock_text(Duration sleep) {
  using std::chrono::seconds;
  const auto s = std::clamp<std::int64_t>(std::chrono::ceil<seconds>(sleep).count(), 1, 86'399);
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(s / 3600) + ':' + two(s / 60 % 60) + ':' + two(s % 60);
}

template <class Names>
int place_in(const Names& names, const Json* value) {
  const std::string* text = value ? value->text() : nullptr;
  if (!text) return -1;
  const auto at = std::ranges::find(names, std::string_view(*text));
  return at == names.end() ? -1 : static_cast<int>(at - names.begin());
}

Result<const Json*> status_of(const Json& json) {
  const Json* status = json.find("status");
  if (status && status->members()) return status;
  return fail(Fault::invalid, "must be an object with the member execution", "/status");
}

void add_progress(std::string& words, const Json* progress) {
  const Json* count = progress ? progress->find("cnt") : nullptr;
  const Json* of = progress ? progress->find("of") : nullptr;
  if (!count || !count->integer() || !of || !of->integer() || *of->integer() == 0) return;
  add_words(words, std::to_string(*count->integer()) + "/" + std::to_string(*of->integer()),
            word_max);
}

void add_details(std::string& words, const Json* details) {
  if (!details || !details->items()) return;
  const auto& items = *details->items();
  for (std::size_t i = 0; i < std::min(items.size(), details_max); ++i)
    if (const std::string* text = items[i].text()) add_words(words, *text, word_max);
}

Json artifact_json(std::string_view base, const DdiDeployment& d) {
  const std::string file = link_to(base, "softwaremodules", d.module) + "/artifacts/" + d.file;
  return Json::object(
      {{"filename", d.file},
       {"hashes", Json::object({{"sha1", d.sha1}, {"md5", d.md5}, {"sha256", d.sha256}})},
       {"size", d.size},
       {"_links", Json::object({{"download", href(file)}, {"md5sum", href(file + ".MD5SUM")}})}});
}

}  // namespace

bool is_ddi_path(std::string_view path) {
  const auto segments = segments_of(path);
  return segments.size() >= 4 && segments[1] == "controller" && segments[2] == "v1";
}

std::optional<DdiPlace> parse_ddi_path(std::string_view path) {
  const auto segments = segments_of(path);
  if (segments.size() < 4 || segments[1] != "controller" || segments[2] != "v1")
    return std::nullopt;
  if (!is_name(segments[0]) || !is_name(segments[3])) return std::nullopt;
  DdiPlace place;
  place.controller = std::string(segments[3]);
  place.base = '/' + std::string(segments[0]) + "/controller/v1/" + place.controller;
  if (!of_rest(Rest(segments).subspan(4), place)) return std::nullopt;
  return place;
}

const char* method_of(DdiResource resource) {
  using enum DdiResource;
  switch (resource) {
    case config_data:
      return "PUT";
    case deployment_feedback:
    case cancel_feedback:
    case confirmation_feedback:
    case activate_auto_confirm:
    case deactivate_auto_confirm:
      return "POST";
    default:
      return "GET";
  }
}

Result<DdiFeedback> parse_ddi_feedback(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  TRY(const Json* status, status_of(json));
  const int execution = place_in(executions, status->find("execution"));
  if (execution < 0)
    return fail(Fault::invalid,
                "must be closed, proceeding, canceled, scheduled, rejected, resumed, download or "
                "downloaded",
                "/status/execution");
  DdiFeedback out{.execution = static_cast<DdiExecution>(execution), .finished = {}, .words = {}};
  const Json* result = status->find("result");
  const Json* finished = result ? result->find("finished") : nullptr;
  const int outcome = finished ? place_in(outcomes, finished) : 2;
  if (outcome < 0)
    return fail(Fault::invalid, "must be success, failure or none", "/status/result/finished");
  out.finished = static_cast<DdiFinished>(outcome);
  add_progress(out.words, result ? result->find("progress") : nullptr);
  add_details(out.words, status->find("details"));
  return out;
}

Result<DdiConfig> parse_ddi_config(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  DdiConfig out;
  if (const Json* mode = json.find("mode")) {
    const int at = place_in(std::array{"merge", "replace", "remove"}, mode);
    if (at < 0) return fail(Fault::invalid, "must be merge, replace or remove", "/mode");
    out.mode = static_cast<Merging>(at);
  }
  const Json* data = json.find("data");
  if (!data || !data->members()) return fail(Fault::invalid, "must be an object of texts", "/data");
  if (data->members()->size() > attributes_max)
    return fail(Fault::invalid, "has at most " + std::to_string(attributes_max) + " members",
                "/data");
  for (const auto& [name, value] : *data->members()) {
    const std::string* told = value.text();
    if (name.empty() || name.size() > attribute_name_max || !told ||
        told->size() > attribute_value_max)
      return fail(Fault::invalid, "must be a text of at most 1024 octets under a name of 1 to 128",
                  json_pointer("/data", name.substr(0, attribute_name_max)));
    out.attributes.push_back({name, *told});
  }
  return out;
}

Result<DdiConsent> parse_ddi_consent(std::string_view text) {
  TRY(const Json json, parse_json(text, limits));
  const int said = place_in(std::array{"confirmed", "denied"}, json.find("confirmation"));
  if (said < 0) return fail(Fault::invalid, "must be confirmed or denied", "/confirmation");
  DdiConsent out{.confirmed = said == 0, .words = {}};
  add_details(out.words, json.find("details"));
  return out;
}

std::string ddi_poll_text(std::string_view base, const DdiPoll& poll) {
  Json links = Json::object();
  if (poll.deployment)
    links.set("deploymentBase", href(link_to(base, "deploymentBase", *poll.deployment)));
  if (poll.cancel) links.set("cancelAction", href(link_to(base, "cancelAction", *poll.cancel)));
  links.set("confirmationBase",
            href(poll.confirmation ? link_to(base, "confirmationBase", *poll.confirmation)
                                   : std::string(base) + "/confirmationBase"));
  if (poll.installed)
    links.set("installedBase", href(link_to(base, "installedBase", *poll.installed)));
  if (poll.config_data) links.set("configData", href(std::string(base) + "/configData"));
  return to_text(Json::object(
      {{"config", Json::object({{"polling", Json::object({{"sleep", clock_text(poll.sleep)}})}})},
       {"_links", std::move(links)}}));
}

std::string ddi_deployment_text(std::string_view base, const DdiDeployment& d) {
  Json chunk = Json::object({{"part", "os"},
                             {"version", d.version},
                             {"name", d.name},
                             {"artifacts", Json::array({artifact_json(base, d)})}});
  Json out = Json::object({{"id", std::to_string(d.action)},
                           {d.consent ? "confirmation" : "deployment",
                            Json::object({{"download", "forced"},
                                          {"update", "forced"},
                                          {"chunks", Json::array({std::move(chunk)})}})}});
  if (d.history) {
    Json messages = Json::array();
    for (const auto& each : *d.history) messages.push(each);
    out.set("actionHistory",
            Json::object({{"status", "RUNNING"}, {"messages", std::move(messages)}}));
  }
  return to_text(out);
}

std::string ddi_artifacts_text(std::string_view base, const DdiDeployment& d) {
  return to_text(Json::array({artifact_json(base, d)}));
}

std::string ddi_cancel_text(std::uint64_t action) {
  const std::string id = std::to_string(action);
  return to_text(Json::object({{"id", id}, {"cancelAction", Json::object({{"stopId", id}})}}));
}

std::string ddi_confirmation_text(std::string_view base, bool automatic,
                                  std::optional<std::uint64_t> waiting) {
  const std::string here = std::string(base) + "/confirmationBase";
  Json links = Json::object();
  if (automatic)
    links.set("deactivateAutoConfirm", href(here + "/deactivateAutoConfirm"));
  else
    links.set("activateAutoConfirm", href(here + "/activateAutoConfirm"));
  if (waiting) links.set("confirmationBase", href(here + '/' + std::to_string(*waiting)));
  return to_text(Json::object(
      {{"autoConfirm", Json::object({{"active", automatic}})}, {"_links", std::move(links)}}));
}

}  // namespace muster::wire
