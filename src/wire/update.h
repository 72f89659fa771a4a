// wire/update -- what controller and device tell each other about updates, and how it is signed.
//
// An envelope holds a JSON object and signatures over its canonical text, as TUF has it. Two such
// objects exist: a release (what exists, signed by who made it) and an assignment (who is to run
// it, signed by the controller). A device installs only what both agree on, and never a sequence
// below the floor of what it runs. Here are the formats alone: nothing is hashed or verified.
//
// Reading is strict: an unknown member is refused, so that nothing is signed that was not
// understood. Pure functions; any thread. Format: docs/formats/update.md.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "wire/json.h"

namespace muster::wire {

// --- versions ---

// 1 to 3 numbers, and perhaps a suffix, as semver 2.0.0 writes them: "7", "1.4", "1.4.2-rc.1". At
// most 32 characters; no leading zeros; no build metadata.
bool is_version(std::string_view);

// Numbers that are not there are 0; a suffix comes before none (semver section 11). Two different
// texts may be equivalent ("1" and "1.0.0"). Both must be versions.
std::weak_ordering compare_versions(std::string_view, std::string_view);

// --- envelopes ---

struct Signature {
  std::string keyid;  // SHA-256 of the key's SubjectPublicKeyInfo, 64 lower-case hex digits
  Bytes signature;
};

struct Envelope {
  Json content;              // the member "signed"
  std::string signed_bytes;  // canonical(content): what the signatures are over
  std::vector<Signature> signatures;
};

constexpr std::size_t envelope_max = 64 * 1024;  // bytes of text

// Refuses fractions in the signed part, more than 16 signatures, and two of one key.
Result<Envelope> parse_envelope(std::string_view text);
std::string envelope_text(const Json& content, const std::vector<Signature>&);

// --- what is signed ---

constexpr std::uint64_t sequence_max = (std::uint64_t{1} << 53) - 1;  // exact in every JSON parser

constexpr std::size_t floor_reason_max = 256;  // octets

struct ReleaseMetadata {  // "_type": "muster-release"
  ModelId model;
  std::string version;
  std::uint64_t sequence = 0;     // from 1; of a model's releases, each is above the one before
  std::uint64_t floor = 0;        // the lowest sequence a device that has this may go back to
  std::string floor_reason = {};  // what the release at the floor mended: CVE ids, say; or empty
  std::string artifact_sha256;    // hex
  std::uint64_t artifact_size = 0;
  Instant published;
  bool operator==(const ReleaseMetadata&) const = default;
};

struct Assignment {  // "_type": "muster-assignment"
  DeviceId device;
  std::uint64_t number = 0;  // from 1; of a device's assignments, each is above the one before
  std::string release_id;    // SHA-256 of the release's signed bytes, hex
  bool back = false;         // a way back: the release may be older than what the device runs
  Instant issued;
  bool operator==(const Assignment&) const = default;
};

Json to_json(const ReleaseMetadata&);
Json to_json(const Assignment&);
Result<ReleaseMetadata> read_release(const Json& content);
Result<Assignment> read_assignment(const Json& content);

// --- what travels on a device's topics ---

struct Offer {              // v1/devices/{id}/updates
  std::string release;      // envelope text
  std::string assignment;   // envelope text
  std::string path;         // of the artifact, on the device port; begins with "/"
  std::string logged = {};  // that the release is in the ledger (wire/logged.h), text; or empty
  bool operator==(const Offer&) const = default;
};
std::string to_text(const Offer&);
std::string offer_text(std::string_view release, std::string_view assignment, std::string_view path,
                       std::string_view logged = {});        // the same, of its parts
std::string no_offer();                                      // "{}"
Result<std::optional<Offer>> parse_offer(std::string_view);  // nullopt: there is nothing to do

enum class UpdateOutcome { installed, failed, reverted };
const char* name_of(UpdateOutcome);

struct UpdateReport {  // v1/devices/{id}/results
  std::string release_id;
  UpdateOutcome outcome = UpdateOutcome::failed;
  std::string detail = {};  // for a person; at most 1024 bytes
  bool operator==(const UpdateReport&) const = default;
};
std::string to_text(const UpdateReport&);
Result<UpdateReport> parse_update_report(std::string_view);

struct ReportedState {                         // v1/devices/{id}/state
  std::string firmware;                        // a version by the maker's own rules, 1 to 64 bytes
  std::optional<std::string> release_id = {};  // none: the firmware came from the factory
  std::uint64_t sequence = 0;                  // of that release; 0: none
  Json config = {};                            // an object of the device's own, or null
  // The roots that it holds, SHA-256 of each in hexadecimal; none: it does not say.
  std::vector<std::string> anchors = {};
  std::string key_store = {};  // file, tpm or pkcs11, by its own word; empty: untold
  bool operator==(const ReportedState&) const = default;
};
std::string to_text(const ReportedState&);
Result<ReportedState> parse_reported_state(std::string_view);  // at most 64 KiB

// 64 lower-case hexadecimal digits.
bool is_sha256_hex(std::string_view);

}  // namespace muster::wire
