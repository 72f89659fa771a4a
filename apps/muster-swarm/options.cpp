#include "muster-swarm/options.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/log.h"
#include "muster-agent/provision_options.h"

namespace muster {
namespace {

constexpr std::size_t descriptors_of_our_own = 64;

void duration_option(CLI::App& app, const char* name, Duration& into, const char* help) {
  app.add_option_function<std::string>(
         name,
         [&into, name](const std::string& text) {
           auto read = parse_duration(text);
           if (!read) throw CLI::ValidationError(name, read.error().message);
           into = *read;
         },
         help)
      ->default_str(show(into));
}

// "A:B:C" of an option as the words of the command it stands for; an id may hold colons itself.
std::string misbehave_command(const std::string& text) {
  for (const std::string kind : {"flood", "out-of-range", "foreign-topic"}) {
    const auto at = text.find(":" + kind);
    if (at == std::string::npos) continue;
    const std::string rest = text.substr(at + 1 + kind.size());
    std::string command = "misbehave " + text.substr(0, at) + " " + kind;
    if (rest.size() > 1 && rest[0] == ':') command += " until " + rest.substr(1);
    return command;
  }
  throw CLI::ValidationError("--misbehave",
                             "must be ID:KIND or ID:KIND:VERSION, KIND one of flood, "
                             "out-of-range, foreign-topic");
}

std::string fail_command(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos)
    throw CLI::ValidationError("--fail-update", "must be VERSION:SHARE or VERSION:ID,ID");
  return "fail-update " + text.substr(0, colon) + " " + text.substr(colon + 1);
}

void add_faults(CLI::App& app, std::vector<std::string>& commands) {
  const auto each = [&](const char* name, std::string (*command)(const std::string&),
                        const char* help) {
    app.add_option_function<std::vector<std::string>>(
        name,
        [&commands, command](const std::vector<std::string>& texts) {
          for (const auto& text : texts) commands.push_back(command(text));
        },
        help);
  };
  each("--fail-update", fail_command, "VERSION:SHARE or VERSION:ID,ID: its health check fails");
  each("--misbehave", misbehave_command, "ID:KIND[:VERSION]: until it runs that version");
  each("--silent", [](const std::string& id) { return "silent " + id; }, "ID: says nothing");
}

void add_pace(CLI::App& app, agent::Pace& pace) {
  duration_option(app, "--interval", pace.interval, "between two readings of a device");
  duration_option(app, "--retry-first", pace.retry_first, "first wait before another try");
  duration_option(app, "--retry-max", pace.retry_max, "longest wait before another try");
  duration_option(app, "--keep-alive", pace.keep_alive, "MQTT keep alive");
  duration_option(app, "--contact-within", pace.contact_within, "of a new release, per try");
}

Result<void> read_tokens(const std::filesystem::path& file, std::vector<Recruit>& recruits) {
  TRY(const auto text, agent::read_file(file, "--tokens", 256 << 20));
  for (std::size_t at = 0, number = 1; at < text.size(); ++number) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line == "id,token")) continue;
    const auto comma = line.find(',');
    const std::string where = file.string() + ":" + std::to_string(number);
    if (comma == std::string_view::npos)
      return fail(Fault::invalid, where + ": must be id,token", "--tokens");
    TRY(auto id, DeviceId::parse(line.substr(0, comma), where));
    recruits.push_back({.id = std::move(id), .token = std::string(line.substr(comma + 1))});
  }
  return {};
}

// ID.pem and ID.key of each, as a maker writes them.
Result<void> read_births(const std::filesystem::path& folder, std::vector<Recruit>& recruits) {
  std::error_code wrong;
  std::vector<std::filesystem::path> chains;
  for (std::filesystem::directory_iterator at(folder, wrong), end; !wrong && at != end;
       at.increment(wrong))
    if (at->path().extension() == ".pem") chains.push_back(at->path());
  if (wrong) return fail(Fault::invalid, folder.string() + ": " + wrong.message(), "--births");
  std::ranges::sort(chains);
  for (auto& chain : chains) {
    TRY(auto id, DeviceId::parse(chain.stem().string(), chain.string()));
    Recruit recruit{.id = std::move(id)};
    TRY(recruit.birth_chain_pem, agent::read_file(chain, "--births"));
    TRY(recruit.birth_key_pem, agent::read_file(chain.replace_extension(".key"), "--births"));
    recruits.push_back(std::move(recruit));
  }
  return {};
}

}  // namespace

