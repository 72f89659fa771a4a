#include "musterd/config.h"

#include <yaml-cpp/yaml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "base/file.h"
#include "pkcs11/uri.h"

namespace muster {
namespace {

// An option's text becomes a setting, or a sentence that says why not.
using Setter = std::function<Result<void>(const std::string&)>;

template <class T>
Setter number(T& into, std::int64_t min, std::int64_t max) {
  return [&into, min, max](const std::string& text) -> Result<void> {
    char* end = nullptr;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end || value < min || value > max)
      return fail(Fault::invalid, "must be a whole number from " + std::to_string(min) + " to " +
                                      std::to_string(max));
    into = static_cast<T>(value);
    return {};
  };
}

Setter duration(Duration& into) {
  return [&into](const std::string& text) -> Result<void> {
    if (text == "0") {
      into = 0ms;
      return {};
    }
    TRY(into, parse_duration(text));
    return {};
  };
}

Setter text(std::string& into) {
  return [&into](const std::string& value) -> Result<void> {
    into = value;
    return {};
  };
}

Setter token_key(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    TRY_VOID(pkcs11::parse_uri(text));
    into = text;
    return {};
  };
}

Setter yes_or_no(bool& into) {
  return [&into](const std::string& value) -> Result<void> {
    if (value != "true" && value != "false") return fail(Fault::invalid, "must be true or false");
    into = value == "true";
    return {};
  };
}

Setter port(std::optional<std::uint16_t>& into) {
  return [&into](const std::string& text) { return number(into.emplace(), 0, 65535)(text); };
}

// Certificates carry it for their whole life.
Setter base_url(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    const bool http = text.starts_with("http://") || text.starts_with("https://");
    const bool sound = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    if (!http || !sound || text.size() > 200 || text.ends_with("//"))
      return fail(Fault::invalid,
                  "must be an address that begins with http:// or https://, at most 200 octets");
    into = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    return {};
  };
}

struct Option {
  std::string name, help;
  Setter set;
};

// Where it is reached, its keys, and how long things last.
std::vector<Option> terms(Config& c) {
  return {
      {"bind", "address of every door", text(c.bind)},
      {"operator-port", "REST, console, ledger", number(c.operator_port, 0, 65535)},
      {"mqtt-port", "devices, MQTT over mutual TLS", number(c.mqtt_port, 0, 65535)},
      {"device-port", "devices, HTTPS with client certificate", number(c.device_port, 0, 65535)},
      {"enrol-port", "EST, CRL and OCSP", number(c.enrol_port, 0, 65535)},
      {"status-port", "CRL and OCSP over plain HTTP, beside the enrolment port; none by default",
       port(c.status_port)},
      {"pki-url",
       "where others find CRL and OCSP, such as http://pki.example:8886; in certificates",
       base_url(c.pki_url)},
      {"public-name", "host name clients use", text(c.public_name)},
      {"signer", "socket of a muster-signer that runs by itself; else one is started here",
       text(c.signer)},
      {"issuing-key", "the issuing key in a token, by its PKCS#11 URI, for the signer started here",
       token_key(c.issuing_key)},
      {"ledger-key", "the ledger's key in a token, by its PKCS#11 URI; else keys/ledger.key",
       token_key(c.ledger_key)},
      {"release-key",
       "the online release key in a token, by its PKCS#11 URI; else keys/release.key",
       token_key(c.release_key)},
      {"tpm-vendors", "CA certificates of TPM vendors, PEM: a TPM has to show one below them",
       text(c.tpm_vendors)},
      {"io-threads", "of the device doors; 0: one per core", number(c.io_threads, 0, 256)},
      {"telemetry-lanes", "telemetry workers, fixed when the folder is made",
       number(c.telemetry_lanes, 1, 64)},
      {"telemetry-sync",
       "how long an acknowledged reading may be in the kernel only (kill -9 never loses it, a "
       "power "
       "cut may); 0: it is on the disk before it is acknowledged",
       duration(c.telemetry_sync)},
      {"telemetry-retention", "how long readings are kept; 0: for ever",
       duration(c.telemetry_retention)},
      {"certificate-life", "of device certificates", duration(c.certificate_life)},
      {"server-certificate-life", "of the doors' own; renewed at two thirds, without a restart",
       duration(c.server_certificate_life)},
      {"token-life", "of one-time enrolment tokens", duration(c.token_life)},
      {"retirement-deadline",
       "how long a device that is retired may take to say that it is wiped, unless its model or "
       "the "
       "request says otherwise",
       duration(c.retirement_deadline)},
      {"enrolments-per-address",
       "EST requests a second that one address may make in the long run, per I/O thread",
       number(c.enrolments_per_address, 1, 1'000'000)},
      {"enrolments-per-address-burst", "and at once, after quiet",
       number(c.enrolments_per_address_burst, 1, 10'000'000)},
      {"poll-interval",
       "how long a DDI client such as SWUpdate sleeps between two polls, 1s to 23h",
       duration(c.poll_interval)},
  };
}

