// agent/internal/swupdate -- the installer that is SWUpdate, run for one image at a time: the .swu
// holds one software set whose modes a and b say where things go.
//
// SWUpdate does not know which of the two runs; the device's own command switches. So an image must
// not switch by itself (no bootloader variables in its sw-description). Loop thread.
#pragma once

#include "agent/installer.h"

namespace muster::agent {

class Swupdate final : public Installer {
 public:
  Swupdate(net::Loop& loop, InstallerSettings settings)
      : loop_(loop), settings_(std::move(settings)) {}
  net::Task<Result<Placement>> place(Job) override;
  net::Task<Result<void>> install(Job) override;
  net::Task<Result<Switched>> activate(Job) override;
  net::Task<Result<void>> check(Job) override;
  net::Task<Result<void>> confirm(Job) override;
  net::Task<Result<Switched>> revert(Job) override;
  bool confirms() const override { return !settings_.confirm_command.empty(); }

 private:
  net::Task<Result<Switched>> switch_to(std::string mode);

  net::Loop& loop_;
  const InstallerSettings settings_;
};

}  // namespace muster::agent
