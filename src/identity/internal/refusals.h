// identity/internal/refusals -- how many refusals the ledger takes.
//
// A refusal is worth an entry; a flood of them is worth a count. At most 5 a minute are admitted
// for one key (the kind of refusal, and a subject, or a peer whose subject is not known) and 60 for
// all keys together; the next one that is admitted says how many were left out. Memory is bounded:
// 10,000 keys.
//
// Domain thread only. The caller says what time it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace muster::identity {

class RefusalMeter {
 public:
  // Nothing: leave it out. Else how many were left out since this key was last admitted.
  std::optional<std::uint64_t> admit(const std::string& key, Instant now);

 private:
  struct Window {
    Instant start;
    int admitted = 0;
    std::uint64_t left_out = 0;
    bool open(Instant now) const { return now < start + 1min && now >= start; }
  };
  Window& window_of(const std::string& key, Instant now);
  void forget_closed(Instant now);

  std::unordered_map<std::string, Window> windows_;
  Window all_;
  std::uint64_t orphaned_ = 0;  // left out under keys that are forgotten
};

}  // namespace muster::identity
