#include "tuf/file_sum.h"

namespace muster::tuf {

void FileSum::add(ByteView bytes) {
  sha256_.update(bytes);
  sha512_.update(bytes);
  length_ += bytes.size();
}

Result<void> FileSum::check(const std::optional<std::uint64_t>& length, const Hashes& hashes,
                            const std::string& what) {
  if (length && length_ != *length)
    return fail(Fault::corrupt, what + ": has " + std::to_string(length_) + " bytes, not the " +
                                    std::to_string(*length) + " that were announced");
  if (hashes.others)
    return fail(Fault::corrupt, what + ": has a hash by an algorithm other than sha256 and sha512");
  if (!hashes.sha256.empty() && to_hex(sha256_.finish()) != hashes.sha256)
    return fail(Fault::corrupt, what + ": its SHA-256 is not the one announced");
  if (!hashes.sha512.empty() && to_hex(sha512_.finish()) != hashes.sha512)
    return fail(Fault::corrupt, what + ": its SHA-512 is not the one announced");
  return {};
}

}  // namespace muster::tuf
