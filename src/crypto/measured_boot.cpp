#include "crypto/measured_boot.h"

#include <algorithm>
#include <string_view>

#include "crypto/internal/tpm_reader.h"

namespace muster::crypto::tpm {
namespace {

using namespace std::literals;

constexpr std::uint32_t ev_no_action = 3;
constexpr std::uint16_t alg_sha256 = 0x000b;
constexpr std::uint32_t banks_max = 8;
constexpr std::size_t digest_bytes_max = 64;
constexpr std::size_t sha1_octets = 20;

constexpr auto spec_id_signature = "Spec ID Event03\0"sv;
constexpr auto startup_locality_signature = "StartupLocality\0"sv;

struct Bank {
  std::uint16_t algorithm = 0;
  std::uint16_t octets = 0;
};

std::unexpected<Error> refused(const std::string& why) {
  return fail(Fault::invalid, "event log: " + why);
}

Result<Bank> read_bank(Reader& in, const std::vector<Bank>& before) {
  Bank out;
  TRY(out.algorithm, in.u16("event log: algorithm of a bank"));
  TRY(out.octets, in.u16("event log: digest size of a bank"));
  if (out.octets == 0 || out.octets > digest_bytes_max)
    return refused("a bank of digests of " + std::to_string(out.octets) + " octets");
  if (out.algorithm == alg_sha256 && out.octets != Hash{}.size())
    return refused("SHA-256 with digests of " + std::to_string(out.octets) + " octets");
  if (std::any_of(before.begin(), before.end(),
                  [&](const Bank& other) { return other.algorithm == out.algorithm; }))
    return refused("a bank is announced twice");
  return out;
}

// TCG_EfiSpecIDEvent.
Result<std::vector<Bank>> read_spec_id(ByteView event) {
  Reader in(event, Order::little);
  TRY(const ByteView signature, in.octets(16, "event log: signature of its first event"));
  if (text_of(signature) != spec_id_signature)
    return refused("its first event is not \"Spec ID Event03\": the log is not crypto-agile");
  TRY_VOID(in.u32("event log: platformClass"));
  TRY_VOID(in.octets(4, "event log: version"));
  TRY(const std::uint32_t count, in.u32("event log: number of banks"));
  if (count == 0 || count > banks_max)
    return refused(std::to_string(count) + " banks; accepted are 1 to 8");
  std::vector<Bank> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(const Bank bank, read_bank(in, out));
    out.push_back(bank);
  }
  TRY(const std::uint8_t vendor, in.u8("event log: size of the vendor's octets"));
  TRY_VOID(in.octets(vendor, "event log: the vendor's octets"));
  TRY_VOID(in.end("event log: its first event"));
  if (std::none_of(out.begin(), out.end(),
                   [](const Bank& bank) { return bank.algorithm == alg_sha256; }))
    return refused("it has no SHA-256 digests");
  return out;
}

// TCG_PCR_EVENT: the only one in the old form, with a SHA-1 digest of zeros.
Result<std::vector<Bank>> read_first(Reader& in) {
  TRY(const std::uint32_t number, in.u32("event log: register of its first event"));
  TRY(const std::uint32_t type, in.u32("event log: type of its first event"));
  TRY_VOID(in.octets(sha1_octets, "event log: digest of its first event"));
  TRY(const std::uint32_t size, in.u32("event log: size of its first event"));
  TRY(const ByteView event, in.octets(size, "event log: its first event"));
  if (number != 0 || type != ev_no_action)
    return refused("it does not begin with a specification event");
  return read_spec_id(event);
}

Result<ByteView> read_digest(Reader& in, const std::vector<Bank>& banks, std::uint16_t& algorithm) {
  TRY(algorithm, in.u16("event log: algorithm of a digest"));
  for (const Bank& bank : banks)
    if (bank.algorithm == algorithm) return in.octets(bank.octets, "event log: a digest");
  return refused("a digest by an algorithm that was not announced");
}

// TPML_DIGEST_VALUES: every bank's, in any order.
Result<Hash> read_digests(Reader& in, const std::vector<Bank>& banks) {
  TRY(const std::uint32_t count, in.u32("event log: number of digests"));
  if (count != banks.size())
    return refused("an event with " + std::to_string(count) + " digests for " +
                   std::to_string(banks.size()) + " banks");
  Hash out{};
  std::vector<std::uint16_t> seen;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint16_t algorithm = 0;
    TRY(const ByteView digest, read_digest(in, banks, algorithm));
    if (std::find(seen.begin(), seen.end(), algorithm) != seen.end())
      return refused("an event with two digests by one algorithm");
    seen.push_back(algorithm);
    if (algorithm == alg_sha256) std::copy(digest.begin(), digest.end(), out.begin());
  }
  return out;
}

