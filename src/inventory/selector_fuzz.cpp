#include <cstdlib>

#include "base/bytes.h"
#include "inventory/inventory.h"

using namespace muster;
using namespace muster::inventory;

// What parses answers for any device, and reads the same from its own text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  auto selector = Selector::parse(text_of(ByteView(bytes, count)));
  if (!selector) return selector.error().message.empty() ? std::abort(), 0 : 0;
  Device device;
  device.id = expect(DeviceId::parse("m-1"));
  device.model = expect(ModelId::parse("meter-1"));
  device.groups = {"a", "north"};
  device.firmware = "1.2.0";
  const bool answer = selector->matches(device);
  auto again = Selector::parse(selector->text());
  if (!again || again->matches(device) != answer) std::abort();
  return 0;
}