Options Options::read(int argc, char** argv) {
  Options given;
  given.pace = {.interval = 10s,
                .keep_alive = 30s,
                .retry_max = 15s,
                .contact_within = 1min,
                .readings_kept = 240};
  given.threads = std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
  std::string state = "memory", model = "meter";
  CLI::App app{"muster-swarm -- a fleet of virtual devices", "muster-swarm"};
  app.set_version_flag("--version", "muster-swarm 0.1.0");
  add_provision(app, given.provision);
  for (const char* needed : {"--ca", "--release-key"}) app.get_option(needed)->required();
  app.add_option("--tokens", given.tokens, "CSV: id,token");
  app.add_option("--births", given.births, "folder of ID.pem and ID.key: devices with an IDevID");
  app.add_option("--devices", given.limit, "only so many of them");
  app.add_option("--state", state, "a folder that devices survive a restart in, or 'memory'");
  app.add_option("--readings", given.readings,
                 "CSV to replay, each device from a place of its own");
  app.add_option("--model", model, "readings without a CSV: meter")
      ->check(CLI::IsMember({"meter"}));
  add_pace(app, given.pace);
  app.add_option("--firmware", given.firmware, "version that devices come with");
  app.add_option("--threads", given.threads, "loop threads")->check(CLI::Range(1U, 64U));
  app.add_option("--seed", given.seed, "of readings, jitter and who fails");
  app.add_option("--starts-per-second", given.starts_a_second, "devices")
      ->check(CLI::Range(0.1, 1e6));
  app.add_option("--control", given.control, "read commands from this file or FIFO too");
  std::string level = "warning";
  app.add_option("--log-level", level, "on stderr")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  add_faults(app, given.commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  if (state != "memory") given.state = state;
  log::set_level(level == "debug"     ? log::Level::debug
                 : level == "info"    ? log::Level::info
                 : level == "warning" ? log::Level::warning
                                      : log::Level::error);
  return given;
}

Result<std::vector<Recruit>> read_recruits(const Options& options) {
  std::vector<Recruit> recruits;
  if (!options.tokens.empty()) TRY_VOID(read_tokens(options.tokens, recruits));
  if (!options.births.empty()) TRY_VOID(read_births(options.births, recruits));
  if (recruits.empty())
    return fail(Fault::invalid, "no device is named, by --tokens or by --births", "--tokens");
  std::set<std::string_view> seen;
  for (const Recruit& each : recruits)
    if (!seen.insert(each.id.text()).second)
      return fail(Fault::invalid, each.id.text() + " is there twice", "--tokens");
  if (options.limit && recruits.size() > options.limit)
    recruits.erase(recruits.begin() + static_cast<std::ptrdiff_t>(options.limit), recruits.end());
  return recruits;
}

Result<agent::CsvTable> table_of(const Options& options) {
  if (options.readings.empty()) return agent::CsvTable{};
  TRY(const auto text, agent::read_file(options.readings, "--readings", 256 << 20));
  return agent::CsvTable::parse(text);
}

Result<void> allow_descriptors(std::size_t devices) {
  const rlim_t wanted = 2 * devices + descriptors_of_our_own;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return {};
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= devices + descriptors_of_our_own) return {};
  return fail(Fault::exhausted,
              std::to_string(devices) + " devices need " + std::to_string(wanted) +
                  " open files and this process may have " + std::to_string(limit.rlim_max) +
                  "; raise it (ulimit -Hn), or take fewer with --devices");
}

}  // namespace muster
