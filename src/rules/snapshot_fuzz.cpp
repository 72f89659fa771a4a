#include <cstdlib>

#include "rules/internal/snapshot.h"
#include "rules/rules.h"

using namespace muster;
using namespace muster::rules;

namespace {

Rules fresh(const Schema& schema) {
  Rules rules(schema, instant(1'700'000'000'000));
  for (
      const char* document :
      {R"({"rule": "a", "by": "device.id", "window": {"kind": "sliding", "size": "4s", "step": "2s"},
            "aggregates": {"m": {"fn": "mean", "of": "metrics.voltage"},
                           "d": {"fn": "distinct", "of": "metrics.voltage", "most": 3}},
            "raise": "m > 1.0 && d > 0", "hold_for": "2s"})",
       R"({"rule": "b", "by": "device.id", "window": {"kind": "session", "gap": "2s"},
            "raise": "events > 1", "missing": {"policy": "alert", "after": "5s"}})"})
    expect(rules.put(expect(wire::parse_json(document))));
  return rules;
}

}  // namespace

// Whatever reads goes on: its check is made good here, so that the fuzzer gets past it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const Schema schema = expect(device_schema({.metrics = {{"voltage", {}}}}));
  Rules rules = fresh(schema);
  Bytes state(bytes, bytes + count);
  const std::uint64_t sum = sum_of(state);
  for (int i = 0; i < 8; ++i) state.push_back(static_cast<std::uint8_t>(sum >> (8 * i)));
  auto restored = rules.restore(state);
  if (!restored) return restored.error().message.empty() ? std::abort(), 0 : 0;
  std::vector<Value> slots(schema.size());
  slots[*schema.find("device.id")] = Value::of(std::string_view("m-1"));
  slots[*schema.find("metrics.voltage")] = Value::of(230.5);
  for (int i = 0; i < 4; ++i) {
    rules.feed({rules.now() + 1s * i, slots});
    rules.advance(rules.now() + 1s);
  }
  Rules again = fresh(schema);
  if (!again.restore(rules.snapshot())) std::abort();
  return 0;
}
