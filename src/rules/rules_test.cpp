#include "rules/rules.h"

#include <catch2/catch.hpp>

#include "base/random.h"
#include "rules/event.h"

using namespace muster;
using namespace muster::rules;

namespace {

constexpr std::int64_t start_ms = 1'700'000'040'000;  // a whole minute

Schema meters() {
  return expect(device_schema({.metrics = {{"temperature", {}}, {"port", {Kind::integer}}}}));
}

// Rules that are fed by seconds after the start, and tell what they say as text.
struct Bench {
  Schema schema = meters();
  Rules rules{schema, instant(start_ms)};
  std::vector<Value> slots = std::vector<Value>(schema.size());

  explicit Bench(std::string_view rest) { put(rest); }
  void put(std::string_view rest) {
    const std::string text = R"({"rule": "r", "by": "device.id", )" + std::string(rest) + "}";
    auto put = rules.put(expect(wire::parse_json(text)));
    INFO((put ? "" : put.error().field + put.error().message));
    REQUIRE(put);
  }
  void feed(double second, const char* device, double temperature, std::int64_t port = 0) {
    set("device.id", Value::of(std::string_view(device)));
    set("metrics.temperature", Value::of(temperature));
    set("metrics.port", Value::of(port));
    if (second < 1e6) rules.advance(at(second));  // never goes back
    rules.feed({at(second), slots});
  }
  void set(std::string_view name, Value v) { slots[*schema.find(name)] = v; }
  static Instant at(double second) {
    return instant(start_ms + static_cast<std::int64_t>(second * 1000));
  }
  // "raised m-1 @60": what was said since the last time, up to this second.
  std::string until(double second) {
    rules.advance(at(second));
    std::string out;
    for (const Verdict& v : rules.take())
      out += (out.empty() ? "" : ", ") + std::string(name_of(v.change)) + " " + v.key + " @" +
             std::to_string((millis(v.at) - start_ms) / 1000);
    return out;
  }
};

}  // namespace

TEST_CASE("without a window each event is judged by itself") {
  Bench b(R"("raise": "metrics.temperature > 80.0")");
  b.feed(1, "m-1", 70);
  b.feed(2, "m-1", 90);
  b.feed(3, "m-1", 95);
  b.feed(3, "m-2", 60);
  b.feed(4, "m-1", 60);
  CHECK(b.until(5) == "raised m-1 @2, cleared m-1 @4");
  CHECK(b.rules.counts("r")->matched == 5);
}

TEST_CASE("hold_for asks that it stays true, and one false event begins anew") {
  Bench b(R"("raise": "metrics.temperature > 80.0", "hold_for": "10s")");
  b.feed(0, "m-1", 90);
  b.feed(5, "m-1", 90);
  b.feed(6, "m-1", 70);
  b.feed(7, "m-1", 90);
  b.feed(16, "m-1", 90);
  CHECK(b.until(16) == "");
  b.feed(17, "m-1", 90);
  CHECK(b.until(17) == "raised m-1 @17");
}

TEST_CASE("clear_when keeps an alert until the value is well below") {
  Bench b(R"("raise": "metrics.temperature > 80.0", "clear_when": "metrics.temperature < 70.0")");
  b.feed(1, "m-1", 81);
  b.feed(2, "m-1", 79);
  b.feed(3, "m-1", 81);
  b.feed(4, "m-1", 69);
  CHECK(b.until(5) == "raised m-1 @1, cleared m-1 @4");
}

TEST_CASE("a tumbling window is judged once its end and the lateness have passed") {
  Bench b(R"("window": {"kind": "tumbling", "size": "1m"}, "lateness": "10s",
             "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"}},
             "raise": "events >= 3 && mean > 80.0")");
  b.feed(1, "m-1", 90);
  b.feed(2, "m-1", 90);
  CHECK(b.until(69) == "");
  b.feed(59, "m-1", 90);  // late, but not too late
  CHECK(b.until(70) == "raised m-1 @60");
  b.feed(58, "m-1", 0);
  CHECK(b.rules.counts("r")->late == 1);
  b.feed(65, "m-1", 10);
  CHECK(b.until(130) == "cleared m-1 @120");
}

