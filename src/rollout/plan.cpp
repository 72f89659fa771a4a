// The terms of a plan as JSON: what a request and a stored plan have in common.
#include "rollout/plan.h"

#include "crypto/hash.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

using wire::Json;
using wire::ObjectReader;

constexpr std::int64_t days_30_s = 30 * 86'400;
constexpr std::size_t windows_max = 32, names_max = 16, hardware_max = 64;

std::int64_t seconds(Duration d) {
  return d.count() / 1000;
}

Json texts(const std::vector<std::string>& all) {
  Json out = Json::array();
  for (const auto& text : all) out.push(text);
  return out;
}

Json gate_json(const Gate& g) {
  Json watched = Json::array();
  for (const Stream s : g.watched) watched.push(name_of(s));
  return Json::object({{"false_halt_permille", g.false_halt_permille},
                       {"miss_permille", g.miss_permille},
                       {"usual_failures_permille", g.usual_failures_permille},
                       {"harm_permille", g.harm_permille},
                       {"control_permille", g.control_permille},
                       {"small_wave", std::uint64_t{g.small_wave}},
                       {"silence_s", seconds(g.silence)},
                       {"patience_s", seconds(g.patience)},
                       {"otherwise", g.otherwise == Otherwise::pass ? "pass" : "pause"},
                       {"streams", std::move(watched)}});
}

Result<Gate> read_gate(ObjectReader in) {
  const auto permille = [&in](const char* key, int fallback) {
    return static_cast<int>(in.integer_or(key, fallback, 0, 1000));
  };
  Gate g;
  g.false_halt_permille = permille("false_halt_permille", g.false_halt_permille);
  g.miss_permille = permille("miss_permille", g.miss_permille);
  g.usual_failures_permille = permille("usual_failures_permille", g.usual_failures_permille);
  g.harm_permille = permille("harm_permille", g.harm_permille);
  g.control_permille = permille("control_permille", g.control_permille);
  g.small_wave = static_cast<std::size_t>(in.integer_or("small_wave", 50, 0, 1'000'000));
  g.silence = std::chrono::seconds(in.integer_or("silence_s", seconds(g.silence), 1, days_30_s));
  g.patience = std::chrono::seconds(in.integer_or("patience_s", seconds(g.patience), 0, days_30_s));
  const std::string otherwise = in.text_or("otherwise", "pass", 8);
  if (otherwise != "pass" && otherwise != "pause")
    in.refuse("otherwise", "is pass or pause: what happens when patience ends without evidence");
  g.otherwise = otherwise == "pause" ? Otherwise::pause : Otherwise::pass;
  const auto names = in.texts_or("streams", {}, streams);
  if (!names.empty()) g.watched.clear();
  for (const auto& name : names) {
    const auto stream = parse_stream(name);
    if (stream)
      g.watched.push_back(*stream);
    else
      in.refuse("streams", stream.error().message);
  }
  TRY_VOID(in.done());
  return g;
}

Json limits_json(const Limits& l) {
  return Json::object({{"per_minute", l.per_minute},
                       {"at_once", l.at_once},
                       {"site_per_minute", l.site_per_minute},
                       {"site_at_once", l.site_at_once},
                       {"sites", l.sites}});
}

Result<Limits> read_limits(ObjectReader in) {
  const auto limit = [&in](const char* key) {
    return static_cast<int>(in.integer_or(key, 0, 0, 10'000'000));
  };
  Limits l{limit("per_minute"), limit("at_once"), limit("site_per_minute"), limit("site_at_once"),
           in.text_or("sites", "", 64)};
  TRY_VOID(in.done());
  return l;
}

Json window_json(const Window& w) {
  Json out = Json::object({{"days", std::int64_t{w.days}},
                           {"from_minute", w.from_minute},
                           {"to_minute", w.to_minute},
                           {"zone", w.zone}});
  if (w.where) out.set("where", w.where->text());
  return out;
}

Result<Window> read_window(ObjectReader in) {
  Window w;
  w.days = static_cast<std::uint8_t>(in.integer_or("days", 0x7f, 1, 0x7f));
  w.from_minute = static_cast<int>(in.integer("from_minute", 0, 1439));
  w.to_minute = static_cast<int>(in.integer("to_minute", 0, 1440));
  w.zone = in.text_or("zone", "UTC0", 64);
  const std::string where = in.text_or("where", "", 2048);
  const std::string place = in.pointer("where");
  TRY_VOID(in.done());
  if (where.empty()) return w;
  auto selector = inventory::Selector::parse(where);
  if (!selector) return fail(Fault::invalid, selector.error().message, place);
  w.where = std::move(*selector);
  return w;
}

Json needs_json(const Needs& n) {
  Json versions = Json::object();
  for (const auto& [name, least] : n.versions) versions.set(name, least);
  return Json::object(
      {{"minimum", n.minimum}, {"versions", std::move(versions)}, {"hardware", texts(n.hardware)}});
}

