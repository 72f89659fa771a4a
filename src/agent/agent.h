// agent -- one device: it enrols, connects, reports, takes updates and renews its certificate, all
// by itself, for as long as it runs.
//
// Everything is a coroutine on one Loop, so that a program runs one device or thousands. What
// differs between a real device and a simulated one are seams: where things are kept (Disk), where
// values come from (Readings), what goes wrong (Faults). It holds no key but on its disk, believes
// only the anchors and keys it is given, and never stops trying: each failure is followed by a
// longer, jittered wait.
// With a KeyStore that can speak for itself it proves itself by that, in place of a token, and
// shows how it was booted after each start, and when it is asked.
//
// When the controller refuses it on MQTT, as it does with a device in quarantine, it goes to the
// update path over HTTPS with the same certificate until it is let back in, or is ordered to wipe
// itself: then it does that, says so, and ends for good.
//
// Its loop's thread. Time comes from the Clock (certificates, readings) and the loop (waits);
// chance, which decides jitter only, from the Random. Formats: docs/formats/agent.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/disk.h"
#include "agent/faults.h"
#include "agent/handshakes.h"
#include "agent/installer.h"
#include "agent/key_store.h"
#include "agent/readings.h"
#include "agent/trust.h"
#include "agent/updater.h"
#include "agent/wipe.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster::agent {

struct Controller {  // as a device knows it; one value serves all agents of a process
  std::string host;
  std::uint16_t mqtt_port = 8883, device_port = 8884, enrol_port = 8885;
  std::string ca_pem;                        // the fleet root, as it was provisioned
  std::vector<crypto::Certificate> anchors;  // the same, read
  Trust trust;
};

struct Pace {
  Duration interval = 60s;    // between two readings
  Duration keep_alive = 60s;  // MQTT
  Duration retry_first = 1s, retry_max = 60s;
  Duration contact_within = 5min;     // of an activated release, per try
  Duration command_within = 60s;      // of each of the device's own commands
  Duration install_within = 30min;    // of an installation by RAUC, SWUpdate or a hook
  std::size_t readings_kept = 1'440;  // unacknowledged
};

struct AgentSettings {
  DeviceId id;
  std::string token;  // one-time; not needed once enrolled
  std::string birth_key_pem,
      birth_chain_pem;  // what the maker gave it (IDevID), in place of a token
  std::string model;    // empty: told by the first release installed
  std::string factory_firmware = "factory";
  std::string health_command, activate_command, confirm_command;  // empty: built in, none, none
  InstallerSettings installer = {};  // its kind, program and selection; the rest is from here
  // For a smaller download: the old artifact and a window. Below 8 MiB: all come as they are.
  std::uint64_t unpack_memory = 64ULL << 20;
  // Erases, on an order to wipe, what is the device's own and not the agent's, and what that is
  // called (NIST SP 800-88 Rev. 2); empty: nothing is.
  std::string wipe_command = {}, wipe_technique = {};
  wire::Method wipe_method = wire::Method::clear;
  Pace pace;
};

struct AgentStatus {
  bool enrolled = false, connected = false, restricted = false;
  bool retired = false;  // wiped; it does nothing any more
  Phase phase = Phase::idle;
  std::string firmware;
  std::uint64_t published = 0, acknowledged = 0, refused = 0, dropped = 0, connects = 0;
};

class Agent {
 public:
  // All references outlive the agent; one Handshakes serves all agents of a loop.
  static Result<std::unique_ptr<Agent>> open(net::Loop&, const Controller&, Handshakes&,
                                             AgentSettings, Disk&, Readings&, const Clock&, Random&,
                                             KeyStore* = nullptr);  // none: keys are files
  ~Agent();  // after stop(), or before start()

  void start();
  net::Task<void> stop();  // says goodbye and ends its tasks; what was begun goes on next time

  void on_retired(std::function<void()>);  // on the loop, once, when it has wiped itself

  void set(Faults);
  const Faults& faults() const;
  AgentStatus status() const;

 private:
  struct Life;
  explicit Agent(std::unique_ptr<Life>);
  std::unique_ptr<Life> life_;
};

}  // namespace muster::agent
