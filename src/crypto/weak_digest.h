// crypto/weak_digest -- SHA-1 and MD5 of a file, for protocols that name files by them. Neither
// proves anything any more: what is installed is checked by its signature and by SHA-256.
//
// Reads the file in pieces, which takes a second for each 500 MB or so: not for a loop's thread.
// Any thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace muster::crypto {

struct WeakDigests {
  std::string sha1, md5;  // hex
};
Result<WeakDigests> weak_digests(const std::filesystem::path&);

}  // namespace muster::crypto
