#include <unistd.h>

#include "base/clock.h"
#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

struct Options {
  std::string id, release, selector = "all", waves = "2%,10%,100%", soak = "30s", deadline = "5m",
                           tolerance = "10%", reason, outcome;
  bool quarantined = false, dry_run = false;
};

const std::vector<Column> wave_columns{{"WAVE", "n"},
                                       {"STATE", "state"},
                                       {"TARGETS", "targets"},
                                       {"OFFERED", "offered"},
                                       {"INSTALLED", "installed"},
                                       {"FAILED", "failed"},
                                       {"REVERTED", "reverted"},
                                       {"SILENT", "silent"}};

// "2%" or "2.5%" in thousandths.
Result<std::int64_t> permille(const std::string& text, const char* option) {
  char* end = nullptr;
  const double percent = std::strtod(text.c_str(), &end);
  if (text.empty() || std::string_view(end) != "%" || percent < 0 || percent > 100)
    return fail(Fault::invalid, "must be a share such as 2% or 12.5%, not \"" + text + "\"",
                option);
  return static_cast<std::int64_t>(percent * 10 + 0.5);
}

Result<Json> waves_of(const Options& o) {
  TRY(auto soak, parse_duration(o.soak));
  TRY(auto tolerance, permille(o.tolerance, "--tolerance"));
  Json waves = Json::array();
  std::size_t at = 0;
  while (at <= o.waves.size()) {
    auto comma = std::min(o.waves.find(',', at), o.waves.size());
    TRY(auto share, permille(o.waves.substr(at, comma - at), "--waves"));
    waves.push(Json::object({{"share_permille", share},
                             {"tolerance_permille", tolerance},
                             {"soak_s", soak.count() / 1000}}));
    at = comma + 1;
  }
  return waves;
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

Result<void> start(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto release, release_id(remote, o.release));
  TRY(auto waves, waves_of(o));
  TRY(auto deadline, parse_duration(o.deadline));
  Json body = Json::object({{"release", release},
                            {"selector", o.selector},
                            {"waves", std::move(waves)},
                            {"deadline_s", deadline.count() / 1000},
                            {"quarantined", o.quarantined}});
  TRY(auto answer,
      remote.post(std::string("/api/v1/rollouts") + (o.dry_run ? "?dry_run=true" : ""), body));
  if (chosen.json || o.dry_run) return show(chosen, answer);
  std::printf("%s\n", cell(answer, "id").c_str());
  std::fprintf(stderr, "rollout %s is running; `muster rollout watch %s` follows it\n",
               cell(answer, "id").c_str(), cell(answer, "id").c_str());
  return {};
}

std::string path_of(const Options& o) {
  return "/api/v1/rollouts/" + url_encoded(o.id);
}

void print_rollout(const Json& rollout) {
  std::printf("rollout %s  %s %s  %s", cell(rollout, "id").c_str(),
              cell(rollout, "release.model").c_str(), cell(rollout, "release.version").c_str(),
              cell(rollout, "state").c_str());
  if (const auto reason = cell(rollout, "reason"); !reason.empty() && reason != "-")
    std::printf("  (%s)", reason.c_str());
  std::printf("\n");
  Json::Array waves;
  if (const auto* items = rollout.find("waves"); items && items->items())
    for (const auto& wave : *items->items()) {
      waves.push_back(wave);
      waves.back().set("n", static_cast<std::int64_t>(waves.size()));
    }
  print_table(waves, wave_columns);
}

bool ended(const Json& rollout) {
  const std::string state = cell(rollout, "state");
  return state == "done" || state == "halted" || state == "reverted";
}

// Shows the rollout whenever it moves, until it ends. A halted or reverted one is a failure for
// scripts.
Result<void> watch(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto now, remote.get(path_of(o)));
  std::string last;
  auto look = [&](const Json& rollout) -> Result<void> {
    if (std::string text = wire::to_text(rollout); text != last) {
      last = std::move(text);
      if (chosen.json) print_json(rollout);
      if (!chosen.json && isatty(STDOUT_FILENO) == 1) std::printf("\033[H\033[2J");
      if (!chosen.json) print_rollout(rollout);
    }
    return flush_output();
  };
  TRY_VOID(look(now));
  while (!ended(now)) {
    TRY_VOID(remote.follow("/api/v1/events", [](std::string_view name, std::string_view) {
      return name != "rollout";
    }));
    TRY(now, remote.get(path_of(o)));
    TRY_VOID(look(now));
  }
  if (cell(now, "state") != "done")
    return fail(Fault::conflict,
                "the rollout ended " + cell(now, "state") + ": " + cell(now, "reason"));
  return {};
}

