#include "musterd/names.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "wire/json.h"

namespace muster {
namespace {

bool is_address(const std::string& text) {
  unsigned char octets[16];
  return inet_pton(AF_INET, text.c_str(), octets) == 1 ||
         inet_pton(AF_INET6, text.c_str(), octets) == 1;
}

}  // namespace

Names names_of(const Config& config) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  Names names{{}, {"127.0.0.1", "::1"}};
  for (const std::string& name :
       {config.public_name, config.bind, std::string(host), std::string("localhost")}) {
    auto& list = is_address(name) ? names.addresses : names.dns;
    const bool wildcard = name == "0.0.0.0" || name == "::";
    if (!name.empty() && !wildcard && std::ranges::count(list, name) == 0) list.push_back(name);
  }
  return names;
}

desk::ServerTerms server_terms(const Config& config) {
  const Names names = names_of(config);
  return {.dns_names = names.dns,
          .ip_addresses = names.addresses,
          .life = config.server_certificate_life,
          .ocsp_url = config.pki_url.empty() ? "" : config.pki_url + "/ocsp"};
}

response::Settings response_settings(const Config& config) {
  return {.isolations_per_hour = config.isolations_per_hour};
}

retirement::Settings retirement_settings(const Config& config) {
  return {.within = config.retirement_deadline};
}

gateway::Settings gateway_settings(const Config& config, const Folder& folder) {
  gateway::Settings settings{.address = config.bind,
                             .mqtt_port = config.mqtt_port,
                             .device_port = config.device_port,
                             .enrol_port = config.enrol_port,
                             .status_port = config.status_port,
                             .threads = config.io_threads
                                            ? config.io_threads
                                            : std::max(1U, std::thread::hardware_concurrency()),
                             .key_pem = folder.server_key_pem,
                             .chain_pem = folder.server_chain_pem,
                             .device_anchors_pem = pem_of(folder.trusted.anchors()),
                             .enrolments_per_address = config.enrolments_per_address,
                             .enrolments_per_address_burst = config.enrolments_per_address_burst};
  for (const auto& certificate : folder.trusted.given())
    settings.ca_certificates.push_back(certificate.der);
  return settings;
}

desk::TelemetrySettings telemetry_settings(const Config& config) {
  return {.lanes = config.telemetry_lanes,
          .sync = config.telemetry_sync,
          .retention = config.telemetry_retention};
}

api::Settings api_settings(const Config& config, const Folder& folder) {
  return {
      .address = config.bind,
      .port = config.operator_port,
      .key_pem = folder.server_key_pem,
      .chain_pem = folder.server_chain_pem,
      .public_host = config.public_name.empty()
                         ? (is_address(config.bind) ? "localhost" : names_of(config).dns.front())
                         : config.public_name,
      .ledger_public = config.ledger_public};
}

Result<void> set_log_level(const std::string& level) {
  const std::vector<std::string> levels{"debug", "info", "warning", "error"};
  auto at = std::ranges::find(levels, level);
  if (at == levels.end())
    return fail(Fault::invalid, "--log-level: must be debug, info, warning or error");
  log::set_level(static_cast<log::Level>(at - levels.begin()));
  return {};
}

sigset_t hold_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow fails a write, as a full disk does
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

void wait_for_signal(const sigset_t& set) {
  int which = 0;
  sigwait(&set, &which);
}

Result<void> run_or_end_program(desk::Desk& desk) {
  auto ended = desk.run();
  if (!ended) ::kill(::getpid(), SIGTERM);
  return ended;
}

void say_ready(const std::string& link) {
  std::printf("console  %s\nready\n", link.c_str());
  std::fflush(stdout);
}

std::string console_link(api::Api& api, store::Store& store, ledger::Ledger& ledger) {
  std::string link = api.new_link_url();
  ledger.seal();
  store.commit();
  return link;
}

Result<void> first_operator(const Folder& folder, api::Operators& operators, store::Store& store,
                            ledger::Ledger& ledger) {
  const auto file = folder.path / "admin.token";
  if (!operators.list().empty()) return {};
  store.begin();
  TRY(auto token, operators.add("admin", api::Role::admin, ledger::system_actor("first-start")));
  // Before the commit: a token nobody knows would lock everybody out.
  TRY_VOID(write_file(file, token + "\n", 0600));
  ledger.seal();
  store.commit();
  return write_file(folder.path / "ledger.vkey", ledger.verifier_key() + "\n");
}

Result<void> write_ports(const Folder& folder, const Config& config,
                         const gateway::Gateway::Ports& ports, std::uint16_t operator_port) {
  auto json = wire::Json::object({{"bind", config.bind},
                                  {"operator", unsigned{operator_port}},
                                  {"mqtt", unsigned{ports.mqtt}},
                                  {"device", unsigned{ports.device}},
                                  {"enrol", unsigned{ports.enrol}}});
  if (ports.status) json.set("status", unsigned{*ports.status});
  return write_file(folder.path / "ports.json", wire::to_text(json) + "\n");
}

}  // namespace muster
