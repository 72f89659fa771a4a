// wire/internal/mqtt_reader -- takes the fields of one MQTT packet from its bytes.
//
// The first fault sticks, and empties the input; each later call returns zero, so that a packet is
// read in one go and checked once. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "wire/internal/text.h"
#include "wire/mqtt_reason.h"

namespace muster::wire::mqtt {

class Reader {
 public:
  explicit Reader(ByteView in) : at_(in.data()), end_(in.data() + in.size()) {}

  bool ok() const { return !field_; }
  const char* field() const { return field_; }  // texts of the program: nothing is freed
  const char* fault() const { return fault_; }
  Reason reason() const { return reason_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  void refuse(const char* field, const char* fault, Reason reason = Reason::malformed_packet) {
    if (field_) return;
    field_ = field;
    fault_ = fault;
    reason_ = reason;
    at_ = end_;
  }

  std::uint8_t byte(const char* field) {
    if (!has(1, field)) return 0;
    return *at_++;
  }
  std::uint16_t two(const char* field) {
    if (!has(2, field)) return 0;
    at_ += 2;
    return static_cast<std::uint16_t>(at_[-2] << 8 | at_[-1]);
  }
  std::uint32_t four(const char* field) {
    std::uint32_t high = two(field);
    return high << 16 | two(field);
  }
  // A variable byte integer (section 1.5.5).
  std::uint32_t varint(const char* field) {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      std::uint8_t b = byte(field);
      value |= static_cast<std::uint32_t>(b & 0x7f) << shift;
      if (b & 0x80) continue;
      if (shift && !b && ok()) refuse(field, "is not in its shortest form [MQTT-1.5.5-1]");
      return value;
    }
    refuse(field, "is longer than four bytes");
    return 0;
  }
  ByteView bytes(std::size_t count, const char* field) {
    if (!has(count, field)) return {};
    at_ += count;
    return {at_ - count, count};
  }
  ByteView binary(const char* field) {
    std::size_t count = two(field);
    return bytes(count, field);
  }
  std::string_view unchecked_text(const char* field) { return text_of(binary(field)); }
  std::string_view text(const char* field) {
    std::string_view s = unchecked_text(field);
    if (const char* fault = fault_of_text(s)) refuse(field, fault);
    return s;
  }
  ByteView rest() {
    ByteView all(at_, left());
    at_ = end_;
    return all;
  }

 private:
  bool has(std::size_t count, const char* field) {
    if (left() >= count) [[likely]]
      return true;
    refuse(field, "is cut short");
    return false;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const char* field_ = nullptr;
  const char* fault_ = nullptr;
  Reason reason_ = Reason::malformed_packet;
};

}  // namespace muster::wire::mqtt
