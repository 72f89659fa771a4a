#include "muster/plan_options.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/clock.h"
#include "muster/output.h"

namespace muster {
namespace {

using wire::Json;

constexpr std::size_t zone_file_max = 1 << 16;

// "2%" or "2.5%" in thousandths.
Result<std::int64_t> permille(const std::string& text, const char* option) {
  char* end = nullptr;
  const double percent = std::strtod(text.c_str(), &end);
  if (text.empty() || std::string_view(end) != "%" || percent < 0 || percent > 100)
    return fail(Fault::invalid, "must be a share such as 2% or 12.5%, not \"" + text + "\"",
                option);
  return static_cast<std::int64_t>(percent * 10 + 0.5);
}

Result<std::string> content_of(const std::string& path, const char* option) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Fault::missing, "cannot read " + path, option);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Rings first, each a group; then "2%" of all so far, or "+100" more.
Result<Json> waves_of(const PlanOptions& o) {
  TRY(auto soak, parse_duration(o.soak));
  TRY(auto tolerance, permille(o.tolerance, "--tolerance"));
  Json waves = Json::array();
  const auto add = [&](const char* by, Json value) {
    waves.push(Json::object({{by, std::move(value)},
                             {"tolerance_permille", tolerance},
                             {"soak_s", soak.count() / 1000}}));
  };
  for (const auto& ring : o.rings) add("selector", "\"" + ring + "\" in groups");
  for (std::size_t at = 0; at <= o.waves.size();) {
    const auto comma = std::min(o.waves.find(',', at), o.waves.size());
    const std::string wave = o.waves.substr(at, comma - at);
    at = comma + 1;
    if (wave.starts_with('+')) {
      char* end = nullptr;
      const long count = std::strtol(wave.c_str() + 1, &end, 10);
      if (count < 1 || *end != '\0')
        return fail(Fault::invalid, "must be a count such as +100, not \"" + wave + "\"",
                    "--waves");
      add("count", std::int64_t{count});
      continue;
    }
    TRY(auto share, permille(wave, "--waves"));
    add("share_permille", share);
  }
  return waves;
}

// A POSIX TZ string as it stands. Of a name such as Europe/Berlin the last line of this machine's
// file (RFC 8536 section 3.3).
Result<std::string> zone_of(const std::string& text) {
  const bool is_name = text.find('/') != text.npos && text.find(',') == text.npos;
  if (!is_name) return text;
  if (text.find("..") != text.npos || text.starts_with('/'))
    return fail(Fault::invalid, "is no name of a zone: " + text, "--window");
  TRY(auto file, content_of("/usr/share/zoneinfo/" + text, "--window"));
  if (!file.starts_with("TZif") || file.size() > zone_file_max || !file.ends_with('\n'))
    return fail(Fault::invalid, "this machine's file of the zone " + text + " does not read",
                "--window");
  file.pop_back();
  return file.substr(file.rfind('\n') + 1);
}

Result<int> minute_of(const std::string& text) {
  if (text.size() == 5 && text[2] == ':') {
    const int hour = std::atoi(text.substr(0, 2).c_str()), minute = std::atoi(text.c_str() + 3);
    const bool digits = std::all_of(text.begin(), text.end(),
                                    [](char c) { return c == ':' || (c >= '0' && c <= '9'); });
    if (digits && hour < 24 && minute < 60) return hour * 60 + minute;
  }
  return fail(Fault::invalid, "must be a time such as 22:00, not \"" + text + "\"", "--window");
}

Result<Json> window_of(const std::string& text) {  // "22:00-02:00 Europe/Berlin"
  const auto space = std::min(text.find(' '), text.size());
  const auto dash = text.find('-');
  if (dash == text.npos || dash > space)
    return fail(Fault::invalid, "must be like \"22:00-02:00 Europe/Berlin\"", "--window");
  TRY(const int from, minute_of(text.substr(0, dash)));
  TRY(const int to, minute_of(text.substr(dash + 1, space - dash - 1)));
  TRY(auto zone, zone_of(space < text.size() ? text.substr(space + 1) : "UTC0"));
  return Json::object({{"from_minute", from}, {"to_minute", to}, {"zone", std::move(zone)}});
}

Result<void> set_gate(Json& body, const PlanOptions& o) {
  const bool asked = o.gate || !o.harm.empty() || !o.control.empty() || !o.patience.empty() ||
                     !o.otherwise.empty();
  if (!asked) return {};
  Json gate = Json::object();
  if (!o.harm.empty()) {
    TRY(auto share, permille(o.harm, "--harm"));
    gate.set("harm_permille", share);
  }
  if (!o.control.empty()) {
    TRY(auto share, permille(o.control, "--control"));
    gate.set("control_permille", share);
  }
  if (!o.patience.empty()) {
    TRY(auto patience, parse_duration(o.patience));
    gate.set("patience_s", patience.count() / 1000);
  }
  if (!o.otherwise.empty()) gate.set("otherwise", o.otherwise);
  body.set("gate", std::move(gate));
  return {};
}

// A release's id, given that or MODEL/VERSION, or a version that only one model has.
Result<std::string> release_id(Remote& remote, const std::string& given) {
  TRY(auto releases, remote.list("/api/v1/releases"));
  std::string found;
  for (const auto& release : releases) {
    const std::string id = cell(release, "id"), version = cell(release, "version");
    const bool same =
        id == given || version == given || cell(release, "model") + "/" + version == given;
    if (!same) continue;
    if (!found.empty() && found != id)
      return fail(
          Fault::invalid,
          "several models have a release " + given + "; say MODEL/VERSION or the release's id",
          "--release");
    found = id;
  }
  if (found.empty()) return fail(Fault::missing, "there is no release " + given, "--release");
  return found;
}

void set_limits(Json& body, const PlanOptions& o) {
  if (!o.per_minute && !o.at_once && !o.site_per_minute && !o.site_at_once) return;
  body.set("limits", Json::object({{"per_minute", o.per_minute},
                                   {"at_once", o.at_once},
                                   {"site_per_minute", o.site_per_minute},
                                   {"site_at_once", o.site_at_once},
                                   {"sites", o.sites}}));
}

}  // namespace

