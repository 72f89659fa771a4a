#include <cstdlib>

#include "delta/delta.h"

using namespace muster;
using namespace muster::delta;

// Whatever comes as a patch: it never gives more at once than a piece, nor goes on for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const std::string base = "a base that is short, and is a base that is short";
  constexpr std::size_t most = 1 << 20;
  for (Coding coding : {Coding::zstd, Coding::dcz}) {
    auto decoder = Decoder::open(coding, bytes_of(base), 1 << 20);
    if (!decoder) std::abort();
    std::size_t came = 0;
    const auto taken = decoder->take(ByteView(bytes, count), [&](ByteView piece) -> Result<void> {
      if (piece.empty() || piece.size() > 128 << 10) std::abort();
      came += piece.size();
      if (came > most) return fail(Fault::exhausted, "too much");
      return {};
    });
    if (!taken && taken.error().message.empty()) std::abort();
  }
  return 0;
}
