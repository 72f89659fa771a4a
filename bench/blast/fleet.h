// blast/fleet -- a fleet of 100,000 that takes a release wave by wave, and what is seen of it: a
// simulation of events in minutes, the same from the same seed.
//
// Nobody halts it: whoever judges is asked after each event whether they would have. Until then all
// of them see the same course, and what is hurt later would have been spared. Plain values; one
// thread; time is simulated.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "base/random.h"
#include "rollout/gate.h"

namespace muster::blast {

struct Release {
  const char* name = "";
  enum class Kind { good, bad, late, silent } kind = Kind::good;
  double share = 0;  // of devices on which it is bad
};

struct Field {
  std::uint32_t devices = 100'000;
  std::uint32_t sites = 200;
  std::vector<std::uint32_t> waves{1'000, 5'000, 25'000, 98'000, 100'000};  // the last: the control
  double soak = 60, deadline = 60, silence = 5;                             // minutes
  double absent = 0.01;                               // switched off: they never ask
  double failures_low = 0.005, failures_high = 0.02;  // of installations, by release
  double outages = 1.0 / 120;                         // a minute, one site each: away for an hour
  // a device and minute; by stream
  std::array<double, rollout::streams> background{0,           0.002 / 60,  0.005 / 60,
                                                  0.0005 / 60, 0.0001 / 60, 0.02 / 60};
};

enum class Said { installed, failed, timed_out };

struct Seen {  // one event, as a judge sees it
  double at = 0;
  std::size_t wave = 0;
  bool of_event = false;  // else an outcome
  Said said = Said::installed;
  rollout::Stream stream = rollout::Stream::install;
  rollout::Side side = rollout::Side::control;
  rollout::AtRisk at_risk;
  bool known_silent = false;  // of an outcome: its silence was an event already
};

class Course {
 public:
  Course(const Field&, const Release&, std::uint64_t seed);
  void run(const std::function<void(const Seen&)>&);
  // When it was activated on a device that it is bad for; rises.
  const std::vector<double>& hurt() const { return hurt_; }
  double ended() const { return now_; }

 private:
  enum class Kind : std::uint8_t { activate, expire, stream, outage, open };
  struct Event {
    double at;
    std::uint32_t device;  // or a site, or a wave
    Kind kind;
    std::uint8_t stream;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : device > other.device;
    }
  };
  struct Device {
    std::uint8_t wave = 0, seen = 0;
    bool bad = false, absent = false, offered = false, has = false, settled = false;
    double away_until = 0;
  };

  void plan();
  void open(std::size_t wave);
  void offer(std::uint32_t device);
  void activate(std::uint32_t device);
  void settle(std::uint32_t device, Said);
  void happen(std::uint32_t device, rollout::Stream);
  void outage(std::uint32_t site);
  void go_wrong(std::uint32_t device);
  void move(std::uint32_t device, rollout::Stream, int by);
  bool counts(const Device&, rollout::Stream) const;
  bool treated(const Device&, rollout::Stream) const;
  bool waits(const Device& d) const { return !d.offered; }
  void later(double minutes, std::uint32_t device, Kind, rollout::Stream = {});
  double exponential(double mean);

  Field field_;
  Release release_;
  SeededRandom chance_;
  std::vector<Device> devices_;
  std::vector<std::uint32_t> order_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::array<rollout::AtRisk, rollout::streams> at_risk_{};
  std::vector<double> hurt_;
  const std::function<void(const Seen&)>* judge_ = nullptr;
  double now_ = 0, failures_ = 0;
  std::size_t wave_ = 0, unsettled_ = 0;
  bool done_ = false;
};

}  // namespace muster::blast
