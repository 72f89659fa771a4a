// wire/ddi -- hawkBit's Direct Device Integration API v1, as update clients such as SWUpdate speak
// it: where a path leads, what a client says, and the documents it is given
// (docs/formats/ddi.md).
//
// What a client says is read leniently where the API asks for it (unknown members are passed over)
// and bounded everywhere. Texts of clients that go into documents are escaped as JSON does. Pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/json.h"

namespace muster::wire {

inline constexpr std::size_t ddi_bytes_max = 64 * 1024;  // of one message, as text
inline constexpr std::size_t attributes_max = 256;       // of one message
inline constexpr std::size_t word_max = 512;             // octets kept of what a client says

enum class DdiResource : std::uint8_t {
  poll,
  config_data,
  deployment,
  deployment_feedback,
  cancel,
  cancel_feedback,
  confirmation,           // whether the client is asked
  confirmation_action,    // of one action
  confirmation_feedback,  // of one action
  activate_auto_confirm,
  deactivate_auto_confirm,
  installed,
  artifacts,
  artifact,
  artifact_md5,
};

struct DdiPlace {    // /{tenant}/controller/v1/{controllerId}/...
  std::string base;  // the path up to the controller's id, without a slash at its end
  std::string controller;
  DdiResource resource = DdiResource::poll;
  std::uint64_t number = 0;  // of the action, or of the software module
  std::string file;
  bool operator==(const DdiPlace&) const = default;
};
bool is_ddi_path(std::string_view path);  // whether it is below a controller/v1
std::optional<DdiPlace> parse_ddi_path(std::string_view path);  // none: there is nothing there

// The method that a resource takes: GET, PUT or POST.
const char* method_of(DdiResource);

// --- what a client says ---

enum class DdiExecution : std::uint8_t {
  closed,
  proceeding,
  canceled,
  scheduled,
  rejected,
  resumed,
  download,
  downloaded,
};
enum class DdiFinished : std::uint8_t { success, failure, none };

struct DdiFeedback {
  DdiExecution execution = DdiExecution::proceeding;
  DdiFinished finished = DdiFinished::none;
  std::string words;  // progress and details on one line, at most word_max octets
  bool operator==(const DdiFeedback&) const = default;
};
Result<DdiFeedback> parse_ddi_feedback(std::string_view);

enum class Merging : std::uint8_t { merge, replace, remove };
struct NamedText {
  std::string name, value;
  bool operator==(const NamedText&) const = default;
};
struct DdiConfig {
  Merging mode = Merging::merge;
  std::vector<NamedText> attributes;
};
Result<DdiConfig> parse_ddi_config(std::string_view);

struct DdiConsent {
  bool confirmed = false;  // or denied
  std::string words;
};
Result<DdiConsent> parse_ddi_consent(std::string_view);

// --- what it is given; base: "https://host:port/{tenant}/controller/v1/{controllerId}" ---

struct DdiPoll {
  Duration sleep = 5min;  // told as HH:mm:ss, from 1 s to a day less one second
  std::optional<std::uint64_t> deployment = {}, cancel = {}, confirmation = {}, installed = {};
  bool config_data = false;  // attributes are wanted
};
std::string ddi_poll_text(std::string_view base, const DdiPoll&);

struct DdiDeployment {
  std::uint64_t action = 0, module = 0;
  std::string name, version, file, sha1, md5, sha256;
  std::uint64_t size = 0;
  std::optional<std::vector<std::string>> history = {};  // what was said so far, when asked for
  bool consent = false;                                  // as confirmationBase shows it
};
std::string ddi_deployment_text(std::string_view base, const DdiDeployment&);
std::string ddi_artifacts_text(std::string_view base, const DdiDeployment&);
std::string ddi_cancel_text(std::uint64_t action);
std::string ddi_confirmation_text(std::string_view base, bool automatic,
                                  std::optional<std::uint64_t> waiting);

}  // namespace muster::wire
