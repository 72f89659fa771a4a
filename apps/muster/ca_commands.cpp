// The fleet's CA and its rollover.
#include <chrono>
#include <cstdio>
#include <thread>

#include "muster/commands.h"

namespace muster {
namespace {

using wire::Json;

constexpr const char* place = "/api/v1/ca/rollover";
// Asked again, not followed as events: the signer may have answered before a stream is open, and it
// takes one write to its disk.
constexpr auto look_every = std::chrono::milliseconds(500);
constexpr int looks = 60;

struct Options {  // of one verb; lives as long as the parser
  std::string reason, scope;
};

std::string phase_of(const Json& status) {
  const auto* phase = status.find("phase");
  return phase && phase->text() ? *phase->text() : std::string();
}

// beginning, aborting, switching, finishing: the signer has not answered yet.
bool unsettled(const Json& status) {
  return phase_of(status).ends_with("ing") && phase_of(status) != "distributing";
}

// What was ordered is done by the signer, soon: waits for that.
Result<void> order(Remote& remote, const Chosen& chosen, const char* step, const Json& body) {
  TRY(auto status, remote.post(std::string(place) + '/' + step, body));
  for (int look = 0; look < looks && unsettled(status); ++look) {
    std::this_thread::sleep_for(look_every);
    TRY(status, remote.get(place));
  }
  TRY_VOID(show(chosen, status));
  if (unsettled(status))
    return fail(
        Fault::unavailable,
        "the signer has not answered yet; the order stands, see: muster ca rollover status");
  if (const auto* refused = status.find("refused"); refused && refused->text())
    return fail(Fault::conflict, "the signer refused: " + *refused->text());
  return {};
}

void step_verb(CLI::App& noun, Chosen& chosen, const char* step, const char* help) {
  auto* app = noun.add_subcommand(step, help);
  auto o = std::make_shared<Options>();
  app->add_option("--reason", o->reason, "why, in words; goes to the ledger")->required();
  const bool begins = std::string_view(step) == "begin";
  if (begins)
    app->add_option("--scope", o->scope, "root: the root and the issuing CA; issuing: only that")
        ->check(CLI::IsMember({"root", "issuing"}));
  app->callback([o, step, &chosen] {
    chosen.run = [o, step, &chosen](Remote& remote) {
      Json body = Json::object({{"reason", o->reason}});
      if (!o->scope.empty()) body.set("scope", o->scope);
      return order(remote, chosen, step, body);
    };
  });
}

}  // namespace

void rollover_commands(CLI::App& ca, Chosen& chosen) {
  ca.add_subcommand("show", "the fleet's CA certificates")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(
          remote, chosen, "/api/v1/ca",
          {{"ROLE", "role"}, {"NAME", "name"}, {"NOT AFTER", "not_after"}, {"SHA-256", "sha256"}});
    };
  });
  auto* noun = ca.add_subcommand("rollover", "put a new CA in the place of the fleet's");
  noun->require_subcommand(1);
  step_verb(*noun, chosen, "begin", "the signer makes the new CA; devices are given its root");
  noun->add_subcommand("status", "the phase, and how many devices are ready")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) { return show_one(remote, chosen, place); };
  });
  step_verb(*noun, chosen, "switch", "certificates are issued by the new CA from now on");
  step_verb(*noun, chosen, "finish",
            "the old CA counts no more; refused while devices depend on it");
  step_verb(*noun, chosen, "abort", "before the switch: all stays as it was");
}

}  // namespace muster