void add_plan_options(CLI::App& app, PlanOptions& o) {
  app.add_option("--release", o.release, "release id, MODEL/VERSION, or VERSION")->required();
  app.add_option("--selector", o.selector,
                 "which devices; all of the release's model if not given");
  app.add_option("--ring", o.rings, "a group that gets it before all others; may be repeated");
  app.add_option("--waves", o.waves, "rising shares of the targets, or +COUNT; ends at 100%");
  app.add_option("--soak", o.soak, "how long a wave stays healthy before the next opens");
  app.add_option("--deadline", o.deadline, "after it a device that said nothing counts as failed");
  app.add_option("--tolerance", o.tolerance, "share of a wave that may fail");
  app.add_flag("--quarantined", o.quarantined, "also devices in quarantine: a patch for them");
  app.add_flag("--gate", o.gate, "a wave passes on evidence, compared with who waits");
  app.add_option("--harm", o.harm, "share of devices, beyond what is usual, that is harm");
  app.add_option("--control", o.control, "share of the targets that waits until the end");
  app.add_option("--patience", o.patience, "for evidence, after the soak");
  app.add_option("--otherwise", o.otherwise, "when patience ends: pass or pause");
  app.add_option("--spread", o.spread,
                 "draw waves in proportion by this: site, firmware, hardware, ...");
  app.add_option("--window", o.windows, "offers are made then only: \"22:00-02:00 Europe/Berlin\"");
  app.add_option("--per-minute", o.per_minute, "offers a minute, over all");
  app.add_option("--at-once", o.at_once, "devices under way at once, over all");
  app.add_option("--sites", o.sites, "how the groups that are sites begin, such as site:");
  app.add_option("--site-per-minute", o.site_per_minute, "offers a minute, at each site");
  app.add_option("--site-at-once", o.site_at_once, "devices under way at once, at each site");
  app.add_option("--back-per-minute", o.back_per_minute, "devices a minute on the way back");
  app.add_flag("--follow", o.follow, "who comes to match while it lasts joins");
  app.add_flag("--emergency", o.emergency, "take targets from ordinary rollouts");
  app.add_option("--retry", o.retry, "only those that failed or were silent in that rollout");
  app.add_option("--seed", o.seed, "of the draw, as a dry run told it");
  app.add_option("--terms", o.terms, "a file with more of the plan, as JSON");
}

Result<Json> plan_body(Remote& remote, const PlanOptions& o) {
  TRY(auto release, release_id(remote, o.release));
  TRY(auto waves, waves_of(o));
  TRY(auto deadline, parse_duration(o.deadline));
  Json body = Json::object({{"release", release},
                            {"selector", o.selector},
                            {"waves", std::move(waves)},
                            {"deadline_s", deadline.count() / 1000},
                            {"quarantined", o.quarantined}});
  TRY_VOID(set_gate(body, o));
  set_limits(body, o);
  Json windows = Json::array(), spread = Json::array();
  for (const auto& text : o.windows) {
    TRY(auto window, window_of(text));
    windows.push(std::move(window));
  }
  for (const auto& name : o.spread) spread.push(name);
  if (!o.windows.empty()) body.set("windows", std::move(windows));
  if (!o.spread.empty()) body.set("spread", std::move(spread));
  if (o.back_per_minute) body.set("way_back", Json::object({{"per_minute", o.back_per_minute}}));
  if (o.follow) body.set("follow", true);
  if (o.emergency) body.set("emergency", true);
  if (o.retry) body.set("retry_of", o.retry);
  if (!o.seed.empty()) body.set("seed", o.seed);
  if (o.terms.empty()) return body;
  TRY(const auto text, content_of(o.terms, "--terms"));
  TRY(const auto more, wire::parse_json(text));
  if (!more.members()) return fail(Fault::invalid, "is a JSON object", "--terms");
  for (const auto& [key, value] : *more.members()) body.set(key, value);
  return body;
}

}  // namespace muster
