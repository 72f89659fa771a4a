// wire/internal/mqtt_writer -- puts the fields of an MQTT packet behind a buffer's end. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace muster::wire::mqtt {

inline void put_two(Bytes& out, std::uint16_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v));
}
inline void put_four(Bytes& out, std::uint32_t v) {
  put_two(out, static_cast<std::uint16_t>(v >> 16));
  put_two(out, static_cast<std::uint16_t>(v));
}
inline void put_varint(Bytes& out, std::uint32_t v) {
  while (v > 0x7f) {
    out.push_back(static_cast<std::uint8_t>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(v));
}
inline void put_bytes(Bytes& out, ByteView v) {
  out.insert(out.end(), v.begin(), v.end());
}
// At most 65535 bytes are put: the caller has checked, or means it.
inline void put_binary(Bytes& out, ByteView v) {
  if (v.size() > 65535) v = v.first(65535);
  put_two(out, static_cast<std::uint16_t>(v.size()));
  put_bytes(out, v);
}
inline void put_text(Bytes& out, std::string_view v) {
  put_binary(out, bytes_of(v));
}

}  // namespace muster::wire::mqtt
