#include <zstd.h>

#include <bit>

#include "delta/delta.h"
#include "delta/internal/format.h"

namespace muster::delta {

const char* name_of(Coding coding) {
  switch (coding) {
    case Coding::identity:
      return "identity";
    case Coding::zstd:
      return "zstd";
    case Coding::dcz:
      return "dcz";
  }
  return "identity";
}

std::optional<Coding> parse_coding(std::string_view text) {
  for (Coding each : {Coding::identity, Coding::zstd, Coding::dcz})
    if (text == name_of(each)) return each;
  return std::nullopt;
}

struct Decoder::State {
  struct Free {
    void operator()(ZSTD_DCtx* each) const { ZSTD_freeDCtx(each); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
  Bytes header;  // of dcz: what it has to be
  Bytes came;    // of it
  Bytes out = Bytes(ZSTD_DStreamOutSize());
  bool done = false;  // at the end of a frame

  Result<ByteView> past_header(ByteView in) {
    const std::size_t wanted = std::min(in.size(), header.size() - came.size());
    came.insert(came.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(wanted));
    const auto magic = static_cast<std::ptrdiff_t>(std::min(came.size(), dcz_magic.size()));
    if (!std::equal(came.begin(), came.begin() + magic, header.begin()))
      return fail(Fault::corrupt, "this is no dcz");
    if (!std::equal(came.begin(), came.end(), header.begin()))
      return fail(Fault::corrupt, "this patch is for something else than what is here");
    return in.subspan(wanted);
  }
};

Decoder::Decoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Result<Decoder> Decoder::open(Coding coding, ByteView base, std::uint64_t window) {
  if (coding == Coding::identity) return fail(Fault::internal, "there is nothing to decode");
  auto state = std::make_unique<State>();
  if (!state->context) return fail(Fault::unavailable, "there is no memory to decode in");
  const int log =
      std::max(10, static_cast<int>(std::bit_width(std::max<std::uint64_t>(window, 1))) - 1);
  ZSTD_DCtx_setParameter(state->context.get(), ZSTD_d_windowLogMax, std::min(log, 31));
  if (coding == Coding::dcz) {
    state->header = dcz_header(crypto::sha256(base));
    if (ZSTD_isError(ZSTD_DCtx_refPrefix(state->context.get(), base.data(), base.size())))
      return fail(Fault::unavailable, "the dictionary cannot be used");
  }
  return Decoder(std::move(state));
}

Result<void> Decoder::take(ByteView bytes, const std::function<Result<void>(ByteView)>& sink) {
  TRY(const ByteView rest, state_->past_header(bytes));
  ZSTD_inBuffer in{rest.data(), rest.size(), 0};
  bool full = false;  // it has more to give than there was room for
  while (in.pos < in.size || full) {
    if (state_->done && in.pos < in.size)
      return fail(Fault::corrupt, "there is something after the end");
    ZSTD_outBuffer out{state_->out.data(), state_->out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(state_->context.get(), &out, &in);
    if (ZSTD_isError(left)) {
      const bool large = std::string_view(ZSTD_getErrorName(left)).find("memory") !=
                         std::string_view::npos;  // "Frame requires too much memory for decoding"
      return fail(large ? Fault::exhausted : Fault::corrupt,
                  std::string("it cannot be decoded: ") + ZSTD_getErrorName(left));
    }
    if (out.pos > 0) TRY_VOID(sink(ByteView(state_->out).first(out.pos)));
    full = out.pos == out.size;
    state_->done = left == 0;
    if (state_->done) full = false;
  }
  return {};
}

Result<void> Decoder::finish() const {
  if (state_->done) return {};
  return fail(Fault::corrupt, "it ends in its middle");
}

}  // namespace muster::delta
