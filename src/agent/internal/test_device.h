// agent/internal/test_device -- for tests: one device and the controller it sees, on one loop.
//
// Whoever owns the device's disk stops it first. One thread; time is the test's.
#pragma once

#include "agent/agent.h"
#include "agent/internal/test_rehearsal.h"
#include "net/test_until.h"

namespace muster::agent {

struct RehearsedDevice {
  net::Loop loop;
  Rehearsal rehearsal{loop};
  Controller controller = rehearsal.controller();
  std::unique_ptr<Handshakes> handshakes = expect(Handshakes::open(loop, controller.ca_pem));
  MeterReadings readings{1};
  ManualClock clock{SystemClock{}.now()};
  SeededRandom random{1};
  std::unique_ptr<Agent> device;

  void open(AgentSettings with, Disk& disk) {
    device = expect(
        Agent::open(loop, controller, *handshakes, std::move(with), disk, readings, clock, random));
  }
  void stop() {
    net::run(loop, device->stop());
    device.reset();
  }
  // The device's clock goes on with each look, so that what is paced by it, its readings, is not
  // held up for ever when the machine is slow and more of them have come than may go at once.
  bool until(const std::function<bool()>& seen) {
    return net::until(loop, [&] {
      clock.pass(5ms);
      return seen();
    });
  }
};

}  // namespace muster::agent
