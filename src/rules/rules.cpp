#include "rules/rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "rules/event.h"
#include "rules/internal/running.h"
#include "rules/internal/snapshot.h"

namespace muster::rules {

struct Rules::State {
  Schema schema;
  std::int64_t now;
  std::map<std::string, Running, std::less<>> rules = {};
  std::vector<Verdict> verdicts = {};
  Scratch scratch = Scratch();
};

const char* name_of(Change change) {
  static constexpr const char* names[] = {"raised", "cleared", "silent", "back"};
  return names[static_cast<std::size_t>(change)];
}

wire::Json to_json(const Verdict& v) {
  auto values = wire::Json::object();
  for (const auto& [name, value] : v.values) values.set(name, value);
  return wire::Json::object({{"rule", v.rule},
                             {"number", v.number},
                             {"key", v.key},
                             {"change", name_of(v.change)},
                             {"at", rfc3339(v.at)},
                             {"since", rfc3339(v.since)},
                             {"values", std::move(values)}});
}

Rules::Rules(Schema schema, Instant start)
    : state_(std::make_unique<State>(std::move(schema), millis(start))) {}
Rules::Rules(Rules&&) noexcept = default;
Rules::~Rules() = default;

Result<void> Rules::put(const wire::Json& document) {
  TRY(Rule rule, Rule::parse(document, state_->schema));
  auto found = state_->rules.find(rule.id);
  if (found != state_->rules.end() && found->second.rule().digest == rule.digest) return {};
  if (found == state_->rules.end() && state_->rules.size() >= most_rules)
    return fail(Fault::exhausted, "there are " + std::to_string(most_rules) +
                                      " rules already; remove one before you add another");
  std::string id = rule.id;
  Running fresh(std::move(rule), state_->schema);
  // Numbers go on, so that (rule, number) stays the name of one verdict.
  if (found != state_->rules.end()) fresh.begin({}, found->second.number());
  state_->rules.insert_or_assign(std::move(id), std::move(fresh));
  return {};
}

bool Rules::remove(std::string_view id) {
  auto found = state_->rules.find(id);
  if (found == state_->rules.end()) return false;
  state_->rules.erase(found);
  return true;
}

std::vector<const Rule*> Rules::list() const {
  std::vector<const Rule*> all;
  for (const auto& [id, running] : state_->rules) all.push_back(&running.rule());
  return all;
}

void Rules::feed(const Event& event) {
  for (auto& [id, running] : state_->rules)
    running.feed(millis(event.at), event.slots, state_->scratch, state_->now, state_->verdicts);
}

void Rules::forget(std::string_view key) {
  for (auto& [id, running] : state_->rules) running.forget(key);
}

void Rules::advance(Instant now) {
  state_->now = std::max(state_->now, millis(now));
  for (auto& [id, running] : state_->rules)
    running.advance(state_->now, state_->scratch, state_->verdicts);
}

std::vector<Verdict> Rules::take() {
  return std::exchange(state_->verdicts, {});
}

const RuleCounts* Rules::counts(std::string_view id) const {
  auto found = state_->rules.find(id);
  return found == state_->rules.end() ? nullptr : &found->second.counts();
}

std::size_t Rules::keys(std::string_view id) const {
  auto found = state_->rules.find(id);
  return found == state_->rules.end() ? 0 : found->second.keys().size();
}

bool Rules::firing(std::string_view id, std::string_view key) const {
  auto found = state_->rules.find(id);
  if (found == state_->rules.end()) return false;
  auto at = found->second.keys().find(key);
  return at != found->second.keys().end() && at->second.firing;
}

Instant Rules::now() const {
  return instant(state_->now);
}
const Schema& Rules::schema() const {
  return state_->schema;
}

Bytes Rules::snapshot() const {
  return write_snapshot(state_->rules, state_->now);
}

Result<Restored> Rules::restore(ByteView bytes) {
  const auto same = [&](const std::string& id, std::uint64_t digest) -> const Rule* {
    auto found = state_->rules.find(id);
    if (found == state_->rules.end() || found->second.rule().digest != digest) return nullptr;
    return &found->second.rule();
  };
  TRY(Snapshot read, read_snapshot(bytes, same));
  Restored told;
  for (SnapshotRule& one : read.rules) {
    auto found = state_->rules.find(one.id);
    if (found == state_->rules.end()) {
      told.gone.push_back(one.id);
      continue;
    }
    Running& running = found->second;
    if (!one.found) {
      told.changed.push_back(one.id);
      running.begin({}, std::max(running.number(), one.number));
      continue;
    }
    running.begin(one.counts, one.number);
    for (auto& [name, key] : one.keys) running.restore(std::move(name), std::move(key));
    ++told.rules;
    told.keys += one.keys.size();
  }
  state_->now = std::max(state_->now, read.now);
  state_->verdicts.clear();
  return told;
}

Result<DryRun> dry_run(const Schema& schema, const wire::Json& document,
                       std::span<const wire::Json> events) {
  TRY(Rule rule, Rule::parse(document, schema));
  DryRun out{.cost = rule.cost(), .octets = rule.octets(), .octets_a_key = rule.octets_a_key()};
  const std::string id = rule.id;
  const Duration after =
      rule.window.size + rule.window.gap + rule.lateness + rule.silence + rule.hold_for + 1s;
  std::optional<Rules> rules;
  std::vector<Value> slots(schema.size());
  Scratch scratch;
  const auto gather = [&] {
    for (Verdict& v : rules->take())
      if (++out.verdicts_in_all <= 1000) out.verdicts.push_back(std::move(v));
  };
  for (const wire::Json& event : events) {
    auto at = time_of(event);
    if (!at) {
      ++out.unreadable;
      continue;
    }
    if (!rules) {
      rules.emplace(schema, *at);
      TRY_VOID(rules->put(document));
    }
    scratch.clear();
    bind_event(event, schema, slots, scratch);
    rules->advance(*at);
    rules->feed({*at, slots});
    gather();
  }
  if (!rules) return out;
  out.keys = rules->keys(id);
  rules->advance(rules->now() + after);
  gather();
  out.counts = *rules->counts(id);
  return out;
}

}  // namespace muster::rules
