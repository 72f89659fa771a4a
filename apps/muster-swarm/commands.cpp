#include "muster-swarm/commands.h"

#include <charconv>
#include <sstream>

#include "base/log.h"
#include "muster-swarm/fleet.h"
#include "wire/update.h"

namespace muster {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> devices_of(const std::string& word) {
  std::vector<std::string> devices;
  if (word == "all") return devices;
  for (std::size_t at = 0; at <= word.size();) {
    const auto comma = std::min(word.find(',', at), word.size());
    devices.push_back(word.substr(at, comma - at));
    at = comma + 1;
  }
  return devices;
}

std::optional<double> share_of(const std::string& word) {
  double share = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), share);
  const bool whole = read.ec == std::errc() && read.ptr == word.data() + word.size();
  return whole && share >= 0 && share <= 1 ? std::optional(share) : std::nullopt;
}

Result<Command> parse_misbehave(const std::vector<std::string>& words) {
  const bool until = words.size() == 5 && words[3] == "until" && wire::is_version(words[4]);
  if (words.size() != 3 && !until)
    return fail(Fault::invalid, "must be: misbehave ID KIND [until VERSION]");
  TRY(const auto kind, agent::parse_misbehaviour(words[2]));
  return Command{devices_of(words[1]), Misbehave{kind, until ? words[4] : ""}};
}

Result<Command> parse_fail_update(const std::vector<std::string>& words) {
  if (words.size() != 3 || !wire::is_version(words[1]))
    return fail(Fault::invalid, "must be: fail-update VERSION SHARE, or VERSION ID,ID");
  const auto share = share_of(words[2]);
  if (share) return Command{{}, FailUpdate{words[1], share}};
  return Command{devices_of(words[2]), FailUpdate{words[1], std::nullopt}};
}

}  // namespace

Result<Command> parse_command(std::string_view line) {
  const auto words = words_of(line);
  if (words.empty()) return fail(Fault::invalid, "is empty");
  if (words[0] == "misbehave") return parse_misbehave(words);
  if (words[0] == "fail-update") return parse_fail_update(words);
  if (words[0] == "silent" && words.size() == 2) return Command{devices_of(words[1]), Silence{}};
  if (words[0] == "heal" && words.size() == 2) return Command{devices_of(words[1]), Heal{}};
  return fail(Fault::invalid,
              "commands are: misbehave ID KIND [until VERSION], silent ID, heal ID, fail-update "
              "VERSION SHARE");
}

void obey(Fleet& fleet, const std::string& line) {
  if (words_of(line).empty()) return;
  const auto command = parse_command(line);
  if (!command)
    return log::error("swarm", "a command is not understood",
                      {{"line", line}, {"why", command.error().message}});
  fleet.tell(*command);
}

}  // namespace muster
