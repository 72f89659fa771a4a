#include <cstdlib>

#include "base/bytes.h"
#include "wire/mqtt.h"

using namespace muster;
using namespace muster::wire::mqtt;

namespace {

void read_all(const Properties& p) {
  for (int id = 0; id < 0x2b; ++id) {
    p.number(static_cast<Property>(id));
    p.text(static_cast<Property>(id));
    p.binary(static_cast<Property>(id));
  }
  p.user();
}

// What is written again is read again, and from then on the bytes no longer change.
void round_trip(const Packet& packet, Version version) {
  Bytes first, second;
  if (!append(first, packet, version)) std::abort();
  auto again = decode(first, version, {.packet_max = first.size()});
  if (!again || !*again || (*again)->size != first.size()) std::abort();
  if (!append(second, (*again)->packet, version) || first != second) std::abort();
}

}  // namespace

// The first byte chooses the version; then come packets until one is refused or is cut short.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  Version version = bytes[0] & 1 ? Version::v5 : Version::v3_1_1;
  ByteView in(bytes + 1, count - 1);
  for (;;) {
    auto decoded = decode(in, version);
    if (!decoded || !*decoded) return 0;
    auto& [packet, size] = **decoded;
    if (size == 0 || size > in.size()) std::abort();
    std::visit(
        [](const auto& p) {
          if constexpr (requires { p.properties; }) read_all(p.properties);
        },
        packet);
    if (auto* connect = std::get_if<Connect>(&packet)) version = connect->version;
    round_trip(packet, version);
    in = in.subspan(size);
  }
}
