#include "wire/sanitisation.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "wire/update.h"

using namespace muster;

// What reads well is written and read again to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of({data, size});
  if (const auto envelope = wire::parse_envelope(text))
    if (const auto order = wire::read_wipe_order(envelope->content)) {
      const auto again = wire::read_wipe_order(wire::to_json(*order));
      if (!again || *again != *order) std::abort();
    }
  if (const auto statement = wire::parse_statement(text)) {
    const auto spelled = wire::to_text(*statement);  // may be longer: with a list that was left out
    const auto again = wire::parse_statement(spelled);
    if (spelled.size() > wire::statement_max) return 0;
    if (!again || *again != *statement) std::abort();
  }
  if (const auto carried = wire::parse_signed_statement(text)) {
    const auto again = wire::parse_signed_statement(wire::to_text(*carried));
    if (!again || *again != *carried) std::abort();
    static_cast<void>(wire::parse_statement(carried->statement));
  }
  static_cast<void>(wire::parse_order_refusal(text));
  static_cast<void>(wire::is_no_order(text));
  return 0;
}
