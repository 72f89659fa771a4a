// muster-swarm -- a fleet of virtual devices: the agent's own code, many times over.
//
// Reads commands line by line from standard input while it runs (see commands.h), and prints one
// JSON object per second on standard output: what its devices are doing. SIGTERM and SIGINT end it.
#include <cstdio>
#include <cstdlib>

#include "muster-swarm/commands.h"
#include "muster-swarm/fleet.h"
#include "muster-swarm/options.h"
#include "muster-swarm/watch.h"

using namespace muster;

int main(int argc, char** argv) {
  const Options options = Options::read(argc, argv);
  const agent::Controller controller = expect(agent::read_controller(options.provision));
  const std::vector<Recruit> recruits = expect(read_recruits(options));
  const agent::CsvTable table = expect(table_of(options));
  expect(allow_descriptors(recruits.size()));

  Watch watch = expect(Watch::open(options.control));  // before the first thread: it holds signals
  Fleet fleet(controller, options, table, recruits);
  for (const std::string& line : options.commands) fleet.tell(expect(parse_command(line)));
  for (;;) {
    const auto seen = watch.next_second();
    for (const std::string& line : seen.lines) obey(fleet, line);
    if (seen.stop) break;
    if (!seen.second) continue;
    std::printf("%s\n", to_text(fleet.totals()).c_str());
    std::fflush(stdout);
  }
  fleet.stop();  // within five seconds
  std::fflush(stdout);
  std::_Exit(0);  // what a device has to remember is on its disk, or was meant to be forgotten
}
