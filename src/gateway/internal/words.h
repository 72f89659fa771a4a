// gateway/words -- sentences on their way to a client. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace muster::gateway {

// The front of a text in UTF-8, at most so many octets, and no character cut in two: a client must
// refuse a packet with half a character in it [MQTT-1.5.4-1].
inline std::string_view shortened(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return text;
  while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xc0) == 0x80) --octets;
  return text.substr(0, octets);
}

}  // namespace muster::gateway
