// The command line of an operator: noun, verb, options; data on stdout, talk on stderr, an exit
// code for scripts.
#include <cstdio>

#include "muster/commands.h"

using namespace muster;

// A command whose answer did not reach its reader has failed, whatever it did.
static Result<void> run(Chosen& chosen, Remote& remote) {
  auto done = chosen.run(remote);
  auto printed = flush_output();
  if (printed || !done) return done;
  if (!chosen.if_lost.empty()) printed.error().message += "; it was done. " + chosen.if_lost;
  return printed;
}

int main(int argc, char** argv) {
  hold_standard_streams();
  CLI::App app{
      "muster -- operate a fleet: devices, releases, rollouts, incidents, and the proof of it all",
      "muster"};
  app.set_version_flag("--version", "muster 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();

  Remote::Settings settings{.server = "https://localhost:8443"};
  Chosen chosen;
  app.add_option("--server", settings.server, "URL of the controller")->envname("MUSTER_SERVER");
  app.add_option("--token-file", settings.token_file, "file with your token")
      ->envname("MUSTER_TOKEN_FILE");
  app.add_option("--ca", settings.ca_file, "the fleet root, DIR/ca.pem")->envname("MUSTER_CA");
  app.add_flag("--json", chosen.json, "print JSON as the API gives it");

  device_commands(app, chosen);
  enrolment_commands(app, chosen);
  certificate_commands(app, chosen);
  attest_commands(app, chosen);
  retirement_commands(app, chosen);
  vulnerability_commands(app, chosen);
  release_commands(app, chosen);
  rollout_commands(app, chosen);
  incident_commands(app, chosen);
  ledger_commands(app, chosen);
  operator_commands(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const bool asked = e.get_exit_code() == 0;
    app.exit(e);
    if (auto printed = flush_output(); asked && !printed) return complain(printed.error());
    return asked ? Exit::ok : Exit::usage;
  }
  Remote remote{settings};
  auto done = run(chosen, remote);
  return done ? Exit::ok : complain(done.error());
}
