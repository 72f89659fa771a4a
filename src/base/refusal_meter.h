// base/refusal_meter -- how many refusals the ledger takes.
//
// A refusal is worth an entry; a flood of them is worth a count. So many a minute are admitted for
// one key (the kind of refusal, and a subject, or a peer whose subject is not known) and so many
// for all keys together; the next one that is admitted says how many were left out. Memory is
// bounded: 10,000 keys.
//
// One thread. The caller says what time it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace muster {

class RefusalMeter {
 public:
  struct Limits {  // a minute
    std::uint32_t of_one_key = 5, of_all_keys = 60;
  };
  RefusalMeter() : RefusalMeter(Limits{}) {}
  explicit RefusalMeter(Limits limits) : limits_(limits) {}

  // Nothing: leave it out. Else how many were left out since this key was last admitted.
  std::optional<std::uint64_t> admit(const std::string& key, Instant now);

 private:
  struct Window {
    Instant start;
    std::uint32_t admitted = 0;
    std::uint64_t left_out = 0;
    bool open(Instant now) const { return now < start + 1min && now >= start; }
  };
  Window& window_of(const std::string& key, Instant now);
  void forget_closed(Instant now);

  const Limits limits_;
  std::unordered_map<std::string, Window> windows_;
  Window all_;
  std::uint64_t orphaned_ = 0;  // left out under keys that are forgotten
};

}  // namespace muster
