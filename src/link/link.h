// link -- what the gateway and the domain say to each other: plain values, and the carriers they
// travel by.
//
// A gateway asks (Request → Reply), is told (Push), and hands over readings in batches. In one
// process the carriers are queues; between machines they can be a bus, since nothing here refers to
// memory of either side. Contains no logic. Each carrier's call says its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "link/question.h"

namespace muster::link {

using Answered = std::move_only_function<void(Result<Reply>)>;

class Controller {  // the domain, seen from a door
 public:
  virtual ~Controller() = default;
  // Any thread. `answered` runs once: on the domain's thread, after what it tells is durable; or,
  // once the domain has ended, with `unavailable`, on the asker's, inside this call, or on that of
  // whoever was asked next. Post it home, and do no work there.
  virtual void ask(Request, Answered answered) = 0;
};

// What a gateway is told, once it is durable.
struct Cut {  // close the sessions made with this certificate
  std::string serial;
};
struct CutDevice {  // close the sessions of this device
  DeviceId device;
  std::string why;
};
enum class Channel : std::uint8_t { desired, updates, commands };  // what a device listens to
struct Tell {  // publish to the device when it is here: v1/devices/{id}/{channel}
  DeviceId device;
  Channel channel = Channel::desired;
  std::string payload;
};
using Push = std::variant<Cut, CutDevice, Tell>;
using Pushes = std::shared_ptr<const std::vector<Push>>;  // of one turn, for every gate

class Gate {  // a gateway, seen from the domain
 public:
  virtual ~Gate() = default;
  virtual void push(Pushes) = 0;  // domain's thread; returns at once
};

// Readings, flat: one message refers to a run of readings, one reading to a run of letters in
// `names`.
struct Reading {
  std::uint32_t name_at = 0;
  std::uint16_t name_size = 0;
  std::int64_t at = 0;  // ms since 1970 UTC
  double value = 0;
};
struct Message {
  std::uint32_t slot = 0;              // from Telemetry::slot
  std::uint32_t bytes = 0;             // of the whole packet
  std::uint32_t first = 0, count = 0;  // into readings
  bool refused = false;  // a topic outside the device's subtree: no readings, but watched
};
struct Batch {
  Instant received;
  std::vector<Message> messages;
  std::vector<Reading> readings;
  std::string names;
  void clear() {
    messages.clear();
    readings.clear();
    names.clear();
  }
};

using Kept = std::move_only_function<void(Result<void>, Batch)>;

class Telemetry {  // where readings go; not the domain
 public:
  virtual ~Telemetry() = default;
  virtual unsigned lanes() const = 0;  // workers; a slot belongs to lane slot % lanes(), and so
                                       // does every message of a batch
  virtual std::uint32_t slot(const DeviceId&, const ModelId&) = 0;  // any thread; once per session
  // Any thread. `kept` runs once and gives the batch back for reuse: on a telemetry worker's
  // thread, when every reading is in a log that survives kill -9 (or not, with the error: then
  // nothing of the batch may be acknowledged); or, when the lane has too many batches waiting, on
  // the caller's, inside this call, with `exhausted`. Post it home from either.
  virtual void take(unsigned lane, Batch, Kept kept) = 0;
  virtual void connected(std::uint32_t slot, bool) = 0;  // any thread
};

}  // namespace muster::link
