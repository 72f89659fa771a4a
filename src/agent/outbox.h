// agent/outbox -- readings on their way to the controller: kept until they are acknowledged, within
// bounds, and sent at a pace that does not look like a flood.
//
// Readings taken while there is no connection wait; then up to four of them share a message, a few
// messages go at once, and the rest follow at four times the usual rate. Beyond the bound the
// oldest goes, and is counted; so is a reading that SenML cannot say, alone. A message in flight
// when the connection ends is sent again.
//
// It sends nothing itself. One thread; time is the caller's.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/readings.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster::agent {

struct Reading {
  Instant at;
  std::vector<double> values;  // one for each metric, or NaN
};

class Outbox {
 public:
  Outbox(std::size_t readings_max, Duration interval);

  void add(Reading);
  struct Message {
    std::uint64_t number = 0;
    std::string text;  // a SenML pack
  };
  std::optional<Message> next(const std::vector<Metric>&, Instant now);  // to be sent now
  void acknowledged(std::uint64_t number);
  void again(std::uint64_t number);       // refused for now
  void disconnected();                    // what is in flight is sent again
  void clear();                           // nobody wants it; counted as dropped
  std::size_t size() const;               // readings
  std::vector<Reading> readings() const;  // oldest first, those in flight too
  std::optional<Instant> oldest() const;
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Packed {
    Message message;
    std::vector<Reading> readings;
    bool sent = false;
  };
  bool may_send(Instant now);
  void pack_waiting(const std::vector<Metric>&);  // those of the next message
  void keep(std::string text, std::vector<Reading>);
  std::size_t readings_max_;
  Duration interval_;
  std::deque<Reading> waiting_;
  std::deque<Packed> packed_;  // in order
  std::uint64_t last_ = 0, dropped_ = 0;
  double allowance_;
  Instant refilled_{};
};

// For a device's disk: whole, or not at all. The newest ones that fit in so many octets.
Bytes to_octets(const std::vector<Reading>&, std::size_t most);
Result<std::vector<Reading>> readings_of(ByteView);

}  // namespace muster::agent
