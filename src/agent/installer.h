// agent/installer -- the seam between the updater, which decides what is to run and remembers how
// far it got, and what puts it there on this device.
//
//   slot folders  the artifact in a folder, and commands of the device's own (the default)
//   rauc          RAUC's bundle into the slot that is not booted (rauc 1.8, over its own service)
//   swupdate      a signed .swu into one of two sets (swupdate 2022.12, locally)
//   hook          a program of the device's own, with five verbs (docs/formats/installer-hook.md)
//
// Each call may be made again after a power cut, as often as there are cuts, and then finishes what
// was begun; what was done already is no failure. The updater writes its record before each of
// them. An installer checks no signature for us: what it is given was verified, and RAUC and
// SWUpdate verify their own again. It never decides to go forward or back, and keeps nothing of its
// own between two calls. Its loop's thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster::agent {

struct Placement {  // by the back end's own names; empty where it has none
  std::string from, to;
  bool operator==(const Placement&) const = default;
};

struct Job {  // an update; the same at each call of it
  std::string version, release_id;
  std::uint64_t sequence = 0;
  char slot = 'b';                          // where it goes; the other one is where it came from
  std::filesystem::path artifact, release;  // files; empty when they are in no file system
  std::filesystem::path folder, former_folder;  // of the two slots
  Placement placement;
};

enum class Switched {
  runs,      // what was wanted is what runs
  restarts,  // it will be, when the device has restarted, which it is about to
};

class Installer {
 public:
  virtual ~Installer() = default;

  // Asked before install(), and kept in the updater's record from then on.
  virtual net::Task<Result<Placement>> place(Job) = 0;
  // Into the place that is not in use. Unavailable: worth another try; all else: it will not go in.
  virtual net::Task<Result<void>> install(Job) = 0;
  virtual net::Task<Result<Switched>> activate(Job) = 0;
  virtual net::Task<Result<void>> check(Job) = 0;    // what runs is what was activated, and is well
  virtual net::Task<Result<void>> confirm(Job) = 0;  // it stays, whatever happens
  virtual net::Task<Result<Switched>> revert(Job) = 0;  // what ran before is what runs, and stays
  virtual bool confirms() const { return true; }        // false: confirm() does nothing
};

struct InstallerSettings {
  enum class Kind { slots, rauc, swupdate, hook };
  Kind kind = Kind::slots;
  std::string program = {};          // of rauc and swupdate (else found in PATH), or the hook
  std::string selection = "stable";  // swupdate: the software set, whose modes are a and b
  // The device's own; given the slot's folder (slots), name (rauc) or letter (swupdate).
  std::string activate_command = {}, confirm_command = {};
  Duration within = 60s;  // of each program but an installation
  Duration install_within = 30min;
};
Result<InstallerSettings::Kind> parse_installer(std::string_view);
const char* name_of(InstallerSettings::Kind);

// Invalid: the settings do not fit together.
Result<std::unique_ptr<Installer>> make_installer(net::Loop&, InstallerSettings);

}  // namespace muster::agent
