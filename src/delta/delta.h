// delta -- artifacts made small for the way to a device, and made whole again there.
//
// Two codings, both of HTTP: `zstd` (RFC 8878, with the window that RFC 9659 allows), and `dcz`
// (RFC 9842), which is zstd with the artifact that the device runs already as its dictionary, and
// so a patch. What was made is taken apart again at once and compared, so that nothing that does
// not lead to the artifact is ever offered.
//
// Making blocks for as long as it takes and may be stopped; it takes memory for its tables (about
// 100 MiB at most) and one window, whatever the size, and maps what it reads. Decoder takes memory
// for one window, which its owner bounds. It decides nothing: who makes what, when and for whom is
// its callers'. Values and pure functions but for files; any thread, one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace muster::delta {

enum class Coding { identity, zstd, dcz };
const char* name_of(Coding);  // as HTTP's Content-Encoding has it; "identity"
std::optional<Coding> parse_coding(std::string_view);

constexpr std::uint64_t window_max = 128ULL << 20;  // of dcz, RFC 9842 section 2.2
constexpr std::uint64_t plain_window = 8ULL << 20;  // of zstd, RFC 9659

// Whether dcz may be used at all: its window has to hold the whole target, and may be no larger
// than 8 MiB or 1.25 times the dictionary.
bool may_patch(std::uint64_t base_size, std::uint64_t target_size);

// The file made is `to`, synced; its size. Exhausted: it was stopped. Invalid: may_patch() says no,
// or it would not be smaller than 95 % of the target. After a failure nothing is left at `to`.
Result<std::uint64_t> compress(const std::filesystem::path& target, const std::filesystem::path& to,
                               const std::atomic<bool>& stop);
Result<std::uint64_t> make_patch(const std::filesystem::path& base,
                                 const std::filesystem::path& target,
                                 const std::filesystem::path& to, const std::atomic<bool>& stop);

class Decoder {
 public:
  // base: of dcz, which has to outlive the decoder. window: octets it may take for its window.
  static Result<Decoder> open(Coding, ByteView base, std::uint64_t window);
  Decoder(Decoder&&) noexcept;
  ~Decoder();

  // Corrupt: it is not of this coding, or not for this base. Exhausted: it needs a larger window.
  // The first failure of the sink is told as it is. Pieces are at most 128 KiB.
  Result<void> take(ByteView, const std::function<Result<void>(ByteView)>& sink);
  Result<void> finish() const;  // corrupt: it ends in its middle

 private:
  struct State;
  explicit Decoder(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::delta
