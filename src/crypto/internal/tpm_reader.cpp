#include "crypto/internal/tpm_reader.h"

namespace muster::crypto::tpm {

Result<ByteView> Reader::octets(std::size_t count, const char* what) {
  if (left_.size() < count)
    return fail(Fault::invalid, std::string(what) + ": cut short; " + std::to_string(count) +
                                    " octets are announced and " + std::to_string(left_.size()) +
                                    " are there");
  const ByteView out = left_.first(count);
  left_ = left_.subspan(count);
  return out;
}

Result<std::uint64_t> Reader::integer(std::size_t width, const char* what) {
  TRY(const ByteView in, octets(width, what));
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < width; ++i)
    out = out << 8 | in[order_ == Order::big ? i : width - 1 - i];
  return out;
}

Result<std::uint8_t> Reader::u8(const char* what) {
  TRY(const auto value, integer(1, what));
  return static_cast<std::uint8_t>(value);
}

Result<std::uint16_t> Reader::u16(const char* what) {
  TRY(const auto value, integer(2, what));
  return static_cast<std::uint16_t>(value);
}

Result<std::uint32_t> Reader::u32(const char* what) {
  TRY(const auto value, integer(4, what));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> Reader::u64(const char* what) {
  return integer(8, what);
}

Result<ByteView> Reader::sized(std::size_t max, const char* what) {
  TRY(const std::uint16_t size, u16(what));
  if (size > max)
    return fail(Fault::invalid, std::string(what) + ": " + std::to_string(size) +
                                    " octets where at most " + std::to_string(max) + " are taken");
  return octets(size, what);
}

Result<void> Reader::end(const char* what) const {
  if (left_.empty()) return {};
  return fail(Fault::invalid, std::string(what) + ": " + std::to_string(left_.size()) +
                                  " octets follow where it should end");
}

}  // namespace muster::crypto::tpm
