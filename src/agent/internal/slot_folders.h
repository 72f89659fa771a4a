// agent/internal/slot_folders -- the installer whose places are the two slot folders themselves:
// the artifact is there already, and commands of the device's own switch to a folder and make it
// last. Loop thread.
#pragma once

#include "agent/installer.h"

namespace muster::agent {

class SlotFolders final : public Installer {
 public:
  SlotFolders(net::Loop& loop, InstallerSettings settings)
      : loop_(loop), settings_(std::move(settings)) {}
  net::Task<Result<Placement>> place(Job) override;
  net::Task<Result<void>> install(Job) override;
  net::Task<Result<Switched>> activate(Job) override;
  net::Task<Result<void>> check(Job) override;
  net::Task<Result<void>> confirm(Job) override;
  net::Task<Result<Switched>> revert(Job) override;
  bool confirms() const override { return !settings_.confirm_command.empty(); }

 private:
  net::Task<Result<void>> tell(std::string command, std::string argument);

  net::Loop& loop_;
  const InstallerSettings settings_;
};

}  // namespace muster::agent
