#include "rules/rule.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::rules;

namespace {

Schema meters() {
  return expect(device_schema({.metrics = {{"temperature", {}}, {"port", {Kind::integer}}}}));
}

std::string refused(std::string_view text) {
  auto rule = Rule::parse(expect(wire::parse_json(text)), meters());
  return rule ? "" : rule.error().field + ": " + rule.error().message;
}

const char* const whole = R"J({
  "rule": "hot", "about": "boilers", "when": "has(metrics.temperature)", "by": "device.id",
  "window": {"kind": "sliding", "size": "5m", "step": "30s"},
  "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"},
                 "ports": {"fn": "distinct", "of": "metrics.port", "most": 16},
                 "warm": {"fn": "count", "of": "metrics.temperature > 60.0"}},
  "raise": "events >= 3 && mean > 80.0 && ports < 5 && warm > 1", "hold_for": "2m",
  "clear_when": "mean < 75.0", "missing": {"policy": "alert", "after": "10m"},
  "lateness": "10s", "forget": "2h", "severity": "high", "keys": 1000})J";

}  // namespace

TEST_CASE("a rule is read whole, and says what it and each of its keys may take") {
  auto rule = expect(Rule::parse(expect(wire::parse_json(whole)), meters()));
  CHECK(rule.window.kind == WindowKind::sliding);
  CHECK(rule.aggregates.size() == 3);
  CHECK(rule.missing == Missing::alert);
  CHECK(rule.silence == 10min);
  CHECK(rule.panes() == 12);  // ten parts, one for those late and ahead, one at the edge
  CHECK(rule.octets_a_key() <= Rule::most_octets_a_key);
  CHECK(rule.octets() < 4096);
  CHECK(rule.cost() < 1000);
}

TEST_CASE("what a rule gets wrong is named by its place in the document") {
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "metrics.temp > 1.0"})") ==
        "/raise: column 8: 'metrics.temp' is not declared; use a variable of the schema");
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "1 + 1"})") ==
        "/raise: the expression is a int where a bool is wanted; compare or convert its value");
  CHECK(refused(R"({"rule": "x", "by": "octets", "raise": "true"})") ==
        "/by: the key is a int; it must be a text or list(string)");
  CHECK(refused(R"({"rule": "X y", "by": "device.id", "raise": "true"})").starts_with("/rule: "));
  CHECK(refused(R"({"rule": "x", "raise": "true"})").starts_with("/by: "));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "true", "colour": 1})")
            .starts_with("/colour: "));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "true", "hold_for": "soon"})")
            .starts_with("/hold_for: 'soon' is not a time"));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "true",
                    "window": {"kind": "sliding", "size": "50s", "step": "20s"}})")
            .starts_with("/window/step: the size is no multiple of the step"));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "m > 1.0",
                    "window": {"kind": "count", "events": 5},
                    "aggregates": {"m": {"fn": "mean", "of": "device.id"}}})") ==
        "/aggregates/m/of: mean does not take a string; count takes a bool, distinct a text, "
        "number or bool, the others a number");
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "true",
                    "window": {"kind": "count", "events": 5},
                    "aggregates": {"events": {"fn": "count"}}})") ==
        "/aggregates: 'events' is declared twice; keep one of them");
  CHECK(
      refused(R"({"rule": "x", "by": "device.id", "raise": "true", "hold_for": "5s", "early": true,
                    "window": {"kind": "tumbling", "size": "5m"}})")
          .starts_with("/early: a rule that looks early cannot hold"));
}

TEST_CASE("a rule that would take too much is refused with the reason") {
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "true",
                    "window": {"kind": "sliding", "size": "1h", "step": "1s"}})")
            .starts_with("/window: the window is cut into 3606 parts, at most 256 are kept"));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "n > 1",
                    "window": {"kind": "sliding", "size": "1h", "step": "1m"},
                    "aggregates": {"n": {"fn": "distinct", "of": "metrics.port", "most": 256}}})")
            .starts_with("/aggregates: each key may take"));
  CHECK(refused(R"({"rule": "x", "by": "device.id", "raise": "n > 1", "keys": 1000000,
                    "window": {"kind": "tumbling", "size": "1m"},
                    "aggregates": {"n": {"fn": "distinct", "of": "metrics.port"}}})")
            .starts_with("/keys: all keys together may take"));
  CHECK(refused(R"J({"rule": "x", "by": "device.id", "raise":
    "device.groups.all(a, device.groups.all(b, device.groups.all(c, a + b == c)))"})J")
            .find("at most 20000 are allowed") != std::string::npos);
}
