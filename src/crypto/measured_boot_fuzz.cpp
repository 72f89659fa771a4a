#include "crypto/measured_boot.h"

#include <cstdlib>

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

// A log that passes keeps no more than it was given, and replays to what it explains.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto log = parse_event_log(ByteView(data, size));
  if (!log) return 0;
  std::size_t kept = 0;
  for (const BootEvent& event : log->events) {
    if (event.register_number >= registers_max || event.octets.size() > event.size) std::abort();
    kept += event.octets.size();
  }
  if (kept > size) std::abort();
  const Selection all{.registers = (1u << registers_max) - 1};
  const auto values = values_of(replay(*log), all);
  const Quoted quoted{.selection = all, .pcr_digest = pcr_digest(values, HashAlgorithm::sha256)};
  if (!check_event_log(*log, quoted, values)) std::abort();
  return 0;
}
