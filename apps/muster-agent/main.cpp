// muster-agent -- the device's side, as a program: read top to bottom.
//
// Everything a device remembers is below --state. SIGTERM and SIGINT end it within five seconds;
// what was begun goes on at the next start. A device that has wiped itself ends with 0, then and at
// each start.
#include <cstdlib>

#include "agent/agent.h"
#include "base/log.h"
#include "muster-agent/command_line.h"
#include "muster-agent/signals.h"
#include "muster-agent/status.h"

using namespace muster;

namespace {

constexpr Duration goodbye_within = 5s;

int run(const CommandLine& given) {
  const agent::Controller controller = expect(agent::read_controller(given.provision));
  agent::FolderDisk disk = expect(agent::FolderDisk::open(given.state));
  const Held held = expect(Held::take(given.state / "lock"));  // one folder, one agent
  agent::AgentSettings settings = expect(settings_of(given));
  const auto keys = expect(key_store_of(given));
  const agent::CsvTable table = expect(table_of(given));
  const auto readings = readings_of(given, table);

  net::Loop loop;
  const auto handshakes = expect(agent::Handshakes::open(loop, controller.ca_pem));
  SystemClock clock;
  SystemRandom random;
  const auto device = expect(agent::Agent::open(loop, controller, *handshakes, std::move(settings),
                                                disk, *readings, clock, random, keys.get()));
  if (device->status().retired) {
    log::warning("agent", "this device has been wiped and retired; it does nothing any more",
                 {{"device", given.id}});
    return 0;
  }
  device->on_retired([&loop] { loop.stop(); });
  Signals signals(loop, [&loop] { loop.stop(); });
  device->start();
  log::info("agent", "started", {{"device", given.id}, {"firmware", device->status().firmware}});
  loop.run();
  log::info("agent", "stopping", {{"device", given.id}});
  loop.after(goodbye_within, [] { std::_Exit(0); });  // nothing is lost: it is all on the disk
  net::run(loop, device->stop());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine given = CommandLine::read(argc, argv);
  return given.wants_status ? show_status(given.state) : run(given);
}
