#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "wire/attestation.h"
#include "wire/command.h"

using namespace muster;

// What reads well is written and read again to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of({data, size});
  if (const auto ask = wire::parse_challenge_ask(text)) {
    const auto again = wire::parse_challenge_ask(wire::to_text(*ask));
    if (!again || again->ek_area != ask->ek_area || again->id != ask->id) std::abort();
  }
  if (const auto enrolment = wire::parse_attested_enrolment(text)) {
    const auto again = wire::parse_attested_enrolment(wire::to_text(*enrolment));
    if (!again || again->boot.values != enrolment->boot.values || again->csr != enrolment->csr)
      std::abort();
  }
  if (const auto boot = wire::parse_boot_evidence(text))
    if (!wire::parse_boot_evidence(wire::to_text(*boot))) std::abort();
  if (const auto der = wire::parse_certificate_text(text)) {
    const auto again = wire::parse_certificate_text(wire::certificate_text(*der));
    if (!again || *again != *der) std::abort();
  }
  static_cast<void>(wire::parse_challenge_given(text));
  static_cast<void>(wire::parse_evidence_ask(text));
  if (const auto command = wire::parse_command(text))
    if (wire::parse_command(wire::to_text(*command)) != command) std::abort();
  return 0;
}
