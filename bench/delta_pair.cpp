// Two artifacts, one after the other on the same devices: what the second one costs to send and to
// make, compressed and as a patch of the first.
//
//   delta-pair OLD NEW     prints one JSON object
#include <sys/resource.h>

#include <cstdio>
#include <ctime>

#include "base/file.h"
#include "delta/delta.h"

using namespace muster;

namespace {

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

long peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

double undo(delta::Coding coding, const std::string& base, const std::string& made,
            const std::string& target) {
  const double began = cpu_seconds();
  auto decoder = expect(delta::Decoder::open(coding, bytes_of(base), delta::window_max));
  crypto::Sha256 digest;
  expect(decoder.take(bytes_of(made), [&](ByteView piece) -> Result<void> {
    digest.update(piece);
    return {};
  }));
  expect(decoder.finish());
  if (digest.finish() != crypto::sha256(bytes_of(target)))
    give_up({Fault::corrupt, "what was made does not lead to the artifact", ""});
  return cpu_seconds() - began;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: delta-pair OLD NEW\n", stderr), 2;
  const std::filesystem::path old_file = argv[1], new_file = argv[2],
                              made = new_file.string() + ".made";
  const std::atomic<bool> never = false;
  const auto old_artifact = expect(read_file(old_file, delta::window_max));
  const auto new_artifact = expect(read_file(new_file, delta::window_max));

  double at = cpu_seconds();
  const auto compressed = expect(delta::compress(new_file, made, never));
  const double compressing = cpu_seconds() - at;
  const double decompressing =
      undo(delta::Coding::zstd, {}, expect(read_file(made, delta::window_max)), new_artifact);
  at = cpu_seconds();
  const auto patch = expect(delta::make_patch(old_file, new_file, made, never));
  const double patching = cpu_seconds() - at;
  const double applying = undo(delta::Coding::dcz, old_artifact,
                               expect(read_file(made, delta::window_max)), new_artifact);
  std::filesystem::remove(made);
  std::printf(
      "{\"artifact\": %zu, \"zstd\": %llu, \"zstd_make_s\": %.2f, \"zstd_undo_s\": %.3f, "
      "\"patch\": %llu, \"patch_make_s\": %.2f, \"patch_apply_s\": %.3f, \"peak_mib\": %ld}\n",
      new_artifact.size(), static_cast<unsigned long long>(compressed), compressing, decompressing,
      static_cast<unsigned long long>(patch), patching, applying, peak_mib());
  return 0;
}
