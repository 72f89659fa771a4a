#include "crypto/certificate_file.h"

#include "base/file.h"

namespace muster::crypto {

Result<Certificate> read_certificate(const std::filesystem::path& path) {
  TRY(const auto text, read_file(path, 1 << 20));
  auto found = parse_certificates_pem(text);
  if (!found) {
    found.error().message = path.string() + ": " + found.error().message;
    return std::unexpected(std::move(found).error());
  }
  return std::move(found->front());
}

}  // namespace muster::crypto
