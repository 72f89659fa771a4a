#include "signer/issuance_log.h"

#include <cstdlib>

#include "signer/internal/record.h"

using namespace muster;
using namespace muster::signer;

namespace {

struct Read {
  std::vector<Issuance> issuances;
  Result<LogHead> head;
};

Read read_log(ByteView octets, std::size_t piece) {
  LogReader reader;
  Read out;
  while (!octets.empty()) {
    const ByteView next = octets.first(std::min(octets.size(), piece));
    octets = octets.subspan(next.size());
    reader.feed(next);
    for (;;) {
      auto issuance = reader.next();
      if (!issuance) {
        out.head = std::unexpected(issuance.error());
        return out;
      }
      if (!*issuance) break;
      out.issuances.push_back(std::move(**issuance));
    }
  }
  out.head = reader.finish();
  return out;
}

}  // namespace

// A log is read the same in one piece and in many; what is read, written again, is what was read;
// and a record that says it is something else than its check says never comes out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const Read whole = read_log(input, size + 1), pieces = read_log(input, 61);
  if (whole.head.has_value() != pieces.head.has_value() || whole.issuances != pieces.issuances)
    std::abort();
  if (const auto body = unpack_body(input))
    if (!std::ranges::equal(pack_body(*body), input)) std::abort();
  if (!whole.head || size < log_head_octets) return 0;
  crypto::Hash chain;
  std::copy_n(data + 8, chain.size(), chain.begin());
  Bytes again = log_head(chain);
  for (const Issuance& one : whole.issuances) pack_record(again, one, chain);
  if (chain != whole.head->chain || !std::ranges::equal(again, input.first(whole.head->octets)))
    std::abort();
  return 0;
}
