#include "agent/wipe.h"

#include <array>

#include "agent/credentials.h"
#include "agent/data_key.h"
#include "wire/update.h"

namespace muster::agent {
namespace {

constexpr std::array phase_names{"none", "ordered", "erased", "stated", "acknowledged", "ended"};
constexpr const char* tool = "muster-agent";
constexpr const char* tool_version = "0.1.0";
constexpr const char* own_technique =
    "the AES-256-GCM key of the agent's data, a file, was overwritten with random octets, synced "
    "and "
    "removed, then what it had sealed; on flash an old copy of that file may remain, so this is no "
    "purge";

Result<WipePhase> parse_phase(std::string_view text) {
  for (std::size_t i = 0; i < phase_names.size(); ++i)
    if (text == phase_names[i]) return static_cast<WipePhase>(i);
  return fail(Fault::corrupt, std::string(Wipe::record_name) + " names no phase");
}

}  // namespace

std::string to_text(const WipeRecord& r) {
  return wire::to_text(wire::Json::object({{"spec", 1},
                                           {"phase", name_of(r.phase)},
                                           {"order", r.order},
                                           {"data_key", r.data_key},
                                           {"statement", r.statement.statement},
                                           {"signature", to_base64(r.statement.signature)},
                                           {"deadline", rfc3339(r.deadline)}}));
}

Result<WipeRecord> parse_wipe_record(std::string_view text) {
  TRY(const auto json, wire::parse_json(text));
  wire::ObjectReader in(json);
  in.integer("spec", 1, 1);
  const std::string phase = in.text("phase", 32);
  WipeRecord out;
  out.order = in.text("order", wire::envelope_max);
  out.data_key = in.text("data_key", 64);
  out.statement.statement = in.text("statement", wire::statement_max);
  const std::string signature = in.text("signature", 1024);
  out.deadline = in.time("deadline");
  TRY_VOID(in.done());
  TRY(out.phase, parse_phase(phase));
  TRY(out.statement.signature, from_base64(signature));
  return out;
}

const char* name_of(WipePhase phase) {
  return phase_names[static_cast<std::size_t>(phase)];
}

Result<Wipe> Wipe::open(Disk& disk, DeviceId device) {
  Wipe out(disk, std::move(device));
  TRY(const auto text, disk.read(record_name));
  if (!text) return out;
  auto record = parse_wipe_record(*text);
  if (!record)
    return fail(Fault::corrupt,
                std::string(record_name) + " does not read: " + record.error().message);
  out.record_ = std::move(*record);
  return out;
}

Result<void> Wipe::write(WipeRecord next) {
  TRY_VOID(disk_.write(record_name, to_text(next)));
  record_ = std::move(next);
  return {};
}

Result<void> Wipe::obey(std::string_view envelope, const Trust& trust, const std::string& data_key,
                        Instant now) {
  if (phase() != WipePhase::none)
    return fail(Fault::conflict, "this device obeys another order already");
  TRY(const auto order, check_wipe_order(trust, device_, envelope));
  if (now >= order.deadline)
    return fail(Fault::conflict, "the order was good until " + rfc3339(order.deadline) +
                                     ", and here it is " + rfc3339(now));
  return write({.phase = WipePhase::ordered,
                .order = std::string(envelope),
                .data_key = data_key,
                .statement = {},
                .deadline = order.deadline});
}

Result<void> Wipe::erase() {
  TRY_VOID(DataKey::destroy(disk_));
  TRY_VOID(disk_.remove(outbox_name));
  TRY_VOID(disk_.shred(desired_name));
  auto next = record_;
  next.phase = WipePhase::erased;
  return write(std::move(next));
}

Result<void> Wipe::state(const crypto::SigningKey& key, const Technique& technique, Instant now) {
  TRY(const auto envelope, wire::parse_envelope(record_.order));
  TRY(const auto order, wire::read_wipe_order(envelope.content));
  wire::Statement said{
      .device = device_,
      .order = order.number,
      .nonce = order.nonce,
      .method = technique.method,
      .technique = own_technique,
      .tool = tool,
      .version = tool_version,
      .keys = {{"data", record_.data_key}, {"identity", to_hex(key.public_key().fingerprint())}},
      .wiped = {"readings not yet acknowledged", "desired configuration"},
      .at = now};
  if (!technique.words.empty()) {
    said.technique += "; and, by the device's own command: " + technique.words;
    said.wiped.emplace_back("what the device's own command erases");
  }
  auto next = record_;
  next.phase = WipePhase::stated;
  next.statement.statement = wire::to_text(said);
  TRY(next.statement.signature, key.sign(bytes_of(next.statement.statement)));
  return write(std::move(next));
}

Result<void> Wipe::heard() {
  auto next = record_;
  next.phase = WipePhase::acknowledged;
  return write(std::move(next));
}

Result<void> Wipe::end(KeyStore* keys) {
  if (keys) TRY_VOID(keys->destroy());
  TRY_VOID(Credentials::destroy(disk_));
  auto next = record_;
  next.phase = WipePhase::ended;
  return write(std::move(next));
}

}  // namespace muster::agent
