#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <bit>

#include "base/file.h"
#include "delta/delta.h"
#include "delta/internal/format.h"
#include "delta/internal/mapped.h"

namespace muster::delta {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_max = 1 << 20;
constexpr int longest_window = 27;

// Slow and small up to 64 MiB, since thousands of devices fetch what is made once; faster beyond.
int level_for(std::uint64_t size) {
  if (size <= 64ULL << 20) return 19;
  return size <= 512ULL << 20 ? 12 : 6;
}

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, Free>;

Result<void> set(ZSTD_CCtx* context, ZSTD_cParameter parameter, int value) {
  if (const auto code = ZSTD_CCtx_setParameter(context, parameter, value); ZSTD_isError(code))
    return fail(Fault::internal, std::string("zstd: ") + ZSTD_getErrorName(code));
  return {};
}

// One thread and fixed parameters: the same octets each time.
Result<Context> context_for(std::uint64_t size, int window_log, bool patch) {
  Context context(ZSTD_createCCtx());
  if (!context) return fail(Fault::unavailable, "there is no memory to compress in");
  TRY_VOID(set(context.get(), ZSTD_c_compressionLevel, level_for(size)));
  TRY_VOID(set(context.get(), ZSTD_c_windowLog, window_log));
  TRY_VOID(set(context.get(), ZSTD_c_checksumFlag, 1));
  if (patch) TRY_VOID(set(context.get(), ZSTD_c_enableLongDistanceMatching, 1));
  if (ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context.get(), size)))
    return fail(Fault::internal, "zstd refuses a size");
  return context;
}

Result<void> write_all(int fd, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return fail(Fault::unavailable,
                  "cannot write " + path.string() + ": " + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::uint64_t> encode(ZSTD_CCtx* context, ByteView target, ByteView header,
                             const fs::path& to, const std::atomic<bool>& stop) {
  const Descriptor fd(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd)
    return fail(Fault::unavailable, "cannot make " + to.string() + ": " + std::strerror(errno));
  const std::uint64_t most = target.size() / 100 * 95;
  TRY_VOID(write_all(fd.number(), header, to));
  std::uint64_t made = header.size();
  Bytes piece(ZSTD_CStreamOutSize());
  std::size_t at = 0, left = 1;
  while (left != 0) {
    if (stop) return fail(Fault::exhausted, "it was stopped");
    const std::size_t end = std::min(target.size(), at + piece_max);
    ZSTD_inBuffer in{target.data(), end, at};
    do {
      ZSTD_outBuffer out{piece.data(), piece.size(), 0};
      left = ZSTD_compressStream2(context, &out, &in,
                                  end == target.size() ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left))
        return fail(Fault::unavailable, std::string("zstd: ") + ZSTD_getErrorName(left));
      TRY_VOID(write_all(fd.number(), ByteView(piece).first(out.pos), to));
      made += out.pos;
      if (made > most) return fail(Fault::invalid, "it would not save enough");
    } while (in.pos < in.size || (end == target.size() && left != 0));
    at = end;
    if (at < target.size()) left = 1;
  }
  if (::fsync(fd.number()) != 0)
    return fail(Fault::unavailable, "cannot fsync " + to.string() + ": " + std::strerror(errno));
  return made;
}

// Whether it leads to the target, by the very code that a device has.
Result<void> check(Coding coding, ByteView base, ByteView target, const fs::path& made,
                   const std::atomic<bool>& stop) {
  TRY(auto decoder,
      Decoder::open(coding, base, std::max(plain_window, std::bit_ceil(target.size()))));
  TRY(const auto file, Mapped::open(made));
  std::size_t at = 0;
  for (ByteView left = file.bytes(); !left.empty();) {
    if (stop) return fail(Fault::exhausted, "it was stopped");
    const auto piece = left.first(std::min(left.size(), piece_max));
    TRY_VOID(decoder.take(piece, [&](ByteView came) -> Result<void> {
      if (came.size() > target.size() - at ||
          !std::equal(came.begin(), came.end(), target.begin() + static_cast<std::ptrdiff_t>(at)))
        return fail(Fault::corrupt, "what was made does not lead to the artifact");
      at += came.size();
      return {};
    }));
    left = left.subspan(piece.size());
  }
  TRY_VOID(decoder.finish());
  if (at != target.size())
    return fail(Fault::corrupt, "what was made leads to less than the artifact");
  return {};
}

Result<std::uint64_t> kept_or_removed(Result<std::uint64_t> made, const fs::path& to) {
  if (made) return made;
  std::error_code ignored;  // what stays in the spool goes at the next start
  fs::remove(to, ignored);
  return made;
}

Result<std::uint64_t> make(Coding coding, ByteView base, const fs::path& target_file,
                           const fs::path& to, const std::atomic<bool>& stop) {
  TRY(const auto target, Mapped::open(target_file));
  const auto size = target.bytes().size();
  const bool patch = coding == Coding::dcz;
  if (patch && !may_patch(base.size(), size))
    return fail(Fault::invalid, "it is too large, or too unlike in size, for a patch");
  const int whole = std::max(17, static_cast<int>(std::bit_width(size)));
  TRY(const auto context, context_for(size, std::min(whole, patch ? longest_window : 23), patch));
  Bytes header;
  if (patch) {
    header = dcz_header(crypto::sha256(base));
    if (ZSTD_isError(ZSTD_CCtx_refPrefix(context.get(), base.data(), base.size())))
      return fail(Fault::internal, "zstd refuses a dictionary");
  }
  TRY(const auto made, encode(context.get(), target.bytes(), header, to, stop));
  TRY_VOID(check(coding, base, target.bytes(), to, stop));
  return made;
}

}  // namespace

bool may_patch(std::uint64_t base_size, std::uint64_t target_size) {
  const std::uint64_t window = std::max(plain_window, base_size + base_size / 4);
  return base_size > 0 && target_size > 0 && base_size <= window_max &&
         target_size <= std::min(window, window_max);
}

Result<std::uint64_t> compress(const fs::path& target, const fs::path& to,
                               const std::atomic<bool>& stop) {
  return kept_or_removed(make(Coding::zstd, {}, target, to, stop), to);
}

Result<std::uint64_t> make_patch(const fs::path& base_file, const fs::path& target,
                                 const fs::path& to, const std::atomic<bool>& stop) {
  TRY(const auto base, Mapped::open(base_file));
  return kept_or_removed(make(Coding::dcz, base.bytes(), target, to, stop), to);
}

}  // namespace muster::delta
