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
  void skip(std::size_t n) {
    if (rest.size() < n) ok = false;
    if (ok) rest = rest.subspan(n);
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

Key get_key(Reader& r, const Rule& rule) {
  Key key;
  for (std::int64_t* t : {&key.seen, &key.judged, &key.since, &key.end, &key.start})
    *t = r.get<std::int64_t>();
  const auto flags = r.get<std::uint8_t>();
  r.ok = r.ok && flags < 8;
  key.pending = flags & 1, key.firing = flags & 2, key.silent = flags & 4;
  const std::size_t panes = rule.panes(), width = rule.aggregates.size(), hashes = rule.hashes();
  const std::size_t used = r.get<std::uint16_t>();
  if (!r.ok || used > panes) return r.ok = false, key;
  key.panes.resize(panes);
  key.cells.resize(panes * width);
  key.hashes.resize(panes * hashes);
  for (std::size_t i = 0; i < used && r.ok; ++i) {
    const std::size_t p = r.get<std::uint16_t>();
    if (p >= panes || key.panes[p].events > 0) return r.ok = false, key;
    key.panes[p].number = r.get<std::int64_t>();
    key.panes[p].events = r.get<std::uint32_t>();
    r.ok = r.ok && key.panes[p].events > 0;
    for (Cell& c : std::span(key.cells).subspan(p * width, width)) {
      c.n = r.get<std::uint64_t>();
      c.a = r.real(), c.b = r.real();
      c.first = r.get<std::int64_t>(), c.last = r.get<std::int64_t>();
    }
    for (auto& h : std::span(key.hashes).subspan(p * hashes, hashes)) h = r.get<std::uint64_t>();
  }
  return key;
}

std::array<std::uint64_t*, 6> fields(RuleCounts& c) {
  return {&c.events, &c.matched, &c.late, &c.ahead, &c.refused_keys, &c.errors};
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

struct Shape {  // of a key, as the rule had it
  std::uint16_t panes, width, hashes;
  bool is_of(const Rule& rule) const {
    return panes == rule.panes() && width == rule.aggregates.size() && hashes == rule.hashes();
  }
};

void skip_key(Reader& r, const Shape& shape) {
  r.text();
  r.skip(5 * 8 + 1);
  r.skip(r.get<std::uint16_t>() * std::size_t{14u + 40u * shape.width + 8u * shape.hashes});
}

void get_keys(Reader& r, SnapshotRule& out, const Rule& rule, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count && r.ok; ++i) {
    std::string name = r.text();
    const bool sorted = out.keys.empty() || out.keys.back().first < name;
    Key key = get_key(r, rule);
    r.ok = r.ok && sorted && !name.empty() && name.size() <= 128 && sane(rule, key);
    if (r.ok) out.keys.emplace_back(std::move(name), std::move(key));
  }
}

SnapshotRule get_rule(Reader& r, const FindRule& find) {
  SnapshotRule out;
  out.id = r.text();
  out.digest = r.get<std::uint64_t>();
  out.number = r.get<std::uint64_t>();
  for (std::uint64_t* n : fields(out.counts)) *n = r.get<std::uint64_t>();
  const auto trouble = r.get<std::uint8_t>();
  r.ok = r.ok && trouble <= static_cast<std::uint8_t>(Trouble::steps);
  out.counts.last_trouble = r.ok ? static_cast<Trouble>(trouble) : Trouble::absent;
  out.counts.last_at = r.get<std::uint16_t>();
  Shape shape{};
  for (std::uint16_t* n : {&shape.panes, &shape.width, &shape.hashes}) *n = r.get<std::uint16_t>();
  const auto count = r.get<std::uint32_t>();
  const Rule* rule = r.ok ? find(out.id, out.digest) : nullptr;
  out.found = rule != nullptr;
  if (rule) {
    r.ok = shape.is_of(*rule) && count <= rule->keys;
    get_keys(r, out, *rule, count);
  } else {
    for (std::uint32_t i = 0; i < count && r.ok; ++i) skip_key(r, shape);
  }
  return out;
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

Result<Snapshot> read_snapshot(ByteView bytes, const FindRule& find) {
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
  const auto rules = r.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < rules && r.ok; ++i) out.rules.push_back(get_rule(r, find));
  if (!r.ok || !r.rest.empty() || !in_time(out.now))
    return corrupt("does not read, or holds what its rules cannot have");
  return out;
}

}  // namespace muster::rules
