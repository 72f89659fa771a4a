#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

const std::vector<Column> retirement_columns{{"ID", "id"},
                                             {"STATE", "state"},
                                             {"DEVICES", "devices"},
                                             {"WIPING", "steps.wiping"},
                                             {"SANITISED", "steps.sanitised"},
                                             {"UNSANITISED", "steps.unsanitised"},
                                             {"BY", "requested_by"},
                                             {"REASON", "reason"}};
const std::vector<Column> device_columns{{"DEVICE", "device"},
                                         {"STEP", "step"},
                                         {"ORDER", "order"},
                                         {"DEADLINE", "deadline"},
                                         {"ENDED AT", "ended_at"}};

struct Options {  // of one verb; lives as long as the parser
  std::vector<std::string> ids;
  std::string id, selector, reason, deadline, evidence;
};

std::string retirement(const Options& o) {
  return "/api/v1/retirements/" + url_encoded(o.id);
}
std::string device(const std::string& id) {
  return "/api/v1/devices/" + url_encoded(id);
}

Result<void> retire(Remote& remote, const Chosen& chosen, const Options& o) {
  if (o.ids.empty() == o.selector.empty())
    return fail(Fault::invalid, "say which: devices by id, or --selector", "ID");
  Json body = Json::object({{"reason", o.reason}});
  if (!o.deadline.empty()) {
    auto within = parse_duration(o.deadline);
    if (!within) return fail(Fault::invalid, within.error().message, "--deadline");
    body.set("deadline_s", std::int64_t{*within / 1s});
  }
  if (o.ids.size() == 1) {
    TRY(const auto answer, remote.post(device(o.ids.front()) + "/retire", body));
    return show(chosen, answer);
  }
  if (!o.selector.empty()) body.set("selector", o.selector);
  Json names = Json::array();
  for (const auto& id : o.ids) names.push(id);
  if (!o.ids.empty()) body.set("devices", std::move(names));
  TRY(const auto answer, remote.post("/api/v1/retirements", body));
  return show(chosen, answer);
}

// A verb on one thing, by its id.
void simple(CLI::App& noun, Chosen& chosen, const char* verb, const char* help, const char* what,
            Result<void> (*run)(Remote&, const Chosen&, const Options&),
            const char* words = nullptr, std::string Options::* into = nullptr,
            const char* words_help = "") {
  auto* app = noun.add_subcommand(verb, help);
  auto o = std::make_shared<Options>();
  app->add_option("id", o->id, what)->required();
  if (words) app->add_option(words, (*o).*into, words_help)->required();
  app->callback([o, &chosen, run] {
    chosen.run = [o, &chosen, run](Remote& remote) { return run(remote, chosen, *o); };
  });
}

Result<void> show_retirement(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(const auto request, remote.get(retirement(o)));
  TRY(auto items, remote.list(retirement(o) + "/devices"));
  if (chosen.json) {
    Json all = request;
    all.set("items", Json(std::move(items)));
    return show(chosen, all);
  }
  print_members(request);
  print_table(items, device_columns);
  return {};
}

// Exactly what the ledger's digest is of, so that it can be checked and filed away.
Result<void> show_certificate(Remote& remote, const Chosen&, const Options& o) {
  TRY(const auto text, remote.text(device(o.id) + "/sanitisation"));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace

void retire_verbs(CLI::App& noun, Chosen& chosen) {
  auto* app = noun.add_subcommand(
      "retire", "for good: it wipes itself, says so, and is revoked; it may never enrol again");
  auto o = std::make_shared<Options>();
  app->add_option("id", o->ids, "devices");
  app->add_option("--selector", o->selector, "those that this expression chooses");
  app->add_option("--reason", o->reason, "why; goes to the ledger")->required();
  app->add_option("--deadline", o->deadline,
                  "time to wipe, such as 2h; after it a device is revoked-unsanitised");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return retire(remote, chosen, *o); };
  });
  simple(noun, chosen, "sanitisation", "its certificate of sanitisation, as it was signed",
         "device", show_certificate);
  simple(
      noun, chosen, "destroyed",
      "evidence that a device which is revoked-unsanitised has been destroyed; it is retired",
      "device",
      [](Remote& r, const Chosen& c, const Options& given) -> Result<void> {
        TRY(const auto answer,
            r.post(device(given.id) + "/destroyed", Json::object({{"evidence", given.evidence}})));
        return show(c, answer);
      },
      "--evidence", &Options::evidence, "what was destroyed, how, where, and who saw it");
}

void retirement_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("retirement", "devices on their way out");
  noun->require_subcommand(1);
  noun->add_subcommand("list", "retirements, newest first")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/retirements", retirement_columns);
    };
  });
  simple(*noun, chosen, "show", "one, and how far each of its devices is", "retirement",
         show_retirement);
  simple(*noun, chosen, "approve", "approve one that another operator asked for", "retirement",
         [](Remote& r, const Chosen& c, const Options& o) -> Result<void> {
           TRY(const auto answer, r.post(retirement(o) + "/approve", Json::object()));
           return show(c, answer);
         });
  simple(
      *noun, chosen, "reject", "reject one that waits", "retirement",
      [](Remote& r, const Chosen& c, const Options& o) -> Result<void> {
        TRY(const auto answer,
            r.post(retirement(o) + "/reject", Json::object({{"reason", o.reason}})));
        return show(c, answer);
      },
      "--reason", &Options::reason, "why; goes to the ledger");
}

}  // namespace muster
