#include "agent/installer.h"

#include <array>

#include "agent/internal/hook.h"
#include "agent/internal/rauc.h"
#include "agent/internal/slot_folders.h"
#include "agent/internal/swupdate.h"

namespace muster::agent {
namespace {

using Kind = InstallerSettings::Kind;
constexpr std::array kinds{Kind::slots, Kind::rauc, Kind::swupdate, Kind::hook};

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::slots:
      return "slots";
    case Kind::rauc:
      return "rauc";
    case Kind::swupdate:
      return "swupdate";
    case Kind::hook:
      return "hook";
  }
  return "slots";
}

Result<Kind> parse_installer(std::string_view text) {
  for (Kind each : kinds)
    if (text == name_of(each)) return each;
  return fail(Fault::invalid, "must be slots, rauc, swupdate or hook", "--installer");
}

Result<std::unique_ptr<Installer>> make_installer(net::Loop& loop, InstallerSettings settings) {
  switch (settings.kind) {
    case Kind::slots:
      return std::make_unique<SlotFolders>(loop, std::move(settings));
    case Kind::rauc:
      if (settings.program.empty()) settings.program = "rauc";
      return std::make_unique<Rauc>(loop, std::move(settings));
    case Kind::swupdate:
      if (settings.activate_command.empty())
        return fail(Fault::invalid,
                    "is needed with --installer swupdate, which does not know what is booted: it "
                    "is given a or b, the set to run",
                    "--activate-command");
      if (settings.program.empty()) settings.program = "swupdate";
      return std::make_unique<Swupdate>(loop, std::move(settings));
    case Kind::hook:
      if (settings.program.empty())
        return fail(Fault::invalid, "is needed with --installer hook: the program with the verbs",
                    "--installer-program");
      if (!settings.activate_command.empty() || !settings.confirm_command.empty())
        return fail(Fault::invalid, "is a verb of the hook; leave the command out",
                    settings.activate_command.empty() ? "--confirm-command" : "--activate-command");
      return std::make_unique<Hook>(loop, std::move(settings));
  }
  return fail(Fault::internal, "no such installer");
}

}  // namespace muster::agent
