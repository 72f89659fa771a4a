// crypto/internal/tpm_reader -- a bounded reader of what TPMs (big endian) and firmware (little
// endian) marshal: integers, octets and sized buffers, without tags.
//
// It hands out views into its input and allocates nothing but the words of a refusal. Pure; any
// thread.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::crypto::tpm {

enum class Order { big, little };

// `what` names the field for the person who reads a refusal; it outlives the call only.
class Reader {
 public:
  explicit Reader(ByteView in, Order order = Order::big) : left_(in), order_(order) {}

  bool empty() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

  Result<std::uint8_t> u8(const char* what);
  Result<std::uint16_t> u16(const char* what);
  Result<std::uint32_t> u32(const char* what);
  Result<std::uint64_t> u64(const char* what);
  Result<ByteView> octets(std::size_t count, const char* what);
  Result<ByteView> sized(std::size_t max, const char* what);  // TPM2B: 16 bits of size, and octets
  Result<void> end(const char* what) const;                   // refuses what is left

 private:
  Result<std::uint64_t> integer(std::size_t width, const char* what);

  ByteView left_;
  Order order_;
};

inline void write_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void write_octets(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}
inline void write_sized(Bytes& out, ByteView octets) {  // TPM2B
  write_u16(out, octets.size());
  write_octets(out, octets);
}

}  // namespace muster::crypto::tpm
