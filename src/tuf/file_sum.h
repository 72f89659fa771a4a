// tuf/file_sum -- a target's length and hashes, while its bytes stream by.
//
// Bounded memory, however large the target. A value of one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sha512.h"
#include "tuf/metadata.h"

namespace muster::tuf {

class FileSum {
 public:
  void add(ByteView);
  std::uint64_t length() const { return length_; }
  // Corrupt unless the length and each hash are these; once. A hash by an algorithm that is not
  // known cannot be checked and is refused.
  Result<void> check(const std::optional<std::uint64_t>& length, const Hashes&,
                     const std::string& what);

 private:
  crypto::Sha256 sha256_;
  crypto::Sha512 sha512_;
  std::uint64_t length_ = 0;
};

}  // namespace muster::tuf
