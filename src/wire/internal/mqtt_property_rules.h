// wire/internal/mqtt_property_rules -- which property may be where, and how it is spelled. Pure;
// any thread.
#pragma once

#include <cstdint>

#include "wire/internal/mqtt_reader.h"
#include "wire/mqtt.h"

namespace muster::wire::mqtt {

// A packet type's place is its own number; the will's properties lie inside CONNECT.
enum class Place : std::uint8_t { will = 0 };
constexpr Place place_of(PacketType t) {
  return static_cast<Place>(t);
}

// Takes the length and the properties of one place, and holds them to every rule.
Properties take_properties(Reader&, Place);

}  // namespace muster::wire::mqtt
