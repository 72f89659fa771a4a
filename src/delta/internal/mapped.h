// delta/internal/mapped -- a file as octets, without taking memory for it: the kernel reads what is
// looked at and may forget it again. The file has to stay as long as it is. Any thread.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace muster::delta {

class Mapped {
 public:
  static Result<Mapped> open(const std::filesystem::path& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!fd || ::fstat(fd.number(), &status) != 0)
      return fail(Fault::unavailable, "cannot read " + path.string() + ": " + std::strerror(errno));
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return Mapped(nullptr, 0);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.number(), 0);
    if (at == MAP_FAILED)
      return fail(Fault::unavailable, "cannot map " + path.string() + ": " + std::strerror(errno));
    return Mapped(at, size);
  }
  Mapped(Mapped&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ~Mapped() {
    if (at_) ::munmap(at_, size_);
  }
  ByteView bytes() const { return {static_cast<const std::uint8_t*>(at_), size_}; }

 private:
  Mapped(void* at, std::size_t size) : at_(at), size_(size) {}
  void* at_;
  std::size_t size_;
};

}  // namespace muster::delta