// EV_NO_ACTION tells something and extends nothing. Of what it may tell, only the locality that the
// TPM was started from changes a register.
Result<void> read_no_action(std::uint32_t number, ByteView event, EventLog& log) {
  const std::string_view text = text_of(event);
  if (number != 0 || !text.starts_with(startup_locality_signature)) return {};
  if (event.size() != startup_locality_signature.size() + 1)
    return refused("its StartupLocality event is not of 17 octets");
  const std::uint8_t locality = event.back();
  if (locality != 0 && locality != 3 && locality != 4)
    return refused("a TPM is not started from locality " + std::to_string(locality));
  log.startup_locality = locality;
  return {};
}

// TCG_PCR_EVENT2.
Result<void> read_event(Reader& in, const std::vector<Bank>& banks, EventLog& log) {
  TRY(const std::uint32_t number, in.u32("event log: register of an event"));
  TRY(const std::uint32_t type, in.u32("event log: type of an event"));
  TRY(const Hash digest, read_digests(in, banks));
  TRY(const std::uint32_t size, in.u32("event log: size of an event"));
  TRY(const ByteView event, in.octets(size, "event log: an event"));
  if (type == ev_no_action) return read_no_action(number, event, log);
  if (number >= registers_max)
    return refused("an event extends register " + std::to_string(number) + "; there are 0 to 23");
  if (log.events.size() == event_log_events_max) return refused("more than 4096 events");
  const ByteView kept = event.first(std::min(event.size(), event_octets_kept));
  log.events.push_back({.register_number = number,
                        .type = type,
                        .digest = digest,
                        .size = size,
                        .octets = Bytes(kept.begin(), kept.end()),
                        .measured = sha256(event) == digest});
  return {};
}

bool is_dynamic(unsigned number) {
  return number >= 17 && number <= 22;
}

}  // namespace

Result<EventLog> parse_event_log(ByteView octets) {
  if (octets.size() > event_log_bytes_max) return refused("more than 1 MiB");
  Reader in(octets, Order::little);
  TRY(const auto banks, read_first(in));
  EventLog log;
  while (!in.empty()) TRY_VOID(read_event(in, banks, log));
  return log;
}

Registers replay(const EventLog& log) {
  Registers out{};
  out[0].back() = log.startup_locality;
  const bool launched =
      std::any_of(log.events.begin(), log.events.end(),
                  [](const BootEvent& event) { return is_dynamic(event.register_number); });
  for (unsigned number = 0; number < registers_max; ++number)
    if (is_dynamic(number) && !launched) out[number].fill(0xff);
  for (const BootEvent& event : log.events) {
    Hash& value = out[event.register_number];
    value = sha256(value, event.digest);
  }
  return out;
}

std::vector<Bytes> values_of(const Registers& registers, const Selection& selection) {
  std::vector<Bytes> out;
  for (unsigned number = 0; number < registers_max; ++number)
    if (selection.registers >> number & 1)
      out.emplace_back(registers[number].begin(), registers[number].end());
  return out;
}

Selection logged_registers() {
  return selection_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14});
}

Result<void> check_event_log(const EventLog& log, const Quoted& quoted,
                             std::span<const Bytes> values) {
  if (quoted.selection.bank != HashAlgorithm::sha256)
    return refused("it is compared with quotes of the SHA-256 bank only");
  if (values.size() != quoted.selection.count())
    return refused("it is compared with one value for each register that was quoted");
  const Registers replayed = replay(log);
  std::size_t at = 0;
  for (unsigned number = 0; number < registers_max; ++number) {
    if ((quoted.selection.registers >> number & 1) == 0) continue;
    const Bytes& value = values[at++];
    if ((logged_registers().registers >> number & 1) == 0) continue;
    if (!std::ranges::equal(value, replayed[number]))
      return fail(Fault::unauthorized, "event log: its replay does not give PCR " +
                                           std::to_string(number) + " as it was quoted");
  }
  return {};
}

}  // namespace muster::crypto::tpm
