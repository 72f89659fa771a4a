#include "net/internal/spool.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace muster::net::http::internal {

struct Spool::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Bytes result = Bytes(32);
  Digest() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Digest() { EVP_MD_CTX_free(context); }
};

Spool::Spool(std::filesystem::path path, int fd)
    : path_(std::move(path)), fd_(fd), digest_(std::make_unique<Digest>()) {}

Spool::~Spool() {
  ::close(fd_);
  if (!kept_) ::unlink(path_.c_str());
}

Result<std::unique_ptr<Spool>> Spool::open(const std::filesystem::path& folder) {
  std::string name = (folder / ".incoming-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0)
    return fail(Fault::unavailable,
                "a body cannot be kept in " + folder.string() + ": " + std::strerror(errno));
  return std::unique_ptr<Spool>(new Spool(name, fd));
}

Result<void> Spool::write(ByteView bytes) {
  EVP_DigestUpdate(digest_->context, bytes.data(), bytes.size());
  size_ += bytes.size();
  while (!bytes.empty()) {
    const auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(Fault::unavailable,
                  std::string("the body cannot be kept: ") + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> Spool::keep() {
  if (::fsync(fd_) != 0)
    return fail(Fault::unavailable,
                std::string("the body cannot be kept: ") + std::strerror(errno));
  EVP_DigestFinal_ex(digest_->context, digest_->result.data(), nullptr);
  kept_ = true;
  return {};
}

Bytes Spool::sha256() const {
  return digest_->result;
}

}  // namespace muster::net::http::internal
