// pkcs11/internal/pin -- a PIN, read from its file when it is needed and wiped after it. Any
// thread.
#pragma once

#include <array>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::pkcs11 {

class Pin {
 public:
  // Without the end of its line. Refused: a file that everybody may read, an empty one, one of more
  // than 255 octets.
  static Result<Pin> read(const std::string& file);
  Pin(Pin&&) noexcept;
  ~Pin();
  ByteView octets() const { return ByteView(octets_).first(size_); }

 private:
  Pin() = default;
  std::array<std::uint8_t, 258> octets_{};
  std::size_t size_ = 0;
};

}  // namespace muster::pkcs11
