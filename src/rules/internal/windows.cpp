#include <algorithm>
#include <cmath>

#include "rules/internal/running.h"

namespace muster::rules {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

std::size_t place_of(std::int64_t number, std::size_t panes) {
  const auto n = static_cast<std::int64_t>(panes);
  return static_cast<std::size_t>((number % n + n) % n);
}

}  // namespace

// Of the first window that an event of this time is in: the one that its part of a window ends.
std::int64_t Running::end_of(std::int64_t at) const {
  const std::int64_t step = rule_.window.step.count();
  return (floor_div(at, step) + 1) * step;
}

void Running::clear_pane(Key& key, std::size_t pane) {
  key.panes[pane] = {};
  const std::size_t width = rule_.aggregates.size(), hashes = rule_.hashes();
  std::fill_n(key.cells.begin() + static_cast<std::ptrdiff_t>(pane * width), width, Cell{});
  std::fill_n(key.hashes.begin() + static_cast<std::ptrdiff_t>(pane * hashes), hashes, 0);
}

void Running::collect(Key& key, std::size_t pane, std::int64_t at, std::span<const Value> slots,
                      Scratch& scratch) {
  ++key.panes[pane].events;
  std::size_t hash = pane * rule_.hashes();
  for (std::size_t i = 0; i < rule_.aggregates.size(); ++i) {
    const Aggregate& a = rule_.aggregates[i];
    const std::size_t set = hash;
    hash += a.most;
    const Value v = a.of ? a.of->evaluate(slots, scratch) : Value::of(true);
    if (v.is_error()) {
      if (v.trouble != Trouble::absent) fault(v);
      continue;
    }
    Cell& cell = key.cells[pane * rule_.aggregates.size() + i];
    if (a.kind == AggregateKind::distinct) {
      add_hash(std::span(key.hashes).subspan(set, a.most), hash_of(v));
    } else if (a.kind == AggregateKind::count) {
      if (v.is_true()) add_to(cell, a.kind, 0, at);
    } else if (auto n = rules::number(v); n && std::isfinite(*n)) {
      add_to(cell, a.kind, *n, at);
    } else {
      fault(Value::error(Trouble::mistyped));
    }
  }
}

void Running::feed_panes(Entry& e, std::int64_t at, std::span<const Value> slots, Scratch& scratch,
                         std::vector<Verdict>& out) {
  Key& key = e.second;
  const std::int64_t end = end_of(at), number = end / rule_.window.step.count() - 1;
  const std::size_t pane = place_of(number, key.panes.size());
  if (key.panes[pane].number != number) {
    clear_pane(key, pane);
    key.panes[pane].number = number;
  }
  collect(key, pane, at, slots, scratch);
  key.end = std::min(key.end, end);
  if (rule_.early) judge_window(e, end - rule_.window.size.count(), end, at, true, scratch, out);
}

void Running::feed_session(Entry& e, std::int64_t at, std::span<const Value> slots,
                           Scratch& scratch, std::vector<Verdict>& out) {
  Key& key = e.second;
  const bool open = key.panes[0].events > 0;
  if (open &&
      (at > key.end + rule_.window.gap.count() || at - key.start >= rule_.window.size.count()))
    close_single(e, scratch, out);
  const bool still = key.panes[0].events > 0;
  key.start = still ? std::min(key.start, at) : at;
  key.end = still ? std::max(key.end, at) : at;
  collect(key, 0, at, slots, scratch);
  if (rule_.early) judge_window(e, key.start, key.end, at, true, scratch, out);
}

void Running::feed_count(Entry& e, std::int64_t at, std::span<const Value> slots, Scratch& scratch,
                         std::vector<Verdict>& out) {
  Key& key = e.second;
  if (key.panes[0].events == 0) key.start = at;
  key.start = std::min(key.start, at);
  collect(key, 0, at, slots, scratch);
  if (key.panes[0].events < rule_.window.events) {
    if (rule_.early) judge_window(e, key.start, key.seen, at, true, scratch, out);
    return;
  }
  judge_window(e, key.start, key.seen, key.seen, false, scratch, out);
  clear_pane(key, 0);
}

void Running::close_single(Entry& e, Scratch& scratch, std::vector<Verdict>& out) {
  Key& key = e.second;
  judge_window(e, key.start, key.end, key.end, false, scratch, out);
  clear_pane(key, 0);
  key.end = never;
}

// Windows end at multiples of the step. One without events is looked at once, where silence counts
// as nothing and somebody waits for the end of it.
void Running::close_panes(Entry& e, std::int64_t watermark, Scratch& scratch,
                          std::vector<Verdict>& out) {
  Key& key = e.second;
  const std::int64_t step = rule_.window.step.count(), size = rule_.window.size.count();
  while (key.end <= watermark) {
    const std::int64_t end = key.end, oldest = (end - size) / step;
    scratch.clear();
    const bool empty = !judge_window(e, end - size, end, end, false, scratch, out);
    std::int64_t next = never;
    for (std::size_t i = 0; i < key.panes.size(); ++i) {
      if (key.panes[i].events == 0) continue;
      if (key.panes[i].number <= oldest)
        clear_pane(key, i);
      else
        next = std::min(next, key.panes[i].number);
    }
    const bool waits = rule_.missing == Missing::ignore && (key.firing || key.pending) && !empty;
    key.end = next == never ? never : std::max(end + step, (next + 1) * step);
    if (waits) key.end = end + step;
  }
}

// False when there was no event in it.
bool Running::gather(const Entry& e, std::int64_t start, std::int64_t end) {
  const Key& key = e.second;
  const std::size_t width = rule_.aggregates.size(), hashes = rule_.hashes();
  merged_.assign(width, {});
  merged_hashes_.assign(hashes, 0);
  const bool panes = rule_.window.step > 0ms;
  const std::int64_t step = rule_.window.step.count();
  std::int64_t events = 0;
  for (std::size_t p = 0; p < key.panes.size(); ++p) {
    const Pane& pane = key.panes[p];
    const bool in = !panes || (pane.number >= start / step && pane.number < end / step);
    if (pane.events == 0 || !in) continue;
    events += pane.events;
    std::size_t set = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const Aggregate& a = rule_.aggregates[i];
      merge_into(merged_[i], a.kind, key.cells[p * width + i]);
      for (std::size_t h = 0; h < a.most; ++h)
        if (std::uint64_t hash = key.hashes[p * hashes + set + h])
          add_hash(std::span(merged_hashes_).subspan(set, a.most), hash);
      set += a.most;
    }
  }
  slots_.assign({Value::of(events), Value::of(std::string_view(e.first)),
                 Value::timestamp(instant(start)), Value::timestamp(instant(end))});
  auto set = merged_hashes_.begin();
  for (std::size_t i = 0; i < width; ++i) {
    const std::uint16_t most = rule_.aggregates[i].most;
    if (most) merged_[i].n = static_cast<std::uint64_t>(most - std::count(set, set + most, 0u));
    set += most;
    slots_.push_back(value_of(merged_[i], rule_.aggregates[i].kind));
  }
  return events > 0;
}

bool Running::judge_window(Entry& e, std::int64_t start, std::int64_t end, std::int64_t at,
                           bool early, Scratch& scratch, std::vector<Verdict>& out) {
  const bool any = gather(e, start, end);
  if (any || rule_.missing == Missing::ignore) judge(e, {at, slots_}, early, scratch, out);
  return any;
}

}  // namespace muster::rules
