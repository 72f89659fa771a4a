// crypto/hash -- SHA-256 and HMAC-SHA-256, and comparing without a clock in it. Any thread.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace muster::crypto {

using Hash = std::array<std::uint8_t, 32>;

Hash sha256(ByteView);
Hash sha256(ByteView first, ByteView second);  // of the two joined
Hash hmac_sha256(ByteView key, ByteView message);
bool equal_in_constant_time(ByteView, ByteView);  // false at once when lengths differ

class Sha256 {  // while streaming
 public:
  Sha256();
  ~Sha256();
  void update(ByteView);
  Hash finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::crypto
