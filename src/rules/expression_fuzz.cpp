#include "rules/expression.h"

#include <cstdlib>

#include "base/bytes.h"
#include "rules/event.h"

using namespace muster;
using namespace muster::rules;

// What compiles, checked or not, gives a value of its type or an error, twice the same, for an
// event that is there and for one that is not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const Schema schema = expect(device_schema({.metrics = {{"voltage", {}}}}));
  static const wire::Json event = expect(wire::parse_json(
      R"({"at": 1700000000000, "device": {"id": "m-1", "groups": ["a", "b"]},
          "labels": {"site": "x"}, "metrics": {"voltage": 230.5}, "octets": 7})"));
  static Scratch input(4096), scratch;
  input.clear();
  std::vector<Value> slots(schema.size());
  bind_event(event, schema, slots, input);
  const auto text = text_of(ByteView(bytes, count));
  for (bool strict : {true, false}) {
    auto e = Expression::compile(text, schema, {.strict = strict});
    if (!e) {
      if (e.error().message.empty()) std::abort();
      continue;
    }
    for (bool there : {true, false}) {
      const std::span<const Value> seen =
          there ? std::span<const Value>(slots) : std::span<const Value>();
      scratch.clear();
      const std::string first = show(e->evaluate(seen, scratch));
      scratch.clear();
      if (show(e->evaluate(seen, scratch)) != first) std::abort();
    }
  }
  return 0;
}