// The API counts waves from 0; people, `rollout show` and the ledger from 1.
Result<void> show_targets(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto items, remote.list(path_of(o) + "/targets" +
                              (o.outcome.empty() ? "" : "?outcome=" + url_encoded(o.outcome))));
  if (chosen.json) return show(chosen, Json(std::move(items)));
  for (Json& item : items)
    if (const auto* wave = item.find("wave"); wave && wave->integer())
      item.set("wave", *wave->integer() + 1);
  print_table(items, {{"DEVICE", "device"},
                      {"WAVE", "wave"},
                      {"OUTCOME", "outcome"},
                      {"DETAIL", "detail"},
                      {"AT", "at"}});
  return {};
}

void start_verb(CLI::App& noun, Chosen& chosen) {
  auto o = std::make_shared<Options>();
  auto* app = noun.add_subcommand("start", "move devices to a release, wave by wave");
  app->add_option("--release", o->release, "release id, MODEL/VERSION, or VERSION")->required();
  app->add_option("--selector", o->selector,
                  "which devices; all of the release's model if not given");
  app->add_option("--waves", o->waves, "rising shares of the targets, ending at 100%");
  app->add_option("--soak", o->soak, "how long a wave stays healthy before the next opens");
  app->add_option("--deadline", o->deadline,
                  "after it a device that said nothing counts as failed");
  app->add_option("--tolerance", o->tolerance, "share of a wave that may fail");
  app->add_flag("--quarantined", o->quarantined, "also devices in quarantine: a patch for them");
  app->add_flag("--dry-run", o->dry_run, "show who would get it, and who not and why");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return start(remote, chosen, *o); };
  });
}

}  // namespace

void rollout_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("rollout", "start, list, show, watch, pause, resume, halt");
  noun->require_subcommand(1);
  start_verb(*noun, chosen);
  noun->add_subcommand("list", "rollouts, newest first")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/rollouts",
                       {{"ID", "id"},
                        {"MODEL", "release.model"},
                        {"VERSION", "release.version"},
                        {"STATE", "state"},
                        {"STARTED", "started_at"},
                        {"REASON", "reason"}});
    };
  });
  auto verb = [&](const char* name, const char* help, auto run) {
    auto o = std::make_shared<Options>();
    auto* app = noun->add_subcommand(name, help);
    app->add_option("id", o->id, "rollout")->required();
    app->callback([o, &chosen, run] {
      chosen.run = [o, &chosen, run](Remote& remote) { return run(remote, chosen, *o); };
    });
    return std::pair(app, o);
  };
  verb("show", "one rollout, wave by wave",
       [](Remote& r, const Chosen& c, const Options& o) -> Result<void> {
         TRY(auto rollout, r.get(path_of(o)));
         if (c.json)
           print_json(rollout);
         else
           print_rollout(rollout);
         return {};
       });
  verb("watch", "follow it until it ends; exit 4 unless it is done", watch);
  auto [targets, t] = verb("targets", "each device and what became of it", show_targets);
  targets->add_option("--outcome", t->outcome,
                      "waiting, offered, installed, failed, reverted or silent");
  for (const char* name : {"pause", "resume", "halt"}) {
    auto [app, options] = verb(
        name,
        name == std::string_view("halt") ? "for good; devices that took it are taken back"
                                         : "hold back or go on",
        [name](Remote& r, const Chosen& c, const Options& o) -> Result<void> {
          TRY(auto answer, r.post(path_of(o) + "/" + name, Json::object({{"reason", o.reason}})));
          return show(c, answer);
        });
    app->add_option("--reason", options->reason, "why; goes to the ledger");
  }
}

}  // namespace muster
