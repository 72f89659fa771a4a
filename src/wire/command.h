// wire/command -- what a device is told to do on its topic v1/devices/{id}/commands:
// {"command":"attest"}, "cacerts" (fetch the CA's certificates) or "renew" (its own certificate,
// now). A device does not know of others, and lets them be. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::wire {

enum class Command { attest, cacerts, renew };

std::string to_text(Command);
std::optional<Command> parse_command(std::string_view);  // none: not one of these

}  // namespace muster::wire
