#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

struct Options {
  std::string name, role = "viewer", id;
  std::vector<std::string> filters;
};

void operator_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("operator", "who may operate");
  noun->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* add = noun->add_subcommand("add", "an operator; prints the token once");
  add->add_option("name", o->name, "who")->required();
  add->add_option("--role", o->role, "viewer, operator or admin");
  add->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      TRY(auto answer,
          remote.post("/api/v1/operators", Json::object({{"name", o->name}, {"role", o->role}})));
      chosen.if_lost = "The token is lost; `muster operator remove " + o->name +
                       "` and add it again for another";
      if (chosen.json) return show(chosen, answer);
      std::printf("%s\n", cell(answer, "token").c_str());
      return {};
    };
  });
  noun->add_subcommand("list", "operators and their roles")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/operators", {{"NAME", "name"}, {"ROLE", "role"}});
    };
  });
  auto r = std::make_shared<Options>();
  auto* remove = noun->add_subcommand("remove", "an operator and its sessions");
  remove->add_option("name", r->name, "who")->required();
  remove->callback([r, &chosen] {
    chosen.run = [r](Remote& remote) -> Result<void> {
      TRY_VOID(remote.remove("/api/v1/operators/" + url_encoded(r->name)));
      return {};
    };
  });
}

void application_noun(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("application", "programs that may listen to devices' topics");
  noun->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* add = noun->add_subcommand("add", "an application; prints its one-time enrolment token");
  add->add_option("--id", o->id, "its name")->required();
  add->add_option("--subscribe", o->filters, "topic filter below v1/devices/; may repeat")
      ->required();
  add->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) -> Result<void> {
      Json filters = Json::array();
      for (const auto& each : o->filters) filters.push(each);
      TRY(auto answer,
          remote.post("/api/v1/applications",
                      Json::object({{"id", o->id}, {"subscribe", std::move(filters)}})));
      chosen.if_lost = "The token is lost; `muster application remove " + o->id +
                       "` and add it again for another";
      if (chosen.json) return show(chosen, answer);
      std::printf("%s\n", cell(answer, "token").c_str());
      return {};
    };
  });
  noun->add_subcommand("list", "applications")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/applications",
                       {{"ID", "id"}, {"SUBSCRIBE", "subscribe"}});
    };
  });
  auto r = std::make_shared<Options>();
  auto* remove = noun->add_subcommand("remove", "an application and its certificates");
  remove->add_option("id", r->id, "its name")->required();
  remove->callback([r, &chosen] {
    chosen.run = [r](Remote& remote) -> Result<void> {
      TRY_VOID(remote.remove("/api/v1/applications/" + url_encoded(r->id)));
      return {};
    };
  });
}

// Each thing an operator would look at first, and what it says.
Result<void> doctor(Remote& remote) {
  auto line = [](const char* what, const std::string& says) {
    std::printf("%-22s %s\n", what, says.c_str());
  };
  TRY(auto session, remote.get("/api/v1/session"));
  line("controller",
       "answers; you are " + cell(session, "name") + " (" + cell(session, "role") + ")");
  auto ready = remote.text("/readyz");
  line("ready", ready ? "yes" : "no: " + ready.error().message);
  TRY(auto fleet, remote.get("/api/v1/fleet"));
  line("devices", cell(fleet, "devices.total") + ", " + cell(fleet, "devices.online") +
                      " online, " + cell(fleet, "devices.by_state.quarantined") + " in quarantine");
  line("certificates", cell(fleet, "certificates.expiring") + " expiring, " +
                           cell(fleet, "certificates.expired") + " expired");
  line("incidents", cell(fleet, "incidents_open") + " open");
  line("ledger", cell(fleet, "ledger.size") + " entries; `muster ledger verify` checks them");
  return ready ? Result<void>{} : std::unexpected(ready.error());
}

}  // namespace

void operator_commands(CLI::App& root, Chosen& chosen) {
  operator_noun(root, chosen);
  application_noun(root, chosen);
  root.add_subcommand("fleet", "the fleet in figures")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) { return show_one(remote, chosen, "/api/v1/fleet"); };
  });
  root.add_subcommand("login-link", "a one-time link that opens the console")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) -> Result<void> {
      TRY(auto answer, remote.post("/api/v1/session-links", Json::object()));
      chosen.if_lost = "The link is lost; the same command gives another";
      if (chosen.json) return show(chosen, answer);
      std::printf("%s\n", cell(answer, "url").c_str());
      return {};
    };
  });
  root.add_subcommand("doctor", "is everything well?")->callback([&chosen] {
    chosen.run = [](Remote& remote) { return doctor(remote); };
  });
}

}  // namespace muster
