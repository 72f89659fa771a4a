#include "rules/internal/snapshot.h"

#include <algorithm>
#include <array>
#include <bit>

#include "rules/internal/times.h"

namespace muster::rules {
namespace {

constexpr std::string_view magic = "muster-rules";
constexpr std::uint8_t version = 1;

struct Writer {
  Bytes out;
  template <class T>
  void put(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  void put(double value) { put(std::bit_cast<std::uint64_t>(value)); }
  void put(std::string_view text) {
    put(static_cast<std::uint8_t>(text.size()));
    out.insert(out.end(), text.begin(), text.end());
  }
};

// Once it has failed every value is 0, and so no loop goes on.
struct Reader {
  ByteView rest;
  bool ok = true;
  template <class T>
  T get() {
    if (rest.size() < sizeof(T)) ok = false;
    if (!ok) return {};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{rest[i]} << (8 * i);
    rest = rest.subspan(sizeof(T));
    return static_cast<T>(value);
  }
  double real() { return std::bit_cast<double>(get<std::uint64_t>()); }
  std::string text() {
    const std::size_t n = get<std::uint8_t>();
    if (rest.size() < n) ok = false;
    if (!ok) return "";
    std::string out(text_of(rest.first(n)));
    rest = rest.subspan(n);
    return out;
  }
  // A number of things that take so many octets at least each.
  std::size_t count(std::uint64_t n, std::size_t octets) {
    if (n > rest.size() / octets) ok = false;
    return ok ? static_cast<std::size_t>(n) : 0;
  }
};

void put_key(Writer& w, const std::string& name, const Key& key, const Rule& rule) {
  w.put(std::string_view(name));
  for (std::int64_t t : {key.seen, key.judged, key.since, key.end, key.start}) w.put(t);
  w.put(static_cast<std::uint8_t>(key.pending | key.firing << 1 | key.silent << 2));
  w.put(static_cast<std::uint16_t>(
      std::ranges::count_if(key.panes, [](const Pane& p) { return p.events > 0; })));
  const std::size_t width = rule.aggregates.size(), hashes = rule.hashes();
  for (std::size_t p = 0; p < key.panes.size(); ++p) {
    if (key.panes[p].events == 0) continue;
    w.put(static_cast<std::uint16_t>(p));
    w.put(key.panes[p].number);
    w.put(key.panes[p].events);
    for (const Cell& c : std::span(key.cells).subspan(p * width, width)) {
      w.put(c.n), w.put(c.a), w.put(c.b), w.put(c.first), w.put(c.last);
    }
    for (std::uint64_t h : std::span(key.hashes).subspan(p * hashes, hashes)) w.put(h);
  }
}

Key get_key(Reader& r, const SnapshotRule& rule) {
  Key key;
  for (std::int64_t* t : {&key.seen, &key.judged, &key.since, &key.end, &key.start})
    *t = r.get<std::int64_t>();
  const auto flags = r.get<std::uint8_t>();
  r.ok = r.ok && flags < 8;
  key.pending = flags & 1, key.firing = flags & 2, key.silent = flags & 4;
  const std::size_t used = r.count(r.get<std::uint16_t>(), 14);
  if (!r.ok || used > rule.panes) return r.ok = false, key;
  key.panes.resize(rule.panes);
  key.cells.resize(std::size_t{rule.panes} * rule.width);
  key.hashes.resize(std::size_t{rule.panes} * rule.hashes);
  for (std::size_t i = 0; i < used && r.ok; ++i) {
    const std::size_t p = r.get<std::uint16_t>();
    if (p >= rule.panes || key.panes[p].events > 0) return r.ok = false, key;
    key.panes[p].number = r.get<std::int64_t>();
    key.panes[p].events = r.get<std::uint32_t>();
    r.ok = r.ok && key.panes[p].events > 0;
    for (Cell& c : std::span(key.cells).subspan(p * rule.width, rule.width)) {
      c.n = r.get<std::uint64_t>();
      c.a = r.real(), c.b = r.real();
      c.first = r.get<std::int64_t>(), c.last = r.get<std::int64_t>();
    }
    for (auto& h : std::span(key.hashes).subspan(p * rule.hashes, rule.hashes))
      h = r.get<std::uint64_t>();
  }
  return key;
}

std::array<std::uint64_t*, 6> fields(RuleCounts& c) {
  return {&c.events, &c.matched, &c.late, &c.ahead, &c.refused_keys, &c.errors};
}

SnapshotRule get_rule(Reader& r) {
  SnapshotRule rule;
  rule.id = r.text();
  rule.digest = r.get<std::uint64_t>();
  rule.number = r.get<std::uint64_t>();
  for (std::uint64_t* n : fields(rule.counts)) *n = r.get<std::uint64_t>();
  const auto trouble = r.get<std::uint8_t>();
  r.ok = r.ok && trouble <= static_cast<std::uint8_t>(Trouble::steps);
  rule.counts.last_trouble = r.ok ? static_cast<Trouble>(trouble) : Trouble::absent;
  rule.counts.last_at = r.get<std::uint16_t>();
  rule.panes = r.get<std::uint16_t>();
  rule.width = r.get<std::uint16_t>();
  rule.hashes = r.get<std::uint16_t>();
  // What the largest rule may have; more would let a short text ask for much memory.
  r.ok = r.ok && rule.panes <= Rule::most_panes && rule.width <= 16 && rule.hashes <= 16 * 256 &&
         rule.panes * (sizeof(Cell) * rule.width + 8 * rule.hashes) <= Rule::most_octets_a_key;
  const std::size_t keys = r.count(r.get<std::uint32_t>(), 44);
  for (std::size_t i = 0; i < keys && r.ok; ++i) {
    std::string name = r.text();
    rule.keys.emplace_back(std::move(name), get_key(r, rule));
  }
  return rule;
}

constexpr std::int64_t first_ms = first_second * 1000, last_ms = last_second * 1000 + 999;
bool in_time(std::int64_t t) {
  return t >= first_ms && t <= last_ms;
}

bool sane(const Rule& rule, const Key& key) {
  const std::int64_t step = rule.window.step.count();
  const bool panes = step > 0, open = key.end != never;
  if (!in_time(key.seen) || !in_time(key.since) || !in_time(key.start)) return false;
  if (key.judged != not_yet && !in_time(key.judged)) return false;
  if (open && (!in_time(key.end) || (panes && key.end % step != 0))) return false;
  for (std::size_t p = 0; p < key.panes.size(); ++p) {
    const Pane& pane = key.panes[p];
    if (pane.events == 0) continue;
    const auto count = static_cast<std::int64_t>(key.panes.size());
    if (panes && (pane.number < first_ms / step || pane.number > last_ms / step)) return false;
    if (panes && (!open || ((pane.number % count) + count) % count != static_cast<std::int64_t>(p)))
      return false;
    for (const Cell& c :
         std::span(key.cells).subspan(p * rule.aggregates.size(), rule.aggregates.size()))
      if (c.n > 0 && (!in_time(c.first) || !in_time(c.last))) return false;
  }
  return true;
}

}  // namespace

std::uint64_t sum_of(ByteView bytes) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (std::uint8_t b : bytes) h = (h ^ b) * 0x100000001b3;
  return h;
}

Bytes write_snapshot(const std::map<std::string, Running, std::less<>>& rules, std::int64_t now) {
  Writer w;
  w.out.assign(magic.begin(), magic.end());
  w.put(version);
  w.put(now);
  w.put(static_cast<std::uint32_t>(rules.size()));
  for (const auto& [id, running] : rules) {
    const Rule& rule = running.rule();
    RuleCounts counts = running.counts();
    w.put(std::string_view(id));
    w.put(rule.digest);
    w.put(running.number());
    for (const std::uint64_t* n : fields(counts)) w.put(*n);
    w.put(static_cast<std::uint8_t>(counts.last_trouble));
    w.put(counts.last_at);
    w.put(static_cast<std::uint16_t>(rule.panes()));
    w.put(static_cast<std::uint16_t>(rule.aggregates.size()));
    w.put(static_cast<std::uint16_t>(rule.hashes()));
    std::vector<const std::pair<const std::string, Key>*> keys;  // equal states, equal octets
    for (const auto& entry : running.keys()) keys.push_back(&entry);
    std::ranges::sort(keys, {}, [](auto* e) { return std::string_view(e->first); });
    w.put(static_cast<std::uint32_t>(keys.size()));
    for (auto* e : keys) put_key(w, e->first, e->second, rule);
  }
  w.put(sum_of(w.out));
  return std::move(w.out);
}

Result<Snapshot> read_snapshot(ByteView bytes) {
  const auto corrupt = [](const std::string& why) {
    return fail(Fault::corrupt, "the rules' snapshot " + why + "; start without it");
  };
  if (bytes.size() < magic.size() + 9 || text_of(bytes.first(magic.size())) != magic)
    return corrupt("is none");
  const ByteView body = bytes.first(bytes.size() - 8);
  Reader trailer{bytes.last(8)};
  if (trailer.get<std::uint64_t>() != sum_of(body)) return corrupt("fails its check");
  Reader r{body.subspan(magic.size())};
  if (r.get<std::uint8_t>() != version) return corrupt("is of a version that is not known");
  Snapshot out{.now = r.get<std::int64_t>()};
  const std::size_t rules = r.count(r.get<std::uint32_t>(), 78);
  for (std::size_t i = 0; i < rules && r.ok; ++i) out.rules.push_back(get_rule(r));
  if (!r.ok || !r.rest.empty() || !in_time(out.now)) return corrupt("does not read");
  return out;
}

Result<void> fits(const Rule& rule, const SnapshotRule& state) {
  bool same = state.panes == rule.panes() && state.width == rule.aggregates.size() &&
              state.hashes == rule.hashes() && state.keys.size() <= rule.keys;
  for (std::size_t i = 0; same && i < state.keys.size(); ++i) {
    const auto& [name, key] = state.keys[i];
    const bool sorted = i == 0 || state.keys[i - 1].first < name;
    same = !name.empty() && name.size() <= 128 && sorted && sane(rule, key);
  }
  if (same) return {};
  return fail(Fault::corrupt, "the rules' snapshot holds what rule '" + rule.id +
                                  "' cannot have; start without it");
}

}  // namespace muster::rules
