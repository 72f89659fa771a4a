#include "rules/internal/running.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace muster::rules {
namespace {

constexpr std::size_t longest_key = 128, most_keys_an_event = 16;

bool absent(const Value& v) {
  return v.is_error() && v.trouble == Trouble::absent;
}

}  // namespace

std::size_t Running::firing() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(keys_, [](const auto& e) { return e.second.firing; }));
}

void Running::fault(const Value& error) {
  ++counts_.errors;
  counts_.last_at = error.at;
  counts_.last_trouble = error.trouble;
}

void Running::feed(std::int64_t at, std::span<const Value> slots, Scratch& scratch,
                   std::int64_t now, std::vector<Verdict>& out) {
  ++counts_.events;
  scratch.clear();
  if (rule_.when) {
    const Value match = rule_.when->evaluate(slots, scratch);
    if (match.is_error() && !absent(match)) fault(match);
    if (!match.is_true()) return;
  }
  ++counts_.matched;
  if (at > now + rule_.ahead().count()) {
    ++counts_.ahead;
    return;
  }
  const Value key = rule_.by.evaluate(slots, scratch);
  const std::size_t before = out.size();
  if (key.is(Kind::string)) {
    feed_key(key.view(), at, slots, scratch, now, out);
  } else if (key.is(Kind::list) && key.count <= most_keys_an_event) {
    for (const Value& one : key.list())
      if (one.is(Kind::string))
        feed_key(one.view(), at, slots, scratch, now, out);
      else
        ++counts_.refused_keys;
  } else {
    ++counts_.refused_keys;
  }
  for (std::size_t i = before; i < out.size(); ++i) out[i].number = number_++;
}

Running::Entry* Running::entry(std::string_view name) {
  auto found = keys_.find(name);
  if (found != keys_.end()) return &*found;
  if (name.empty() || name.size() > longest_key || keys_.size() >= rule_.keys) {
    ++counts_.refused_keys;
    return nullptr;
  }
  Entry& fresh = *keys_.try_emplace(std::string(name)).first;
  fresh.second.panes.resize(rule_.panes());
  fresh.second.cells.resize(rule_.panes() * rule_.aggregates.size());
  fresh.second.hashes.resize(std::size_t{rule_.panes()} * rule_.hashes());
  return &fresh;
}

bool Running::late(const Key& key, std::int64_t at, std::int64_t now) const {
  const std::int64_t watermark = now - rule_.lateness.count();
  switch (rule_.window.kind) {
    case WindowKind::each:
      return at < key.seen;
    case WindowKind::tumbling:
    case WindowKind::sliding:
      return end_of(at) <= watermark;
    case WindowKind::session:
      if (key.panes[0].events > 0) return at < key.start - rule_.window.gap.count();
      return at <= watermark - rule_.window.gap.count() || at <= key.judged;
    case WindowKind::count:
      return false;
  }
  return false;
}

void Running::feed_key(std::string_view name, std::int64_t at, std::span<const Value> slots,
                       Scratch& scratch, std::int64_t now, std::vector<Verdict>& out) {
  Entry* e = entry(name);
  if (!e) return;
  Key& key = e->second;
  if (late(key, at, now)) {
    ++counts_.late;
    if (key.seen == not_yet) keys_.erase(keys_.find(name));
    return;
  }
  if (key.silent) {
    key.silent = false;
    tell(*e, Change::back, at, key.seen, {}, out);
  }
  key.seen = std::max(key.seen, at);
  switch (rule_.window.kind) {
    case WindowKind::each:
      judge(*e, {at, slots}, false, scratch, out);
      break;
    case WindowKind::tumbling:
    case WindowKind::sliding:
      feed_panes(*e, at, slots, scratch, out);
      break;
    case WindowKind::session:
      feed_session(*e, at, slots, scratch, out);
      break;
    case WindowKind::count:
      feed_count(*e, at, slots, scratch, out);
      break;
  }
  queue(*e, due(key));
}

// The first time true it is pending, and an alert once it has been so for hold_for.
void Running::judge(Entry& e, Outcome o, bool early, Scratch& scratch, std::vector<Verdict>& out) {
  Key& key = e.second;
  const Value v = rule_.raise.evaluate(o.slots, scratch);
  if (v.is_error() && !absent(v)) return fault(v);
  const bool windowed = rule_.window.kind != WindowKind::each;
  if (absent(v) && !(windowed && rule_.missing == Missing::ignore)) return;
  if (early) {
    if (!v.is_true() || key.firing) return;
  } else {
    key.judged = std::max(key.judged, o.at);
  }
  if (v.is_true()) {
    if (key.firing) return;
    if (!key.pending) key.since = o.at;
    key.pending = o.at - key.since < rule_.hold_for.count();
    key.firing = !key.pending;
    if (key.firing) tell(e, Change::raised, o.at, key.since, o.slots, out);
    return;
  }
  key.pending = false;
  if (!key.firing) return;
  if (rule_.clear_when && !absent(v)) {
    const Value over = rule_.clear_when->evaluate(o.slots, scratch);
    if (over.is_error() && !absent(over)) return fault(over);
    if (!over.is_true()) return;
  }
  key.firing = false;
  tell(e, Change::cleared, o.at, key.since, o.slots, out);
}

