// muster/commands -- the nouns and their verbs. Each function hangs a noun's subcommands into the
// parser; a verb that is chosen leaves its work in `Chosen`, which main runs after the whole line
// was understood. Main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "muster/output.h"
#include "muster/remote.h"

namespace muster {

struct Chosen {
  std::function<Result<void>(Remote&)> run;
  bool json = false;         // --json
  std::string if_lost = {};  // what to do when the answer, a secret told once, cannot be printed
};

void device_commands(CLI::App&, Chosen&);         // device, model, manifest
void retirement_commands(CLI::App&, Chosen&);     // retirement
void retire_verbs(CLI::App& device, Chosen&);     // device retire, destroyed, sanitisation
void attest_commands(CLI::App&, Chosen&);         // attest
void enrolment_commands(CLI::App&, Chosen&);      // enrol, ca, voucher
void rollover_commands(CLI::App& ca, Chosen&);    // ca show, ca rollover
void certificate_commands(CLI::App&, Chosen&);    // cert
void release_commands(CLI::App&, Chosen&);        // release
void vulnerability_commands(CLI::App&, Chosen&);  // vuln
void rollout_commands(CLI::App&, Chosen&);        // rollout
void incident_commands(CLI::App&, Chosen&);       // incident, webhook
void ledger_commands(CLI::App&, Chosen&);         // ledger
void operator_commands(CLI::App&, Chosen&);  // operator, application, fleet, login-link, doctor

// The common shapes of a verb.
Result<void> show_list(Remote&, const Chosen&, const std::string& target,
                       const std::vector<Column>&);
Result<void> show_one(Remote&, const Chosen&, const std::string& target);
Result<void> show(const Chosen&, const wire::Json&);
Result<std::string> file_text(const std::string& path);  // at most 64 MiB

}  // namespace muster
