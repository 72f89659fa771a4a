// rules/rule -- a rule as a document: which events count, over which window, what is computed of
// them, when that is an alert and when it is over.
//
//   {"rule": "hot", "when": "has(metrics.temperature)", "by": "device.id",
//    "window": {"kind": "sliding", "size": "5m", "step": "30s"},
//    "aggregates": {"mean": {"fn": "mean", "of": "metrics.temperature"}},
//    "raise": "events >= 3 && mean > 80.0", "hold_for": "2m", "clear_when": "mean < 75.0",
//    "missing": {"policy": "alert", "after": "10m"}, "lateness": "10s", "severity": "high"}
//
// parse() checks every expression against the schema and bounds what a rule and each of its keys
// may hold; what is refused is named by its JSON pointer. docs/reference/rules.md has every member.
// Values only; immutable once parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rules/expression.h"
#include "rules/schema.h"
#include "wire/json.h"

namespace muster::rules {

enum class WindowKind : std::uint8_t {
  each,      // no window: every event by itself
  tumbling,  // one after the other
  sliding,   // of one size, a new one every step
  session,   // as long as events come closer than the gap
  count,     // every so many events
};
const char* name_of(WindowKind);

struct Window {
  WindowKind kind = WindowKind::each;
  Duration size = 0ms;  // of a session: its longest
  Duration step = 0ms;  // of tumbling windows their size
  Duration gap = 0ms;   // of sessions
  std::uint32_t events = 0;
};

enum class AggregateKind : std::uint8_t { count, sum, min, max, mean, last, rate, distinct };
const char* name_of(AggregateKind);

struct Aggregate {
  std::string name;
  AggregateKind kind = AggregateKind::count;
  std::optional<Expression> of;  // count may go without; then it counts events
  std::uint16_t most = 0;        // of distinct: how many it tells apart
};

enum class Missing : std::uint8_t {
  ignore,  // silence is nothing: an empty window counts 0, an alert ends
  keep,    // silence changes nothing: as if the last evaluation were repeated
  alert,   // silence is an alert of its own
};
const char* name_of(Missing);

struct Rule {
  static constexpr std::size_t most_octets_a_key = 32 << 10;
  static constexpr std::size_t most_octets = 256 << 20;
  static constexpr std::uint32_t most_panes = 256;

  static Result<Rule> parse(const wire::Json& document, const Schema&);

  std::string id, about, severity;
  std::optional<Expression> when;
  Expression by;     // string, or list(string): one key each, at most 16
  Expression raise;  // over the aggregates; without a window over the event
  std::optional<Expression> clear_when;
  Window window;
  std::vector<Aggregate> aggregates;
  Duration hold_for = 0ms, lateness = 0ms, silence = 0ms;  // silence: 0 when it is not watched
  Duration forget = 1h;  // a key without events, windows and alert
  Missing missing = Missing::ignore;
  bool early = false;  // look at a window that is not over yet, too: raise sooner
  std::uint32_t keys = 10'000;
  std::uint64_t digest = 0;  // of the document: state of another digest is not restored

  // How far ahead of the time told by advance() an event may be.
  Duration ahead() const { return lateness > 5s ? lateness : Duration(5s); }
  std::uint32_t panes() const;       // a key holds this many parts of windows
  std::uint32_t hashes() const;      // for distinct, in each part
  std::size_t octets() const;        // of the rule itself, without its keys
  std::size_t octets_a_key() const;  // at most, with a name of 128 octets
  std::uint64_t cost() const;        // of one event, at worst
};

// What raise and clear_when of a rule with a window may name: each aggregate, and events (int),
// key (string), window.start, window.end (timestamp).
Result<Schema> aggregate_schema(const std::vector<Aggregate>&);

}  // namespace muster::rules
