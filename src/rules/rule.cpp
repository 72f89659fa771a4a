#include "rules/rule.h"

#include <algorithm>
#include <array>

#include "rules/internal/running.h"

namespace muster::rules {
namespace {

constexpr std::array windows = {"each", "tumbling", "sliding", "session", "count"};
constexpr std::array aggregate_kinds = {"count", "sum",  "min",  "max",
                                        "mean",  "last", "rate", "distinct"};
constexpr std::array policies = {"ignore", "keep", "alert"};
constexpr Duration longest = 24h * 31;

template <class Enum, std::size_t N>
Enum one_of(wire::ObjectReader& in, std::string_view key, const std::array<const char*, N>& names,
            std::string_view fallback) {
  const std::string text =
      fallback.empty() ? in.text(key, 32) : in.text_or(key, std::string(fallback), 32);
  auto found = std::ranges::find_if(names, [&](const char* n) { return text == n; });
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  std::string all;
  for (const char* n : names) all += (all.empty() ? "" : ", ") + std::string(n);
  in.refuse(key, "'" + text + "' is none of " + all);
  return {};
}

Duration time_in(wire::ObjectReader& in, std::string_view key, Duration least, Duration most,
                 std::optional<Duration> fallback = {}) {
  const std::string text =
      fallback ? in.text_or(key, muster::show(*fallback), 32) : in.text(key, 32);
  auto read = parse_duration(text);
  if (read && *read >= least && *read <= most) return *read;
  if (read || !text.empty())
    in.refuse(key, "'" + text + "' is not a time from " + muster::show(least) + " to " +
                       muster::show(most) + "; write for example 30s, 5m or 1h");
  return least;
}

// An expression at a member: its fault is the member's.
Result<Expression> expression(wire::ObjectReader& in, std::string_view key, const Type& type,
                              const std::string& text, const Schema& schema) {
  auto e = Expression::compile_as(type, text, schema);
  if (!e) return fail(Fault::invalid, e.error().message, in.pointer(key));
  return e;
}

Result<Window> window_of(const wire::Json& json, const std::string& pointer) {
  wire::ObjectReader in(json, pointer);
  Window w;
  w.kind = one_of<WindowKind>(in, "kind", windows, "");
  if (w.kind == WindowKind::each) in.refuse("kind", "leave the window out to judge each event");
  if (w.kind == WindowKind::tumbling || w.kind == WindowKind::sliding)
    w.step = w.size = time_in(in, "size", 1s, longest);
  if (w.kind == WindowKind::sliding) w.step = time_in(in, "step", 1s, longest);
  if (w.kind == WindowKind::session) {
    w.gap = time_in(in, "gap", 1s, longest);
    w.size = time_in(in, "longest", 1s, longest, Duration(24h));
  }
  if (w.kind == WindowKind::count)
    w.events = static_cast<std::uint32_t>(in.integer("events", 1, 1'000'000));
  TRY_VOID(in.done());
  if (w.kind == WindowKind::sliding && (w.step > w.size || w.size % w.step != 0ms))
    return fail(Fault::invalid, "the size is no multiple of the step; choose one that divides it",
                in.pointer("step"));
  return w;
}

bool measurable(AggregateKind kind, const Type& t) {
  if (t.is(Kind::dyn)) return true;
  const bool number = t.is(Kind::integer) || t.is(Kind::natural) || t.is(Kind::real);
  if (kind == AggregateKind::count) return t.is(Kind::boolean);
  if (kind == AggregateKind::distinct) return number || t.is(Kind::string) || t.is(Kind::boolean);
  return number;
}

Result<Aggregate> aggregate_of(const wire::Json::Member& member, const std::string& pointer,
                               const Schema& schema) {
  wire::ObjectReader in(member.second, pointer);
  Aggregate a{.name = member.first};
  a.kind = one_of<AggregateKind>(in, "fn", aggregate_kinds, "");
  const std::string text = in.text_or("of", "", 4096);
  if (a.kind == AggregateKind::distinct)
    a.most = static_cast<std::uint16_t>(in.integer_or("most", 32, 2, 256));
  TRY_VOID(in.done());
  if (text.empty() && a.kind == AggregateKind::count) return a;
  if (text.empty())
    return fail(Fault::invalid, "of what? only count goes without an expression", in.pointer("of"));
  TRY(a.of, expression(in, "of", {}, text, schema));
  if (measurable(a.kind, a.of->type())) return a;
  return fail(Fault::invalid,
              std::string(name_of(a.kind)) + " does not take a " + show(a.of->type()) +
                  "; count takes a bool, distinct a text, number or bool, the others a number",
              in.pointer("of"));
}

struct Draft {  // what is read before the expressions
  std::string when, by, raise, clear;
};

Draft read_plain(wire::ObjectReader& in, Rule& rule) {
  Draft draft;
  rule.id = in.text("rule", 64);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  if (!std::ranges::all_of(rule.id, fits) || rule.id.empty())
    in.refuse("rule", "a rule's name holds a-z, 0-9, '-', '.' and '_', at most 64; rename it");
  rule.about = in.text_or("about", "", 512);
  rule.severity = in.text_or("severity", "moderate", 16);
  static constexpr std::array grades = {"low", "moderate", "high", "critical"};
  if (std::ranges::none_of(grades, [&](const char* g) { return rule.severity == g; }))
    in.refuse("severity", "is none of low, moderate, high, critical");
  draft.when = in.text_or("when", "", 4096);
  draft.by = in.text("by", 4096);
  draft.raise = in.text("raise", 4096);
  draft.clear = in.text_or("clear_when", "", 4096);
  rule.hold_for = time_in(in, "hold_for", 0ms, longest, Duration(0ms));
  rule.lateness = time_in(in, "lateness", 0ms, Duration(24h), Duration(0ms));
  rule.forget = time_in(in, "forget", 1s, longest, Duration(1h));
  rule.early = in.boolean_or("early", false);
  rule.keys = static_cast<std::uint32_t>(in.integer_or("keys", 10'000, 1, 1'000'000));
  if (rule.early && rule.hold_for > 0ms)
    in.refuse("early", "a rule that looks early cannot hold; leave out one of early and hold_for");
  return draft;
}

Result<void> read_missing(const wire::Json& json, const std::string& pointer, Rule& rule) {
  wire::ObjectReader in(json, pointer);
  rule.missing = one_of<Missing>(in, "policy", policies, "");
  if (rule.missing == Missing::alert) rule.silence = time_in(in, "after", 1s, longest);
  if (rule.missing == Missing::ignore)
    rule.silence = time_in(in, "after", 0ms, longest, Duration(0ms));
  return in.done();
}

Result<void> bounded(const Rule& rule, const wire::ObjectReader& in) {
  if (rule.panes() > Rule::most_panes)
    return fail(Fault::invalid,
                "the window is cut into " + std::to_string(rule.panes()) + " parts, at most " +
                    std::to_string(Rule::most_panes) +
                    " are kept; choose a longer step or a shorter size and lateness",
                in.pointer("window"));
  if (rule.octets_a_key() > Rule::most_octets_a_key)
    return fail(Fault::invalid,
                "each key may take " + std::to_string(rule.octets_a_key()) + " octets, at most " +
                    std::to_string(Rule::most_octets_a_key) +
                    " are allowed; use fewer aggregates, a longer step or a smaller distinct",
                in.pointer("aggregates"));
  if (rule.octets_a_key() * rule.keys > Rule::most_octets)
    return fail(Fault::invalid,
                "all keys together may take " +
                    std::to_string((rule.octets_a_key() * rule.keys) >> 20) +
                    " MiB, at most 256 are allowed; lower keys",
                in.pointer("keys"));
  return {};
}

std::uint64_t digest_of(const wire::Json& document) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (char c : wire::canonical(document)) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return h;
}

}  // namespace

const char* name_of(WindowKind kind) {
  return windows[static_cast<std::size_t>(kind)];
}
const char* name_of(AggregateKind kind) {
  return aggregate_kinds[static_cast<std::size_t>(kind)];
}
const char* name_of(Missing policy) {
  return policies[static_cast<std::size_t>(policy)];
}

Result<Schema> aggregate_schema(const std::vector<Aggregate>& aggregates) {
  std::vector<Variable> all = {{"events", {Kind::integer}},
                               {"key", {Kind::string}, 128},
                               {"window.start", {Kind::timestamp}},
                               {"window.end", {Kind::timestamp}}};
  for (const Aggregate& a : aggregates) {
    const bool whole = a.kind == AggregateKind::count || a.kind == AggregateKind::distinct;
    all.push_back({a.name, {whole ? Kind::integer : Kind::real}});
  }
  return Schema::of(std::move(all));
}

Result<Rule> Rule::parse(const wire::Json& document, const Schema& schema) {
  wire::ObjectReader in(document);
  TRY(Expression none, Expression::compile("true", schema));
  TRY(Expression nothing, Expression::compile("false", schema));
  Rule rule{.by = std::move(none), .raise = std::move(nothing)};
  const Draft draft = read_plain(in, rule);
  const wire::Json* window = in.maybe("window");
  const wire::Json* aggregates = in.maybe("aggregates");
  const wire::Json* missing = in.maybe("missing");
  TRY_VOID(in.done());
  if (window) {
    TRY(rule.window, window_of(*window, in.pointer("window")));
  }
  if (missing) TRY_VOID(read_missing(*missing, in.pointer("missing"), rule));
  const bool each = rule.window.kind == WindowKind::each;
  if (aggregates && (!aggregates->members() || aggregates->members()->size() > 16 || each))
    return fail(Fault::invalid, "aggregates are an object of at most 16, and need a window",
                in.pointer("aggregates"));
  if (each && rule.early)
    return fail(Fault::invalid, "without a window there is nothing to be early for; leave it out",
                in.pointer("early"));
  if (aggregates)
    for (const auto& member : *aggregates->members()) {
      const std::string pointer = wire::json_pointer(in.pointer("aggregates"), member.first);
      TRY(Aggregate a, aggregate_of(member, pointer, schema));
      rule.aggregates.push_back(std::move(a));
    }
  const Type truth{Kind::boolean};
  if (!draft.when.empty()) {
    TRY(rule.when, expression(in, "when", truth, draft.when, schema));
  }
  TRY(rule.by, expression(in, "by", {}, draft.by, schema));
  const Type &key = rule.by.type(), text{Kind::string};
  if (!(key == text || key == Type::list(text) || key.is(Kind::dyn)))
    return fail(Fault::invalid, "the key is a " + show(key) + "; it must be a text or list(string)",
                in.pointer("by"));
  auto over = aggregate_schema(rule.aggregates);
  if (!over) return fail(Fault::invalid, over.error().message, in.pointer("aggregates"));
  const Schema& names = each ? schema : *over;
  TRY(rule.raise, expression(in, "raise", truth, draft.raise, names));
  if (!draft.clear.empty()) {
    TRY(rule.clear_when, expression(in, "clear_when", truth, draft.clear, names));
  }
  rule.digest = digest_of(document);
  TRY_VOID(bounded(rule, in));
  return rule;
}

std::uint32_t Rule::panes() const {
  if (window.kind == WindowKind::each) return 0;
  if (window.kind == WindowKind::session || window.kind == WindowKind::count) return 1;
  const auto wait = (lateness + ahead() + window.step - 1ms) / window.step;
  const auto parts = window.size / window.step + wait + 1;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(parts, 1 << 30));
}

std::uint32_t Rule::hashes() const {
  std::uint32_t n = 0;
  for (const Aggregate& a : aggregates) n += a.most;
  return n;
}

std::size_t Rule::octets() const {
  std::size_t n = sizeof *this + by.octets() + raise.octets();
  if (when) n += when->octets();
  if (clear_when) n += clear_when->octets();
  for (const Aggregate& a : aggregates) n += sizeof a + (a.of ? a.of->octets() : 0);
  for (const std::string* s : {&id, &about, &severity}) n += s->size() > 15 ? s->capacity() : 0;
  return n;
}

std::size_t Rule::octets_a_key() const {
  const std::size_t pane =
      sizeof(Pane) + aggregates.size() * sizeof(Cell) + hashes() * sizeof(std::uint64_t);
  return 128 + Key::octets + panes() * pane;
}

std::uint64_t Rule::cost() const {
  std::uint64_t n = by.cost() + (when ? when->cost() : 0);
  for (const Aggregate& a : aggregates) n += a.of ? a.of->cost() : 1;
  if (window.kind == WindowKind::each || early) n += raise.cost();
  return n;
}

}  // namespace muster::rules
