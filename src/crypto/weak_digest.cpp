#include "crypto/weak_digest.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <new>
#include <vector>

#include "base/bytes.h"
#include "crypto/internal/openssl.h"

namespace muster::crypto {
namespace {

constexpr std::size_t piece = 256 * 1024;

DigestContextHandle started(const EVP_MD* digest) {
  DigestContextHandle context{EVP_MD_CTX_new()};
  if (!context || EVP_DigestInit_ex(context.get(), digest, nullptr) != 1) throw std::bad_alloc();
  return context;
}

std::string finished(EVP_MD_CTX* context) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context, out.data(), &size);
  return to_hex(ByteView(out).first(size));
}

}  // namespace

Result<WeakDigests> weak_digests(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Fault::missing, "cannot read " + file.string());
  const auto sha1 = started(EVP_sha1()), md5 = started(EVP_md5());
  std::vector<char> buffer(piece);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    const auto size = static_cast<std::size_t>(in.gcount());
    EVP_DigestUpdate(sha1.get(), buffer.data(), size);
    EVP_DigestUpdate(md5.get(), buffer.data(), size);
  }
  if (in.bad()) return fail(Fault::unavailable, "cannot read all of " + file.string());
  return WeakDigests{finished(sha1.get()), finished(md5.get())};
}

}  // namespace muster::crypto
