// crypto/sha512 -- SHA-512, while streaming, for what others hash with it. Any thread.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"

namespace muster::crypto {

class Sha512 {
 public:
  Sha512();
  ~Sha512();
  void update(ByteView);
  std::array<std::uint8_t, 64> finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::crypto
