// gateway/outbound -- QoS 1 messages on their way to one client: packet identifiers, what is
// unacknowledged, and what waits because the client's Receive Maximum (MQTT 5.0 3.1.2.11.3) is
// reached. Made when the first one is sent. Loop thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "gateway/internal/routes.h"

namespace muster::gateway {

class Outbound {
 public:
  static constexpr std::size_t waiting_max =
      1'000;  // beyond it the client is too slow and is disconnected

  explicit Outbound(std::uint16_t receive_maximum)
      : window_(std::min<std::uint16_t>(receive_maximum, 256)) {}

  bool ready() const { return unacknowledged_.size() < window_; }
  bool full() const { return waiting_.size() >= waiting_max; }
  void wait(PublicationSnapshot message) { waiting_.push_back(std::move(message)); }
  PublicationSnapshot next() {  // to send now; null when nothing waits or the window is shut
    if (waiting_.empty() || !ready()) return nullptr;
    auto message = std::move(waiting_.front());
    waiting_.pop_front();
    return message;
  }
  std::uint16_t identify() {  // a packet identifier for a message that is being sent
    do
      if (++last_ == 0) last_ = 1;
    while (std::ranges::find(unacknowledged_, last_) != unacknowledged_.end());
    unacknowledged_.push_back(last_);
    return last_;
  }
  bool acknowledge(std::uint16_t id) {
    auto at = std::ranges::find(unacknowledged_, id);
    if (at == unacknowledged_.end()) return false;
    unacknowledged_.erase(at);
    return true;
  }

 private:
  std::size_t window_;
  std::uint16_t last_ = 0;
  std::vector<std::uint16_t> unacknowledged_;
  std::deque<PublicationSnapshot> waiting_;
};

}  // namespace muster::gateway