Result<Needs> read_needs(ObjectReader in) {
  Needs n;
  n.minimum = in.text_or("minimum", "", 32);
  n.hardware = in.texts_or("hardware", {}, hardware_max, 64);
  if (const Json* versions = in.maybe("versions")) {
    const auto* members = versions->members();
    if (!members || members->size() > names_max)
      in.refuse("versions", "is an object of up to 16 reported members and their least versions");
    else
      for (const auto& [name, least] : *members) {
        if (!least.text() || name.size() > 64)
          in.refuse("versions", "has a text for each member: the least version");
        else
          n.versions.emplace_back(name, *least.text());
      }
  }
  TRY_VOID(in.done());
  return n;
}

Result<WayBack> read_way_back(ObjectReader in) {
  WayBack out;
  if (const Json* shares = in.maybe("shares_permille")) {
    out.shares.clear();
    const auto* items = shares->items();
    if (!items || items->size() > 32) in.refuse("shares_permille", "is a list of up to 32 shares");
    for (const Json& item : items && items->size() <= 32 ? *items : Json::Array{}) {
      if (item.integer() && *item.integer() > 0 && *item.integer() <= 1000)
        out.shares.push_back(static_cast<int>(*item.integer()));
      else
        in.refuse("shares_permille", "has shares of 1 to 1000 permille");
    }
  }
  out.per_minute = static_cast<int>(in.integer_or("per_minute", 0, 0, 10'000'000));
  TRY_VOID(in.done());
  return out;
}

Result<std::optional<std::uint64_t>> read_seed(const std::string& text) {
  if (text.empty()) return std::optional<std::uint64_t>();
  const auto octets = from_hex(text);
  if (!octets || octets->size() != 8)
    return fail(Fault::invalid, "is 16 hexadecimal digits, as a dry run tells them", "/seed");
  std::uint64_t seed = 0;
  for (const std::uint8_t octet : *octets) seed = seed << 8 | octet;
  return std::optional(seed);
}

}  // namespace

void write_terms(Json& object, const Plan& plan) {
  if (plan.gate) object.set("gate", gate_json(*plan.gate));
  const Limits& l = plan.limits;
  if (l.per_minute || l.at_once || l.site_per_minute || l.site_at_once || !l.sites.empty())
    object.set("limits", limits_json(l));
  Json windows = Json::array();
  for (const Window& w : plan.windows) windows.push(window_json(w));
  if (!plan.windows.empty()) object.set("windows", std::move(windows));
  if (!plan.needs.empty()) object.set("needs", needs_json(plan.needs));
  if (!plan.spread.empty()) object.set("spread", texts(plan.spread));
  if (plan.way_back.per_minute || plan.way_back.shares != WayBack{}.shares) {
    Json shares = Json::array();
    for (const int share : plan.way_back.shares) shares.push(share);
    object.set("way_back", Json::object({{"shares_permille", std::move(shares)},
                                         {"per_minute", plan.way_back.per_minute}}));
  }
  if (plan.follow) object.set("follow", true);
  if (plan.emergency) object.set("emergency", true);
  if (plan.retry_of) object.set("retry_of", plan.retry_of->number);
  if (plan.seed) object.set("seed", hex_of(*plan.seed));
}

Result<void> read_terms(ObjectReader& in, Plan& plan) {
  if (in.maybe("gate")) {
    TRY(plan.gate, read_gate(in.child("gate")));
  }
  if (in.maybe("limits")) {
    TRY(plan.limits, read_limits(in.child("limits")));
  }
  if (in.maybe("needs")) {
    TRY(plan.needs, read_needs(in.child("needs")));
  }
  if (in.maybe("way_back")) {
    TRY(plan.way_back, read_way_back(in.child("way_back")));
  }
  if (in.maybe("windows"))
    for (const Json& window : in.array("windows", windows_max)) {
      const auto place = wire::json_pointer(in.pointer("windows"), plan.windows.size());
      TRY(auto w, read_window(ObjectReader(window, place)));
      plan.windows.push_back(std::move(w));
    }
  plan.spread = in.texts_or("spread", {}, names_max, 64);
  plan.follow = in.boolean_or("follow", false);
  plan.emergency = in.boolean_or("emergency", false);
  if (in.maybe("retry_of"))
    plan.retry_of =
        RolloutId{static_cast<std::uint64_t>(in.integer("retry_of", 1, std::int64_t{1} << 53))};
  TRY(plan.seed, read_seed(in.text_or("seed", "", 16)));
  return {};
}

std::string digest_of(const Plan& plan) {
  return to_hex(crypto::sha256(bytes_of(wire::canonical(to_json(plan)))));
}

}  // namespace muster::rollout
