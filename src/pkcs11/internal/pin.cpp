#include "pkcs11/internal/pin.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace muster::pkcs11 {
namespace {

constexpr std::size_t pin_octets_max = 255;

struct File {
  explicit File(int opened) : number(opened) {}
  File(const File&) = delete;
  ~File() {
    if (number >= 0) ::close(number);
  }
  const int number;
};

}  // namespace

Pin::Pin(Pin&& other) noexcept : octets_(other.octets_), size_(other.size_) {
  ::explicit_bzero(other.octets_.data(), other.octets_.size());
}

Pin::~Pin() {
  ::explicit_bzero(octets_.data(), octets_.size());
}

Result<Pin> Pin::read(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about{};
  if (file.number < 0 || ::fstat(file.number, &about) != 0)
    return fail(
        errno == ENOENT ? Fault::missing : Fault::unavailable,
        "the PIN's file " + path + " cannot be read: " + std::generic_category().message(errno));
  if (!S_ISREG(about.st_mode))
    return fail(Fault::invalid, "the PIN's file " + path + " is no file");
  if (about.st_mode & 0007)
    return fail(Fault::forbidden, path + ": everybody may read this PIN; chmod 600 it");
  Pin pin;
  while (pin.size_ < pin.octets_.size()) {
    const ssize_t got =
        ::read(file.number, pin.octets_.data() + pin.size_, pin.octets_.size() - pin.size_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(Fault::unavailable, "the PIN's file " + path + " cannot be read: " +
                                          std::generic_category().message(errno));
    if (got == 0) break;
    pin.size_ += static_cast<std::size_t>(got);
  }
  while (pin.size_ > 0 &&
         (pin.octets_[pin.size_ - 1] == '\n' || pin.octets_[pin.size_ - 1] == '\r'))
    --pin.size_;
  if (pin.size_ == 0 || pin.size_ > pin_octets_max)
    return fail(Fault::invalid, path + " must hold the PIN alone, 1 to 255 octets");
  return pin;
}

}  // namespace muster::pkcs11
