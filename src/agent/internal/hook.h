// agent/internal/hook -- the installer that is a program of the device's own. It is run with one
// verb and told the rest in its environment; docs/formats/installer-hook.md is its contract. Loop
// thread.
#pragma once

#include "agent/installer.h"

namespace muster::agent {

class Hook final : public Installer {
 public:
  Hook(net::Loop& loop, InstallerSettings settings) : loop_(loop), settings_(std::move(settings)) {}
  net::Task<Result<Placement>> place(Job) override;
  net::Task<Result<void>> install(Job) override;
  net::Task<Result<Switched>> activate(Job) override;
  net::Task<Result<void>> check(Job) override;
  net::Task<Result<void>> confirm(Job) override;
  net::Task<Result<Switched>> revert(Job) override;

 private:
  net::Task<Result<Switched>> run(std::string verb, Job, Duration within);

  net::Loop& loop_;
  const InstallerSettings settings_;
};

}  // namespace muster::agent
