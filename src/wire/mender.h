// wire/mender -- Mender's device API, as mender-client 3.x speaks it: where a path leads, what a
// client says, and the documents it is given (docs/formats/mender.md).
//
// What a client says is read leniently (unknown members are passed over) and bounded everywhere. A
// deployment is named by a UUID, which clients insist on; ours holds the action's number, so that
// nothing has to be kept to find it again. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "wire/ddi.h"

namespace muster::wire {

inline constexpr std::size_t mender_bytes_max = 64 * 1024;       // of one message, as text
inline constexpr std::size_t mender_log_bytes_max = 256 * 1024;  // of a log, as text
inline constexpr std::size_t log_kept_max = 16 * 1024;           // of a log, its end

enum class MenderResource : std::uint8_t {
  auth_requests,
  attributes,
  next,
  status,
  log,
  control_map,
};

struct MenderPlace {  // /api/devices/v1/... and v2
  MenderResource resource = MenderResource::next;
  std::uint64_t number = 0;  // of the action
  bool operator==(const MenderPlace&) const = default;
};
inline constexpr std::string_view mender_prefix = "/api/devices/";
std::optional<MenderPlace> parse_mender_path(std::string_view path);

std::string uuid_of(std::uint64_t action);  // of 47 bits
std::optional<std::uint64_t> action_of(std::string_view uuid);

// --- what a client says ---

struct MenderAuth {
  std::string id_data, pubkey;  // JSON as text, and a public key in PEM
};
Result<MenderAuth> parse_mender_auth(std::string_view);

// A list becomes one text, its items behind ", ".
Result<std::vector<NamedText>> parse_mender_attributes(std::string_view);

struct MenderProvides {
  std::string artifact_name, device_type;
  bool control_map = false;  // the client obeys one
};
Result<MenderProvides> parse_mender_next(std::string_view);

enum class MenderStatus : std::uint8_t {
  downloading,
  installing,
  rebooting,
  pause_before_installing,
  pause_before_rebooting,
  pause_before_committing,
  success,
  failure,
  already_installed,
};
const char* name_of(MenderStatus);
struct MenderReport {
  MenderStatus status = MenderStatus::downloading;
  std::string substate;  // at most word_max octets
};
Result<MenderReport> parse_mender_report(std::string_view);

// Lines "time level message"; of a long log the end, at most log_kept_max octets.
Result<std::string> parse_mender_log(std::string_view);

// --- what it is given ---

// Before it commits, a client waits for this word, and for a controller that it can reach.
enum class Commit : std::uint8_t { pause, go_on, fail };

struct MenderDeployment {
  std::uint64_t action = 0;
  std::string artifact_name, device_type, uri;
  Instant expire;
  bool control_map = false;  // with one that pauses before the commit
};
std::string mender_deployment_text(const MenderDeployment&);
std::string mender_control_map_text(std::uint64_t action, Commit);

}  // namespace muster::wire
