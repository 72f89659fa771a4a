// net/internal/spool -- a request body on its way into a file, hashed as it comes.
//
// One thread, which it blocks: that of the connection's loop. The file is removed unless it was
// finished and kept.
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::net::http::internal {

class Spool {
 public:
  static Result<std::unique_ptr<Spool>> open(const std::filesystem::path& folder);
  ~Spool();
  Spool(const Spool&) = delete;
  Result<void> write(ByteView);
  Result<void> keep();  // on the disk and no longer ours
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  Bytes sha256() const;  // after keep()

 private:
  struct Digest;
  Spool(std::filesystem::path, int fd);
  std::filesystem::path path_;
  int fd_;
  std::uint64_t size_ = 0;
  bool kept_ = false;
  std::unique_ptr<Digest> digest_;
};

}  // namespace muster::net::http::internal
