// What an event costs: read from JSON and filtered; through 300 rules; and what 10,000 rules hold.
#include "rules/rules.h"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "rules/event.h"

namespace muster::rules {
namespace {

Schema meters() {
  return expect(
      device_schema({.metrics = {{"voltage", {}}, {"current", {}}, {"temperature", {}}}}));
}

const char* const reading =
    R"({"at": 1700000000000, "device": {"id": "meter-004711", "model": "meter-2", "site": "harbour",
        "groups": ["north", "pilot"]}, "topic": "m/meter-004711/readings", "octets": 214,
        "metrics": {"voltage": 231.4, "current": 12.5, "temperature": 41.0}})";

const char* const filter =
    "device.model.startsWith('meter-') && has(metrics.voltage) && "
    "(metrics.voltage < 207.0 || metrics.voltage > 253.0 || metrics.temperature > 85.0)";

// Parse the text, bind what it holds, ask the filter: everything per event.
void filter_on_json(benchmark::State& state) {
  const Schema schema = meters();
  auto e = expect(Expression::compile(filter, schema));
  std::vector<Value> slots(schema.size());
  Scratch input(8192), scratch;
  for (auto _ : state) {
    input.clear();
    scratch.clear();
    const wire::Json json = expect(wire::parse_json(reading));
    bind_event(json, schema, slots, input);
    benchmark::DoNotOptimize(e.evaluate(slots, scratch).is_true());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(filter_on_json);

void filter_alone(benchmark::State& state) {
  const Schema schema = meters();
  auto e = expect(Expression::compile(filter, schema));
  std::vector<Value> slots(schema.size());
  Scratch input(8192), scratch;
  const wire::Json json = expect(wire::parse_json(reading));
  bind_event(json, schema, slots, input);
  for (auto _ : state) benchmark::DoNotOptimize(e.evaluate(slots, scratch).is_true());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(filter_alone);

std::string document(int i) {
  const std::string n = std::to_string(i);
  return R"J({"rule": "rule-)J" + n + R"J(", "by": "device.id", "severity": "high",
    "when": "device.model == 'meter-)J" +
         std::to_string(i % 10) + R"J(' && has(metrics.voltage)",
    "window": {"kind": "tumbling", "size": "1m"},
    "aggregates": {"mean": {"fn": "mean", "of": "metrics.voltage"}},
    "raise": "events >= 3 && mean > )J" +
         n + R"J(.5"})J";
}

// 300 rules, a tenth of which match, fed 500 events a second by 1,000 devices, one minute of them.
void three_hundred_rules(benchmark::State& state) {
  const Schema schema = meters();
  Rules rules(schema, instant(1'700'000'000'000));
  for (int i = 0; i < 300; ++i) expect(rules.put(expect(wire::parse_json(document(i)))));
  std::vector<Value> slots(schema.size());
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("meter-" + std::to_string(i));
  slots[*schema.find("device.model")] = Value::of(std::string_view("meter-2"));
  slots[*schema.find("metrics.voltage")] = Value::of(231.4);
  const auto id = *schema.find("device.id");
  std::int64_t n = 0;
  for (auto _ : state) {
    slots[id] = Value::of(std::string_view(names[static_cast<std::size_t>(n % 1000)]));
    rules.feed({instant(1'700'000'000'000 + n * 2), slots});
    if (++n % 500 == 0) {
      rules.advance(instant(1'700'000'000'000 + n * 2));
      benchmark::DoNotOptimize(rules.take());
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["core_at_500_a_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()) / 500.0,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(three_hundred_rules);

void ten_thousand_rules(benchmark::State& state) {
  const Schema schema = meters();
  double each = 0;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    Rules rules(schema, instant(0));
    for (int i = 0; i < 10'000; ++i) expect(rules.put(expect(wire::parse_json(document(i)))));
    each = static_cast<double>(mallinfo2().uordblks - before) / 10'000;
  }
  state.counters["octets_a_rule"] = each;
}
BENCHMARK(ten_thousand_rules)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::rules
