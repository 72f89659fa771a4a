// identity/misuse -- signs that one identity is in two hands, told to who listens. What is done
// about them is not decided here.
//
// Of sessions that were taken over, those of the last two minutes are remembered, of at most 10,000
// devices. Domain thread; time comes from the Clock.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "identity/internal/live.h"

namespace muster::identity {

class Misuse {
 public:
  Misuse(const store::Store& s, const Clock& c) : store_(s), clock_(c) {}
  void listen(std::function<void(const Suspicion&)>);

  void taken_over(const DeviceId&, const std::string& before, const std::string& after);
  void reuse(const Subject&, const std::string& from) const;  // of a burned token
  // Whoever asks has proved to hold the key, so it is in two hands. known: none, who is gone.
  void shared_key(const Subject& asking, const std::string& owner,
                  const std::optional<Subject>& known) const;
  void superseded(const inventory::Device&, Instant superseded_at) const;

 private:
  void raise(const DeviceId&, const char* kind, std::string words) const;

  struct TakeOver {
    Instant at;
    std::string before, after;  // hosts
  };
  const store::Store& store_;
  const Clock& clock_;
  std::map<DeviceId, std::deque<TakeOver>> take_overs_;
  std::vector<std::function<void(const Suspicion&)>> listeners_;
};

}  // namespace muster::identity
