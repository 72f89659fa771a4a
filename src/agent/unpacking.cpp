#include "agent/unpacking.h"

#include <algorithm>
#include <bit>

#include "wire/update.h"

namespace muster::agent {
namespace {

constexpr std::size_t piece_max = 64 * 1024;

Result<bool> fits(const Disk& disk, const Updater& updater, std::uint64_t memory) {
  TRY(const auto base, disk.size(updater.slot("artifact")));
  const std::uint64_t target = updater.record().underway->release.artifact_size;
  return delta::may_patch(base, target) && base + std::bit_ceil(target) <= memory;
}

}  // namespace

Result<std::optional<crypto::Hash>> dictionary(const Disk& disk, const Updater& updater,
                                               std::uint64_t memory) {
  if (!disk.keeps_octets() || !updater.record().underway) return std::nullopt;
  TRY(const bool may, fits(disk, updater, memory));
  if (!may) return std::nullopt;
  TRY(const auto text, disk.read(updater.slot("release.json")));
  if (!text) return std::nullopt;
  const auto envelope = wire::parse_envelope(*text);
  if (!envelope) return std::nullopt;  // no harm: it is only what a patch could be against
  const auto release = wire::read_release(envelope->content);
  const auto digest = release ? from_hex(release->artifact_sha256) : Result<Bytes>(Bytes{});
  crypto::Hash out{};
  if (!digest || digest->size() != out.size()) return std::nullopt;
  std::ranges::copy(*digest, out.begin());
  return out;
}

Result<Unpacking> Unpacking::begin(const Disk& disk, Updater& updater, std::uint64_t memory) {
  TRY_VOID(updater.begin_unpacking());
  Unpacking out(disk, updater);
  const auto coding = updater.record().underway->coded->coding;
  std::uint64_t window = delta::plain_window;
  if (coding == delta::Coding::dcz) {
    TRY(const bool may, fits(disk, updater, memory));
    if (!may) return fail(Fault::exhausted, "a patch would need more memory than it may have");
    const std::string name = updater.slot("artifact");
    TRY(const auto size, disk.size(name));
    TRY(*out.base_, disk.read_at(name, 0, static_cast<std::size_t>(size)));
    window = memory - size;
  }
  TRY(auto decoder, delta::Decoder::open(coding, *out.base_, window));
  out.decoder_.emplace(std::move(decoder));
  return out;
}

Result<bool> Unpacking::step() {
  TRY(const auto piece, disk_.read_at(updater_.coded_name(), at_, piece_max));
  if (piece.empty()) {
    TRY_VOID(decoder_->finish());
    return false;
  }
  at_ += piece.size();
  TRY_VOID(decoder_->take(piece, [this](ByteView came) { return updater_.unpacked(came); }));
  return true;
}

}  // namespace muster::agent
