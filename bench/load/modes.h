// load -- the modes of the load generator. Each prints one JSON object a line on stdout and waits
// for its orchestrator on stdin: a line says "go on", its end says "leave". The main thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace muster::load {

struct Settings {
  std::uint16_t port = 0;
  std::filesystem::path identities;  // written by enrol, read by the others
  std::filesystem::path tokens;      // enrol: lines of a name and a token
  std::filesystem::path anchors;     // enrol: the fleet's root, PEM
  std::size_t count = 1;
  std::size_t parallel = 64;  // handshakes or enrolments at once
  bool subscribe = false;     // connect: also to the device's own commands
  std::size_t window = 1;     // publish: unacknowledged messages a client
  double seconds = 3;         // publish, download: a round
  std::string target;         // download: the path of a file
  bool slow = false;          // download: takes a little at a time
};

// {"enrolled":n,"refused":n,"seconds":s}: keys and requests are made before the clock starts.
Result<void> enrol(const Settings&);
// {"connected":n,"failed":n,"seconds":s}, then {"closed":name,"at_ns":monotonic} for each that the
// server closes, until stdin ends.
Result<void> connect(const Settings&);
// {"connected":n,...}, then for each line of stdin {"acknowledged":n,"refused":n,"seconds":s,
// "cpu_seconds":s}: QoS 1 telemetry, each client with a full window.
Result<void> publish(const Settings&);

// {"connected":n,"failed":n,...} once each download has begun, then for each line of stdin
// {"begun":n,"failed":n,"octets":n,"whole":n,"seconds":s} of a round.
Result<void> download(const Settings&);

}  // namespace muster::load