void Running::tell(const Entry& e, Change change, std::int64_t at, std::int64_t since,
                   std::span<const Value> slots, std::vector<Verdict>& out) {
  Verdict v{.rule = rule_.id,
            .key = e.first,
            .change = change,
            .at = instant(at),
            .since = instant(since)};
  if (rule_.window.kind == WindowKind::each) {
    for (std::uint16_t slot : rule_.raise.variables())
      if (slot < slots.size() && !slots[slot].is_error())
        v.values.emplace_back(schema_->at(slot).name, to_json(slots[slot]));
  } else if (!slots.empty()) {
    v.values.emplace_back("events", to_json(slots[0]));
    for (std::size_t i = 0; i < rule_.aggregates.size(); ++i)
      if (const Value& value = slots[first_aggregate + i]; !value.is_error())
        v.values.emplace_back(rule_.aggregates[i].name, to_json(value));
  }
  out.push_back(std::move(v));
}

// The beginning of a count window is forgotten with its key: nobody knows whether it will go on.
bool Running::idle(const Key& key) const {
  const bool open = rule_.window.kind != WindowKind::count &&
                    std::ranges::any_of(key.panes, [](const Pane& p) { return p.events > 0; });
  return !open && !key.firing && !key.pending && !key.silent;
}

// When advance() has something to do for this key, in its own time.
std::int64_t Running::due(const Key& key) const {
  const std::int64_t late = rule_.lateness.count();
  std::int64_t at = never;
  if (key.end != never) {
    const bool session = rule_.window.kind == WindowKind::session;
    at = key.end + late + (session ? rule_.window.gap.count() : 0);
  }
  if (key.pending && rule_.missing == Missing::keep)
    at = std::min(at, key.since + rule_.hold_for.count() + late);
  const bool watched = rule_.missing == Missing::alert ? !key.silent : key.firing || key.pending;
  if (rule_.silence > 0ms && watched) at = std::min(at, key.seen + rule_.silence.count() + late);
  if (at == never && idle(key)) at = key.seen + rule_.forget.count();
  return at;
}

void Running::queue(Entry& e, std::int64_t due) {
  Key& key = e.second;
  if (due >= key.due && key.due != never && due != never) return;  // looked at sooner, then again
  if (key.due != never) queue_.erase({key.due, &e});
  key.due = due;
  if (due != never) queue_.insert({due, &e});
}

void Running::advance(std::int64_t now, Scratch& scratch, std::vector<Verdict>& out) {
  const std::size_t before = out.size();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    Entry& e = *queue_.begin()->second;
    queue_.erase(queue_.begin());
    e.second.due = never;
    settle(e, now, scratch, out);
  }
  const auto fresh = std::span(out).subspan(before);
  std::ranges::sort(fresh, [](const Verdict& a, const Verdict& b) {
    return std::tie(a.at, a.key, a.change) < std::tie(b.at, b.key, b.change);
  });
  for (Verdict& v : fresh) v.number = number_++;
}

void Running::settle(Entry& e, std::int64_t now, Scratch& scratch, std::vector<Verdict>& out) {
  Key& key = e.second;
  const std::int64_t watermark = now - rule_.lateness.count();
  const auto kind = rule_.window.kind;
  if (kind == WindowKind::tumbling || kind == WindowKind::sliding)
    close_panes(e, watermark, scratch, out);
  if (kind == WindowKind::session && key.end != never &&
      key.end + rule_.window.gap.count() <= watermark)
    close_single(e, scratch, out);
  if (key.pending && rule_.missing == Missing::keep &&
      key.since + rule_.hold_for.count() <= watermark) {
    key.pending = false;
    key.firing = true;
    tell(e, Change::raised, key.since + rule_.hold_for.count(), key.since, {}, out);
  }
  const std::int64_t silent_at = key.seen + rule_.silence.count();
  if (rule_.silence > 0ms && silent_at <= watermark) quiet(e, silent_at, out);
  if (idle(key) && key.seen + rule_.forget.count() <= now && due(key) <= now) {
    keys_.erase(e.first);
    return;
  }
  const std::int64_t next = due(key);
  queue(e, next == never ? never : std::max(next, now + 1));
}

void Running::quiet(Entry& e, std::int64_t at, std::vector<Verdict>& out) {
  Key& key = e.second;
  if (rule_.missing == Missing::alert) {
    if (key.silent) return;
    key.silent = true;
    return tell(e, Change::silent, at, key.seen, {}, out);
  }
  key.pending = false;
  if (!key.firing) return;
  key.firing = false;
  tell(e, Change::cleared, at, key.since, {}, out);
}

void Running::restore(std::string name, Key key) {
  Entry& e = *keys_.try_emplace(std::move(name), std::move(key)).first;
  e.second.due = never;
  queue(e, due(e.second));
}

void Running::forget(std::string_view name) {
  auto found = keys_.find(name);
  if (found == keys_.end()) return;
  if (found->second.due != never) queue_.erase({found->second.due, &*found});
  keys_.erase(found);
}

}  // namespace muster::rules
