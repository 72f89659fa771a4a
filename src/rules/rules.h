// rules/rules -- the rules of a fleet at work: events in, verdicts out. The module's front door for
// alerts; a selector or an edge rule that needs no windows takes an Expression instead.
//
//   Rules rules(schema, clock.now());
//   TRY_VOID(rules.put(document));
//   rules.feed({at, slots}); rules.advance(clock.now());
//   for (Verdict& v : rules.take()) ...
//
// Deterministic: windows are cut by the events' own times and closed by advance(), never by a clock
// of its own; the same calls give the same verdicts with the same numbers. An event later than
// advance() said by more than the rule's lateness (5 s at least), or older than what is closed, is
// counted and left out, so one device's wrong clock costs only that device.
//
// restore() of a snapshot() goes on as if nothing had happened: keep it in the transaction that
// keeps the verdicts' effects, and none is forgotten or repeated; (rule, number) names a verdict
// for good. Bounded: rules, keys a rule, octets a key (Rule::octets_a_key()).
//
// Values on one thread. An event of known keys takes no memory but for verdicts and a key's place
// in the queue of what is due.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "rules/rule.h"
#include "rules/schema.h"
#include "rules/value.h"
#include "wire/json.h"

namespace muster::rules {

struct Event {
  Instant at;
  std::span<const Value> slots;  // one for each variable of the schema
};

enum class Change : std::uint8_t {
  raised,   // the condition holds, and held for long enough
  cleared,  // it is over
  silent,   // no event for as long as the rule allows; policy alert only
  back,     // the first event after that
};
const char* name_of(Change);

struct Verdict {
  std::string rule, key;
  std::uint64_t number = 0;  // 1, 2, 3 of its rule
  Change change = Change::raised;
  Instant at;     // of the event or of the window's end
  Instant since;  // of what it is about: when the condition became true, when it was last heard of
  std::vector<std::pair<std::string, wire::Json>> values = {};  // the aggregates, by name
};
wire::Json to_json(const Verdict&);

struct RuleCounts {
  std::uint64_t events = 0;   // seen
  std::uint64_t matched = 0;  // of them
  std::uint64_t late = 0, ahead = 0;
  std::uint64_t refused_keys = 0;          // no room, or no text of 1 to 128 octets
  std::uint64_t errors = 0;                // evaluations that gave neither yes nor no
  Trouble last_trouble = Trouble::absent;  // of them, and where in its expression
  std::uint16_t last_at = 0;
};

struct Restored {
  std::size_t rules = 0, keys = 0;
  std::vector<std::string> changed;  // rules that are another than then: they start anew
  std::vector<std::string> gone;     // rules that are not here any more
};

class Running;

class Rules {
 public:
  static constexpr std::size_t most_rules = 10'000;

  Rules(Schema, Instant start);
  Rules(Rules&&) noexcept;
  ~Rules();

  // New or changed. The same document again changes nothing; another one begins without memory, and
  // says nothing of the alerts that end with it: firing() tells before.
  Result<void> put(const wire::Json& document);
  bool remove(std::string_view id);
  std::vector<const Rule*> list() const;  // by name

  void feed(const Event&);
  void forget(std::string_view key);  // of a device that left, in all rules; says nothing
  void advance(Instant now);          // never goes back
  std::vector<Verdict> take();

  const RuleCounts* counts(std::string_view id) const;
  std::size_t keys(std::string_view id) const;
  bool firing(std::string_view id, std::string_view key) const;
  Instant now() const;
  const Schema& schema() const;

  Bytes snapshot() const;
  Result<Restored> restore(ByteView);  // all or nothing; corrupt when it does not read

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a rule would have said to recorded events, oldest first, at the end of silence after them.
struct DryRun {
  std::vector<Verdict> verdicts;  // the first 1,000
  std::uint64_t verdicts_in_all = 0;
  std::uint64_t unreadable = 0;  // events without a time, or that are no objects
  std::size_t keys = 0;
  RuleCounts counts;
  std::uint64_t cost = 0;  // units an event, at worst
  std::size_t octets = 0, octets_a_key = 0;
};
Result<DryRun> dry_run(const Schema&, const wire::Json& document,
                       std::span<const wire::Json> events);

}  // namespace muster::rules
