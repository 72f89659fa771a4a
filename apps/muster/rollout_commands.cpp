#include <unistd.h>

#include "muster/commands.h"
#include "muster/plan_options.h"

namespace muster {
namespace {

using wire::Json;

struct Options {
  std::string id, reason, outcome, digest;
  PlanOptions plan;
  bool dry_run = false;
};

const std::vector<Column> wave_columns{{"WAVE", "n"},
                                       {"STATE", "state"},
                                       {"TARGETS", "targets"},
                                       {"OFFERED", "offered"},
                                       {"INSTALLED", "installed"},
                                       {"FAILED", "failed"},
                                       {"REVERTED", "reverted"},
                                       {"SILENT", "silent"}};

Result<void> start(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto body, plan_body(remote, o.plan));
  TRY(auto answer,
      remote.post(std::string("/api/v1/rollouts") + (o.dry_run ? "?dry_run=true" : ""), body));
  if (chosen.json || o.dry_run) return show(chosen, answer);
  std::printf("%s\n", cell(answer, "id").c_str());
  std::fprintf(stderr, "rollout %s is running; `muster rollout watch %s` follows it\n",
               cell(answer, "id").c_str(), cell(answer, "id").c_str());
  return {};
}

Result<void> propose(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto body, plan_body(remote, o.plan));
  const std::string path = "/api/v1/proposals" + (o.id.empty() ? "" : "/" + url_encoded(o.id));
  TRY(auto answer, o.id.empty() ? remote.post(path, body) : remote.put(path, body));
  if (chosen.json) return show(chosen, answer);
  std::printf("%s\n", cell(answer, "id").c_str());
  std::fprintf(stderr, "another operator approves it: muster rollout approve %s --digest %s\n",
               cell(answer, "id").c_str(), cell(answer, "digest").c_str());
  return {};
}

Result<void> approve(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto answer, remote.post("/api/v1/proposals/" + url_encoded(o.id) + "/approve",
                               Json::object({{"digest", o.digest}})));
  return show(chosen, answer);
}

Result<void> withdraw(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto answer, remote.post("/api/v1/proposals/" + url_encoded(o.id) + "/withdraw",
                               Json::object({{"reason", o.reason}})));
  return show(chosen, answer);
}

std::string path_of(const Options& o) {
  return "/api/v1/rollouts/" + url_encoded(o.id);
}

void print_gate(const Json& rollout) {
  const auto* gate = rollout.find("gate");
  if (!gate || gate->is_null()) return;
  std::printf("gate: evidence of harm %s of %s; %s%s\n", cell(*gate, "harm").c_str(),
              cell(*gate, "needed").c_str(),
              cell(rollout, "holding") == "true" ? "holds the wave: " : "",
              cell(*gate, "words").c_str());
  if (const auto* items = gate->find("evidence"); items && items->items())
    print_table(*items->items(), {{"STREAM", "stream"},
                                  {"HIT", "treated_events"},
                                  {"OF", "treated"},
                                  {"CONTROL HIT", "control_events"},
                                  {"OF", "control"},
                                  {"HARM", "harm"},
                                  {"HARMLESS", "harmless"}});
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
  print_gate(rollout);
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

void plan_verb(CLI::App& noun, Chosen& chosen, const char* name, const char* help,
               Result<void> (*run)(Remote&, const Chosen&, const Options&)) {
  auto o = std::make_shared<Options>();
  auto* app = noun.add_subcommand(name, help);
  add_plan_options(*app, o->plan);
  if (name == std::string_view("start"))
    app->add_flag("--dry-run", o->dry_run, "show who would get it and when, and who not and why");
  else
    app->add_option("--change", o->id, "the proposal whose plan this is to be");
  app->callback([o, run, &chosen] {
    chosen.run = [o, run, &chosen](Remote& remote) { return run(remote, chosen, *o); };
  });
}

void proposal_list(CLI::App& noun, Chosen& chosen) {
  noun.add_subcommand("proposals", "plans that wait for a second person, newest first")
      ->callback([&chosen] {
        chosen.run = [&chosen](Remote& remote) {
          return show_list(remote, chosen, "/api/v1/proposals",
                           {{"ID", "id"},
                            {"STATE", "state"},
                            {"AUTHOR", "author"},
                            {"APPROVER", "approver"},
                            {"ROLLOUT", "rollout"},
                            {"DIGEST", "digest"}});
        };
      });
}

}  // namespace

void rollout_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("rollout", "start, list, show, watch, pause, resume, halt");
  noun->require_subcommand(1);
  plan_verb(*noun, chosen, "start", "move devices to a release, wave by wave", start);
  plan_verb(*noun, chosen, "propose", "the same, for another operator to approve", propose);
  proposal_list(*noun, chosen);
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
  auto [approving, a] = verb("approve", "start the plan of another operator", approve);
  approving->add_option("--digest", a->digest, "of the plan that you have looked at")->required();
  auto [withdrawing, w] = verb("withdraw", "give a proposal up", withdraw);
  withdrawing->add_option("--reason", w->reason, "why; goes to the ledger")->required();
  auto [targets, t] = verb("targets", "each device and what became of it", show_targets);
  targets->add_option("--outcome", t->outcome,
                      "waiting, offered, installed, failed, reverted, silent or overtaken");
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
