// crypto/measured_boot -- the firmware's log of what it measured (TCG PC Client Platform Firmware
// Profile 1.06, section 10), and what the registers of a TPM hold after just that.
//
// The log comes from the device and proves nothing until its replay gives the registers that were
// quoted; then its digests are true, and those event octets that a digest was made of. The rest of
// the octets are hearsay. Only the crypto-agile form is read, and only SHA-256 of it.
// Pure; any thread.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "crypto/tpm.h"

namespace muster::crypto::tpm {

inline constexpr std::size_t event_log_bytes_max = 1024 * 1024;
inline constexpr std::size_t event_log_events_max = 4096;
inline constexpr std::size_t event_octets_kept = 4096;

struct BootEvent {
  unsigned register_number = 0;  // PCR 0 to 23
  std::uint32_t type = 0;        // EV_...
  Hash digest;                   // SHA-256: what the register was extended with
  std::uint32_t size = 0;        // of the event's octets
  Bytes octets;                  // the first event_octets_kept of them
  bool measured = false;         // the digest is SHA-256 of all the octets
};

struct EventLog {
  std::vector<BootEvent> events;  // as logged, without those that extend nothing (EV_NO_ACTION)
  std::uint8_t startup_locality = 0;
};

// The log as firmware leaves it and Linux shows it (binary_bios_measurements), whole.
Result<EventLog> parse_event_log(ByteView);

using Registers = std::array<Hash, registers_max>;
// From a reset of the platform: 0 to 16 and 23 begin as zeros, 0 ending in the startup locality;
// 17 to 22 as ones, but as zeros when the log extends one of them, for then a dynamic launch has
// reset them.
Registers replay(const EventLog&);
std::vector<Bytes> values_of(const Registers&, const Selection&);  // of the SHA-256 bank

// Firmware and boot loaders extend 0 to 9 and 14, and log it. The others an operating system goes
// on extending (IMA, systemd), of which this log knows nothing.
Selection logged_registers();

// `values` are those that were quoted (check_pcr_values). Refused unless the replay gives them,
// with the first register where it does not; looked at are the logged registers only.
Result<void> check_event_log(const EventLog&, const Quoted&, std::span<const Bytes> values);

}  // namespace muster::crypto::tpm