TEST_CASE("the order of events within the lateness does not matter") {
  std::vector<std::pair<double, double>> events;
  SeededRandom random(7);
  for (int i = 0; i < 40; ++i) events.emplace_back(i, static_cast<double>(random.below(100)));
  std::string first;
  for (int round = 0; round < 5; ++round) {
    Bench b(R"J("window": {"kind": "sliding", "size": "20s", "step": "5s"}, "lateness": "40s",
               "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"},
                 "low": {"fn": "min", "of": "metrics.temperature"},
                 "top": {"fn": "max", "of": "metrics.temperature"},
                 "end": {"fn": "last", "of": "metrics.temperature"},
                 "rise": {"fn": "rate", "of": "metrics.temperature"}},
               "raise": "mean > 50.0 || (low < 5.0 && top > 90.0 && end > 40.0 && rise > 0.0)")J");
    b.rules.advance(Bench::at(39));
    for (auto [at, value] : events) b.feed(at, "m-1", value);
    const std::string said = b.until(200);
    CHECK(said.size() > 10);
    if (round == 0) first = said;
    CHECK(said == first);
    for (std::size_t i = events.size(); i > 1; --i)
      std::swap(events[i - 1], events[random.below(i)]);
  }
}

TEST_CASE("a sliding window sees a burst that a tumbling one would cut in two") {
  Bench b(R"("window": {"kind": "sliding", "size": "1m", "step": "10s"}, "raise": "events >= 6")");
  for (int s = 55; s < 65; s += 2) b.feed(s, "m-1", 0);
  b.feed(64, "m-1", 0);
  CHECK(b.until(70) == "raised m-1 @70");
  CHECK(b.until(200) == "cleared m-1 @120");
}

TEST_CASE("a session ends when events stay away for longer than its gap") {
  Bench b(R"("window": {"kind": "session", "gap": "30s", "longest": "10m"},
             "aggregates": {"sum": {"fn": "sum", "of": "metrics.temperature"}},
             "raise": "sum > 10.0")");
  b.feed(0, "m-1", 4);
  b.feed(25, "m-1", 4);
  b.feed(50, "m-1", 4);
  CHECK(b.until(79) == "");
  CHECK(b.until(80) == "raised m-1 @50");
  b.feed(81, "m-1", 1);
  b.feed(120, "m-1", 1);  // closes the one before
  CHECK(b.until(120) == "cleared m-1 @81");
}

TEST_CASE("a count window is judged at its last event") {
  Bench b(R"("window": {"kind": "count", "events": 3},
             "aggregates": {"hot": {"fn": "count", "of": "metrics.temperature > 80.0"}},
             "raise": "hot >= 2")");
  for (double t : {90.0, 10.0, 90.0, 10.0, 10.0}) b.feed(t, "m-1", t);
  CHECK(b.until(90) == "raised m-1 @90");
  b.feed(91, "m-1", 10);
  CHECK(b.until(91) == "cleared m-1 @91");
}

TEST_CASE("an early rule does not wait for the end of its window") {
  Bench b(R"("window": {"kind": "tumbling", "size": "1m"}, "early": true,
             "aggregates": {"ports": {"fn": "distinct", "of": "metrics.port", "most": 8}},
             "raise": "ports >= 5")");
  for (int i = 0; i < 20; ++i) b.feed(i, "m-1", 0, i % 4);
  CHECK(b.until(20) == "");
  b.feed(21, "m-1", 0, 99);
  CHECK(b.until(21) == "raised m-1 @21");
}

TEST_CASE("distinct counts as far as it may, and no further") {
  Bench b(R"("window": {"kind": "count", "events": 50},
             "aggregates": {"ports": {"fn": "distinct", "of": "metrics.port", "most": 8}},
             "raise": "ports == 8")");
  for (int i = 0; i < 50; ++i) b.feed(i, "m-1", 0, i);
  CHECK(b.until(50) == "raised m-1 @49");
}

