// agent/internal/rauc -- the installer that is RAUC: its command line, and so its service on the
// system bus.
//
// RAUC chooses the slot that is not booted. Which one was booted is asked before anything is
// written, so that after a power cut nothing is ever installed over what the device came from. It
// works with activate-installed on or off. The activate command restarts the machine. Loop thread.
#pragma once

#include <optional>
#include <vector>

#include "agent/installer.h"

namespace muster::agent {

struct RaucSlot {
  std::string name, slot_class, bootname, state;
};
struct RaucStatus {
  std::string primary;  // name of the slot that is booted next; empty: not known
  std::vector<RaucSlot> slots;
  const RaucSlot* booted() const;  // null: none, or more than one
};
// What `rauc status --output-format=json` prints; at most 64 KiB and 64 slots.
Result<RaucStatus> parse_rauc_status(std::string_view);
// From the booted slot to the other one of its class.
Result<Placement> placement_of(const RaucStatus&);

class Rauc final : public Installer {
 public:
  Rauc(net::Loop& loop, InstallerSettings settings) : loop_(loop), settings_(std::move(settings)) {}
  net::Task<Result<Placement>> place(Job) override;
  net::Task<Result<void>> install(Job) override;
  net::Task<Result<Switched>> activate(Job) override;
  net::Task<Result<void>> check(Job) override;
  net::Task<Result<void>> confirm(Job) override;
  net::Task<Result<Switched>> revert(Job) override;

 private:
  net::Task<Result<std::string>> run(std::vector<std::string> words, Duration within);
  net::Task<Result<std::string>> booted();
  net::Task<Result<Switched>> switch_to(std::string slot);

  net::Loop& loop_;
  const InstallerSettings settings_;
};

}  // namespace muster::agent
