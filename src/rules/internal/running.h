// rules/internal/running -- one rule at work: its keys, their windows, and who is in alert.
//
// Time is the events' own and what advance() tells; nothing happens on time alone. The same calls
// give the same verdicts. Values on one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/rule.h"
#include "rules/rules.h"

namespace muster::rules {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t not_yet = std::numeric_limits<std::int64_t>::min();

// One aggregate of one part of a window; parts merge.
struct Cell {
  std::uint64_t n = 0;
  double a = 0, b = 0;               // sum, least, greatest, first; last
  std::int64_t first = 0, last = 0;  // ms, of a and b where that matters
};

struct Pane {
  std::int64_t number = not_yet;  // time divided by the step
  std::uint32_t events = 0;
};

struct Key {
  static constexpr std::size_t octets = 512;  // with its places in the tables, at most

  std::int64_t seen = not_yet;    // newest event
  std::int64_t judged = not_yet;  // newest evaluation
  std::int64_t since = 0;         // of pending and of an alert: when the condition became true
  std::int64_t end = never;       // of the next window to close; of a session its last event
  std::int64_t start = 0;         // of a session or count window
  std::int64_t due = never;       // where it stands in the queue
  bool pending = false, firing = false, silent = false;
  std::vector<Pane> panes;
  std::vector<Cell> cells;            // panes x aggregates
  std::vector<std::uint64_t> hashes;  // panes x rule.hashes(); 0 is free
};

void add_to(Cell&, AggregateKind, double value, std::int64_t at);
void merge_into(Cell&, AggregateKind, const Cell&);
Value value_of(const Cell&, AggregateKind);
std::uint64_t hash_of(const Value&);  // never 0
// False when there is no room: the set is as large as it may be.
bool add_hash(std::span<std::uint64_t> set, std::uint64_t hash);

constexpr std::size_t first_aggregate = 4;  // after events, key, window.start and window.end

class Running {
 public:
  Running(Rule rule, const Schema& schema) : rule_(std::move(rule)), schema_(&schema) {}
  Running(Running&&) = default;
  Running& operator=(Running&&) = default;

  void feed(std::int64_t at, std::span<const Value> slots, Scratch&, std::int64_t now,
            std::vector<Verdict>&);
  void advance(std::int64_t now, Scratch&, std::vector<Verdict>&);
  void forget(std::string_view key);

  const Rule& rule() const { return rule_; }
  const RuleCounts& counts() const { return counts_; }
  std::size_t firing() const;

  // For the snapshot.
  const auto& keys() const { return keys_; }
  std::uint64_t number() const { return number_; }
  void restore(std::string name, Key);
  void begin(const RuleCounts& counts, std::uint64_t number) {  // without keys
    queue_.clear();
    keys_.clear();
    counts_ = counts;
    number_ = number;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  using Keys = std::unordered_map<std::string, Key, Hash, std::equal_to<>>;
  using Entry = Keys::value_type;
  struct Outcome {
    std::int64_t at;
    std::span<const Value> slots;  // of the schema that raise knows
  };

  void feed_key(std::string_view name, std::int64_t at, std::span<const Value>, Scratch&,
                std::int64_t now, std::vector<Verdict>&);
  Entry* entry(std::string_view name);
  bool late(const Key&, std::int64_t at, std::int64_t now) const;
  void fault(const Value& error);
  void judge(Entry&, Outcome, bool early, Scratch&, std::vector<Verdict>&);
  void tell(const Entry&, Change, std::int64_t at, std::int64_t since, std::span<const Value>,
            std::vector<Verdict>&);
  bool idle(const Key&) const;
  std::int64_t due(const Key&) const;
  void queue(Entry&, std::int64_t due);
  void settle(Entry&, std::int64_t now, Scratch&, std::vector<Verdict>&);
  void quiet(Entry&, std::int64_t at, std::vector<Verdict>&);

  // windows.cpp
  std::int64_t end_of(std::int64_t at) const;
  void clear_pane(Key&, std::size_t pane);
  void collect(Key&, std::size_t pane, std::int64_t at, std::span<const Value>, Scratch&);
  void feed_panes(Entry&, std::int64_t at, std::span<const Value>, Scratch&, std::vector<Verdict>&);
  void feed_session(Entry&, std::int64_t at, std::span<const Value>, Scratch&,
                    std::vector<Verdict>&);
  void feed_count(Entry&, std::int64_t at, std::span<const Value>, Scratch&, std::vector<Verdict>&);
  void close_panes(Entry&, std::int64_t watermark, Scratch&, std::vector<Verdict>&);
  void close_single(Entry&, Scratch&, std::vector<Verdict>&);
  bool gather(const Entry&, std::int64_t start, std::int64_t end);
  bool judge_window(Entry&, std::int64_t start, std::int64_t end, std::int64_t at, bool early,
                    Scratch&, std::vector<Verdict>&);

  Rule rule_;
  const Schema* schema_;
  Keys keys_;
  std::set<std::pair<std::int64_t, Entry*>> queue_;  // one place a key
  RuleCounts counts_;
  std::uint64_t number_ = 1;
  std::vector<Cell> merged_;  // of the window that is judged
  std::vector<std::uint64_t> merged_hashes_;
  std::vector<Value> slots_;
};

}  // namespace muster::rules