TEST_CASE("silence is nothing, is an alert, or keeps what is, as the rule says") {
  const std::string window =
      R"("window": {"kind": "tumbling", "size": "10s"}, "raise": "events > 0")";
  SECTION("ignore: the next empty window ends the alert") {
    Bench b(window);
    b.feed(1, "m-1", 0);
    CHECK(b.until(100) == "raised m-1 @10, cleared m-1 @20");
  }
  SECTION("keep: nothing changes until it is heard of again") {
    Bench b(window + R"(, "missing": {"policy": "keep"})");
    b.feed(1, "m-1", 0);
    CHECK(b.until(100'000) == "raised m-1 @10");
  }
  SECTION("keep: a hold goes on in silence") {
    Bench b(
        R"("raise": "metrics.temperature > 80.0", "hold_for": "30s", "missing": {"policy": "keep"})");
    b.feed(1, "m-1", 90);
    CHECK(b.until(30) == "");
    CHECK(b.until(31) == "raised m-1 @31");
  }
  SECTION("alert: silence has its own beginning and end, said once") {
    Bench b(R"("raise": "false", "missing": {"policy": "alert", "after": "1m"})");
    b.feed(1, "m-1", 0);
    CHECK(b.until(60) == "");
    CHECK(b.until(61) == "silent m-1 @61");
    CHECK(b.until(100'000) == "");
    b.feed(100'000, "m-1", 0);
    CHECK(b.until(100'001) == "back m-1 @100000");
  }
  SECTION("ignore with a time: an alert of single events ends by itself") {
    Bench b(
        R"("raise": "metrics.temperature > 80.0", "missing": {"policy": "ignore", "after": "1m"})");
    b.feed(1, "m-1", 90);
    CHECK(b.until(61) == "raised m-1 @1, cleared m-1 @61");
  }
}

TEST_CASE("one device's wrong clock costs that device only") {
  Bench b(R"("window": {"kind": "tumbling", "size": "10s"}, "raise": "events > 0")");
  b.feed(1e8, "m-9", 0);
  b.feed(1, "m-1", 0);
  CHECK(b.until(10) == "raised m-1 @10");
  CHECK(b.rules.counts("r")->ahead == 1);
}

TEST_CASE("an event of a device in several groups counts for each") {
  Schema schema = meters();
  Rules rules(schema, instant(start_ms));
  REQUIRE(rules.put(expect(wire::parse_json(
      R"({"rule": "g", "by": "device.groups", "window": {"kind": "count", "events": 2}, "raise": "true"})"))));
  std::vector<Value> slots(schema.size());
  const Value both[] = {Value::of(std::string_view("north")), Value::of(std::string_view("south"))};
  slots[*schema.find("device.groups")] = Value::list(both);
  rules.feed({instant(start_ms), slots});
  slots[*schema.find("device.groups")] = Value::list({both, 1});
  rules.feed({instant(start_ms), slots});
  auto said = rules.take();
  REQUIRE(said.size() == 1);
  CHECK(said[0].key == "north");
  CHECK(wire::to_text(to_json(said[0])).find(R"("values":{"events":2})") != std::string::npos);
}

TEST_CASE("keys are bounded, and one that is idle makes room") {
  Bench b(R"("raise": "metrics.temperature > 80.0", "keys": 2, "forget": "1m")");
  b.feed(1, "a", 0);
  b.feed(1, "b", 90);
  b.feed(2, "c", 90);
  CHECK(b.rules.counts("r")->refused_keys == 1);
  CHECK(b.until(61) == "raised b @1");
  CHECK(b.rules.keys("r") == 1);  // b is in alert and stays
  b.feed(62, "c", 90);
  CHECK(b.until(62) == "raised c @62");
  b.rules.forget("b");
  CHECK(b.rules.keys("r") == 1);
}

TEST_CASE("the beginning of a count that does not go on is forgotten") {
  Bench b(R"("window": {"kind": "count", "events": 3}, "raise": "true", "forget": "1m")");
  b.feed(1, "a", 0);
  CHECK(b.until(60) == "");
  CHECK(b.rules.keys("r") == 1);
  CHECK(b.until(61) == "");
  CHECK(b.rules.keys("r") == 0);
}

TEST_CASE("an evaluation that fails is neither yes nor no, and is counted with its place") {
  Bench b(R"("raise": "1.0 / metrics.temperature > 0.1 && 10 / metrics.port > 0")");
  b.feed(1, "m-1", 1, 2);
  b.feed(2, "m-1", 1, 0);
  CHECK(b.until(3) == "raised m-1 @1");
  CHECK(b.rules.firing("r", "m-1"));
  CHECK(b.rules.counts("r")->errors == 1);
  CHECK(b.rules.counts("r")->last_trouble == Trouble::divided);
}

TEST_CASE("a restart at any moment neither forgets nor repeats a verdict") {
  const std::vector<std::string> documents = {
      R"("window": {"kind": "sliding", "size": "20s", "step": "5s"}, "lateness": "3s",
         "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"},
                        "ports": {"fn": "distinct", "of": "metrics.port", "most": 6}},
         "raise": "mean > 45.0 && ports > 3", "hold_for": "10s", "clear_when": "mean < 40.0")",
      R"("window": {"kind": "session", "gap": "4s"}, "raise": "events > 2")",
      R"("window": {"kind": "count", "events": 7}, "early": true,
         "aggregates": {"rate": {"fn": "rate", "of": "metrics.temperature"}}, "raise": "rate > 5.0")",
      R"("raise": "metrics.temperature > 60.0", "hold_for": "3s",
         "missing": {"policy": "alert", "after": "8s"}, "forget": "20s")",
      R"("raise": "metrics.temperature > 60.0", "hold_for": "3s", "missing": {"policy": "keep"})"};
  for (const std::string& document : documents) {
    INFO(document);
    Bench whole(document);
    auto broken = std::make_unique<Bench>(document);
    SeededRandom random(11);
    std::string one, other;
    for (int i = 0; i < 400; ++i) {
      const double at = i * 0.7 - static_cast<double>(random.below(4));
      const std::string device = "m-" + std::to_string(random.below(i % 90 < 45 ? 2 : 12));
      const auto value = static_cast<double>(random.below(100));
      const auto port = static_cast<std::int64_t>(random.below(8));
      whole.feed(at, device.c_str(), value, port);
      broken->feed(at, device.c_str(), value, port);
      const auto collect = [&](Bench& b, std::string& into) {
        b.rules.advance(Bench::at(i * 0.7));
        for (const Verdict& v : b.rules.take()) into += wire::to_text(to_json(v)) + "\n";
      };
      collect(whole, one);
      collect(*broken, other);
      if (i % 7 == 0) {
        const Bytes state = broken->rules.snapshot();
        broken = std::make_unique<Bench>(document);
        const Restored restored = expect(broken->rules.restore(state));
        REQUIRE(restored.rules == 1);
        REQUIRE(broken->rules.snapshot() == state);
      }
    }
    CHECK(std::count(one.begin(), one.end(), '\n') > 3);
    CHECK(one == other);
  }
}

TEST_CASE("a snapshot of another rule, or a damaged one, is not taken") {
  Bench b(R"("raise": "metrics.temperature > 80.0")");
  b.feed(1, "m-1", 90);
  CHECK(b.until(1) == "raised m-1 @1");
  Bytes state = b.rules.snapshot();

  Bench changed(R"("raise": "metrics.temperature > 81.0")");
  CHECK(expect(changed.rules.restore(state)).changed == std::vector<std::string>{"r"});
  CHECK(!changed.rules.firing("r", "m-1"));
  changed.feed(2, "m-1", 90);
  changed.rules.advance(Bench::at(2));
  CHECK(changed.rules.take().at(0).number == 2);  // numbers go on

  state[state.size() / 2] ^= 1;
  CHECK(b.rules.restore(state).error().fault == Fault::corrupt);
  CHECK(b.rules.firing("r", "m-1"));
}

TEST_CASE("the same document again changes nothing, another one begins without memory") {
  Bench b(R"("raise": "metrics.temperature > 80.0")");
  b.feed(1, "m-1", 90);
  CHECK(b.until(1) == "raised m-1 @1");
  b.put(R"("raise": "metrics.temperature > 80.0")");
  CHECK(b.rules.firing("r", "m-1"));
  b.put(R"("raise": "metrics.temperature > 85.0")");
  CHECK(!b.rules.firing("r", "m-1"));
  CHECK(b.rules.remove("r"));
  CHECK(b.rules.list().empty());
}

TEST_CASE("a dry run says what a rule would have said of recorded events") {
  std::vector<wire::Json> events;
  for (int i = 0; i < 30; ++i)
    events.push_back(expect(wire::parse_json(R"({"at": )" + std::to_string(start_ms + i * 1000) +
                                             R"(, "device": {"id": "m-1"},
            "metrics": {"temperature": )" + std::to_string(i > 10 ? 90 : 20) +
                                             "}}")));
  events.push_back(expect(wire::parse_json(R"({"device": {"id": "m-1"}})")));
  const auto rule = expect(wire::parse_json(
      R"({"rule": "hot", "by": "device.id", "window": {"kind": "tumbling", "size": "10s"},
          "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"}}, "raise": "mean > 80.0"})"));
  const DryRun run = expect(dry_run(meters(), rule, events));
  CHECK(run.unreadable == 1);
  CHECK(run.counts.matched == 30);
  REQUIRE(run.verdicts.size() == 2);
  CHECK(run.verdicts[0].change == Change::raised);
  CHECK(rfc3339(run.verdicts[0].at) == rfc3339(instant(start_ms + 20'000)));
  CHECK(run.octets_a_key > 0);
}
