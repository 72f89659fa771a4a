#include "wire/command.h"

#include <array>

#include "wire/json.h"

namespace muster::wire {
namespace {

constexpr std::array names{"attest", "cacerts", "renew"};

}  // namespace

std::string to_text(Command command) {
  return to_text(Json::object({{"command", names[static_cast<std::size_t>(command)]}}));
}

std::optional<Command> parse_command(std::string_view text) {
  const auto json = parse_json(text, {.bytes = 1024, .depth = 4});
  const Json* command = json ? json->find("command") : nullptr;
  if (!command || !command->text()) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (*command->text() == names[i]) return static_cast<Command>(i);
  return std::nullopt;
}

}  // namespace muster::wire
