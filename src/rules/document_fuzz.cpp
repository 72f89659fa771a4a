#include <cstdlib>

#include "base/bytes.h"
#include "rules/rules.h"

using namespace muster;
using namespace muster::rules;

// A document that is taken stays within what it may hold, and its rule answers events.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const Schema schema = expect(device_schema({.metrics = {{"voltage", {}}}}));
  auto json = wire::parse_json(text_of(ByteView(bytes, count)), {.bytes = 64 << 10, .depth = 16});
  if (!json) return 0;
  auto rule = Rule::parse(*json, schema);
  if (!rule) return rule.error().message.empty() ? std::abort(), 0 : 0;
  if (rule->octets_a_key() * rule->keys > Rule::most_octets) std::abort();
  Rules rules(schema, instant(0));
  expect(rules.put(*json));
  std::vector<Value> slots(schema.size());
  slots[*schema.find("device.id")] = Value::of(std::string_view("m-1"));
  slots[*schema.find("metrics.voltage")] = Value::of(230.5);
  for (int i = 0; i < 8; ++i) {
    rules.feed({instant(i * 700), slots});
    rules.advance(instant(i * 1000));
  }
  const Bytes state = rules.snapshot();
  expect(rules.restore(state));
  if (rules.snapshot() != state) std::abort();
  return 0;
}