// What is decided here once for the whole fleet, and what the program says.
std::vector<Option> choices(Config& c) {
  return {
      {"isolations-per-hour", "beyond it a person decides",
       number(c.isolations_per_hour, 0, 1'000'000)},
      {"rollout-approval", "a rollout is proposed, and another operator approves it: true or false",
       yes_or_no(c.rollout_approval)},
      {"ledger-public", "serve /ledger/ without a token: true or false",
       yes_or_no(c.ledger_public)},
      {"smaller-downloads",
       "compress what is published, and make patches against what devices run, in the background",
       yes_or_no(c.smaller_downloads)},
      {"log-level", "debug, info, warning or error", text(c.log_level)},
  };
}

std::vector<Option> options(Config& c) {
  auto all = terms(c);
  std::ranges::move(choices(c), std::back_inserter(all));
  return all;
}

Error about(const std::string& where, Error error) {
  error.message = where + ": " + error.message;
  return error;
}

Result<void> read_settings(const std::filesystem::path& file, const std::vector<Option>& known,
                           const std::set<std::string>& given) {
  TRY(const auto text, read_file(file, 1 << 20));
  YAML::Node root;
  try {  // yaml-cpp's only way to say no
    root = YAML::Load(text);
  } catch (const YAML::Exception& e) {
    return fail(Fault::invalid, file.string() + ": " + e.what());
  }
  if (root.IsNull()) return {};
  if (!root.IsMap()) return fail(Fault::invalid, file.string() + ": must be a map of settings");
  std::set<std::string> seen;
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    std::string name = key;
    for (char& c : name) c = c == '_' ? '-' : c;
    const std::string where = file.string() + ": " + key;
    auto option = std::ranges::find(known, name, &Option::name);
    if (option == known.end()) return fail(Fault::invalid, where + ": unknown setting");
    if (!seen.insert(name).second) return fail(Fault::invalid, where + ": given twice");
    if (!entry.second.IsScalar()) return fail(Fault::invalid, where + ": must be a single value");
    if (given.contains(name)) continue;  // the command line wins
    if (auto set = option->set(entry.second.Scalar()); !set)
      return std::unexpected(about(where, set.error()));
  }
  return {};
}

}  // namespace

Result<Config> Config::read(int argc, char** argv) {
  Config config;
  const auto known = options(config);
  CLI::App app{"musterd -- the controller of a fleet of connected devices", "musterd"};
  app.set_version_flag("--version", "musterd 0.1.0");
  std::string data, file;
  app.add_option("--data", data, "folder of everything it keeps")->required();
  app.add_option("--config", file, "YAML file with the same settings");
  std::map<std::string, std::string> values;
  for (const Option& option : known)
    app.add_option("--" + option.name, values[option.name], option.help);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const bool asked = e.get_exit_code() == 0;
    app.exit(e);
    std::exit(asked ? 0 : 2);
  }
  config.data = data;
  std::set<std::string> given;
  for (const Option& option : known) {
    if (app.count("--" + option.name) == 0) continue;
    given.insert(option.name);
    if (auto set = option.set(values[option.name]); !set)
      return std::unexpected(about("--" + option.name, set.error()));
  }
  if (app.count("--config") > 0) TRY_VOID(read_settings(file, known, given));
  if (!config.issuing_key.empty() && !config.signer.empty())
    return fail(Fault::invalid,
                "--issuing-key is for a signer that is started here; the one at --signer has its "
                "own");
  if (config.certificate_life < 1min || config.token_life < 1min ||
      config.server_certificate_life < 1min)
    return fail(Fault::invalid,
                "--certificate-life, --server-certificate-life and --token-life must be at least "
                "1m");
  if (config.poll_interval < 1s || config.poll_interval > 23h)
    return fail(Fault::invalid, "--poll-interval: must be from 1s to 23h");
  return config;
}

}  // namespace muster
