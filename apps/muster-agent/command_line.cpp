#include "muster-agent/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/log.h"
#include "muster-agent/provision_options.h"
#include "muster-agent/token_keys.h"
#include "muster-agent/tpm_keys.h"

namespace muster {
namespace {

// How a release gets to where it runs, and how it is judged.
void add_update(CLI::App& app, CommandLine& given) {
  app.add_option("--health-command", given.health_command, "exit 0: the new release is well");
  app.add_option("--activate-command", given.activate_command,
                 "switches to the slot folder it is given; may run again");
  app.add_option("--confirm-command", given.confirm_command,
                 "makes the slot folder it is given what is started from now on; may run again");
  app.add_option("--command-within", given.command_within,
                 "a command of these that takes longer is ended, and has failed");
  app.add_option("--installer", given.installer,
                 "what puts a release in its place: slots (folders and the commands here), rauc, "
                 "swupdate or hook");
  app.add_option("--installer-program", given.installer_program,
                 "the hook; or where rauc or swupdate is, unless in PATH");
  app.add_option("--swupdate-selection", given.swupdate_selection,
                 "the software set of an image, whose modes are a and b");
  app.add_option("--install-within", given.install_within,
                 "an installation that takes longer is ended, and tried again");
  app.add_option("--unpack-memory", given.unpack_memory_mib,
                 "MiB that a smaller download may take, which holds the old artifact and the new; "
                 "below 8, downloads come as they are")
      ->check(CLI::Range(0, 4096));
  app.add_option("--contact-within", given.contact_within,
                 "a new release has to reach the controller in this time, per try");
}

}  // namespace

CommandLine CommandLine::read(int argc, char** argv) {
  CommandLine given;
  CLI::App app{"muster-agent -- enrols this device, reports, and keeps it on trusted releases",
               "muster-agent"};
  app.set_version_flag("--version", "muster-agent 0.1.0");
  app.require_subcommand(0, 1);
  app.fallthrough();
  bool verbose = false;
  app.add_option("--id", given.id, "the device's id");
  app.add_option("--state", given.state, "folder for keys, slots and what else must last");
  add_provision(app, given.provision);
  app.add_option("--token-file", given.token_file, "its one-time token; not needed once enrolled");
  app.add_option("--key-store", given.key_store,
                 "where its keys are made: file, tpm:TCTI (tpm:device:/dev/tpmrm0), or a token's "
                 "PKCS#11 URI (pkcs11:token=...?pin-source=file:...)");
  app.add_option("--idevid-cert", given.idevid_cert,
                 "the certificate its maker gave it, PEM, leaf first; in place of a token");
  app.add_option("--idevid-key", given.idevid_key, "the key of that certificate, PEM");
  app.add_option("--model", given.model, "refuse releases for another model");
  app.add_option("--firmware", given.firmware, "version that runs before the first update");
  app.add_option("--interval", given.interval, "between two readings");
  app.add_option("--readings", given.readings, "a CSV file, 'meter' (simulated) or 'system'");
  add_update(app, given);
  app.add_option("--wipe-command", given.wipe_command,
                 "erases the device's own data when it is ordered to wipe itself; may run again");
  app.add_option("--wipe-technique", given.wipe_technique,
                 "what that command does, in words for the statement");
  app.add_option("--wipe-method", given.wipe_method,
                 "what that amounts to (NIST SP 800-88 Rev. 2): clear or purge");
  app.add_option("--retry-max", given.retry_max, "longest wait between two tries");
  app.add_flag("--verbose", verbose, "log more");
  app.add_subcommand("status", "print what the state folder holds, and end")->callback([&given] {
    given.wants_status = true;
  });
  try {
    app.parse(argc, argv);
    if (given.state.empty()) throw CLI::RequiredError("--state");
    if (given.idevid_cert.empty() != given.idevid_key.empty())
      throw CLI::RequiredError("--idevid-cert and --idevid-key, both");
    if (!given.wants_status && given.id.empty()) throw CLI::RequiredError("--id");
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  if (verbose) log::set_level(log::Level::debug);
  return given;
}

Result<agent::AgentSettings> settings_of(const CommandLine& given) {
  agent::AgentSettings settings{.id = {},
                                .token = {},
                                .birth_key_pem = {},
                                .birth_chain_pem = {},
                                .model = given.model,
                                .factory_firmware = given.firmware,
                                .health_command = given.health_command,
                                .activate_command = given.activate_command,
                                .confirm_command = given.confirm_command,
                                .wipe_command = given.wipe_command,
                                .wipe_technique = given.wipe_technique,
                                .pace = {}};
  TRY(settings.id, DeviceId::parse(given.id, "--id"));
  TRY(settings.wipe_method, wire::parse_method(given.wipe_method));
  if (settings.wipe_method == wire::Method::destroy)
    return fail(Fault::invalid, "a device cannot state its own destruction", "--wipe-method");
  if (settings.wipe_command.empty() != settings.wipe_technique.empty())
    return fail(Fault::invalid, "come together", "--wipe-command and --wipe-technique");
  if (settings.wipe_command.empty() && settings.wipe_method != wire::Method::clear)
    return fail(Fault::invalid, "the agent alone clears; a purge needs a command that does it",
                "--wipe-method");
  TRY(settings.pace.interval, parse_duration(given.interval));
  TRY(settings.pace.command_within, parse_duration(given.command_within));
  TRY(settings.pace.install_within, parse_duration(given.install_within));
  TRY(settings.installer.kind, agent::parse_installer(given.installer));
  settings.unpack_memory = static_cast<std::uint64_t>(given.unpack_memory_mib) << 20;
  settings.installer.program = given.installer_program;
  settings.installer.selection = given.swupdate_selection;
  TRY(settings.pace.contact_within, parse_duration(given.contact_within));
  TRY(settings.pace.retry_max, parse_duration(given.retry_max));
  if (!given.token_file.empty()) {
    TRY(auto token, agent::read_file(given.token_file, "--token-file", 4096));
    settings.token = agent::without_line_end(std::move(token));
  }
  if (!given.idevid_cert.empty()) {
    TRY(settings.birth_chain_pem, agent::read_file(given.idevid_cert, "--idevid-cert"));
    TRY(settings.birth_key_pem, agent::read_file(given.idevid_key, "--idevid-key"));
  }
  return settings;
}

Result<std::unique_ptr<agent::KeyStore>> key_store_of(const CommandLine& given) {
  constexpr std::string_view tpm = "tpm:";
  if (given.key_store == "file") return nullptr;
  if (pkcs11::is_uri(given.key_store)) {
    TRY(auto keys, TokenKeys::at(given.key_store, given.id));
    return std::unique_ptr<agent::KeyStore>(std::move(keys));
  }
  if (!given.key_store.starts_with(tpm))
    return fail(Fault::invalid, "is file, tpm: and how the TPM is reached, or a PKCS#11 URI",
                "--key-store");
  TRY(auto keys, TpmKeys::at(given.key_store.substr(tpm.size())));
  return std::unique_ptr<agent::KeyStore>(std::move(keys));
}

Result<agent::CsvTable> table_of(const CommandLine& given) {
  if (given.readings == "system" || given.readings == "meter") return agent::CsvTable{};
  TRY(const auto text, agent::read_file(given.readings, "--readings", 256 << 20));
  return agent::CsvTable::parse(text);
}

std::unique_ptr<agent::Readings> readings_of(const CommandLine& given,
                                             const agent::CsvTable& table) {
  const std::uint64_t seed = std::hash<std::string>{}(given.id);
  if (given.readings == "system") return std::make_unique<agent::SystemReadings>();
  if (given.readings == "meter") return std::make_unique<agent::MeterReadings>(seed);
  return std::make_unique<agent::CsvReadings>(table, seed);
}

}  // namespace muster
