// segment -- who is cut off, since when and why: the isolation state that every door and driver
// obeys.
//
// An isolated device is quarantined in the inventory: its session is cut and only the update path
// answers it (level restricted), or nothing at all (blocked). Network drivers will take their
// desired state from here; none exists yet.
//
// Domain thread only. Time comes from the Clock.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace muster::segment {

enum class Level { restricted, blocked };
const char* name_of(Level);

struct Isolation {
  Level level = Level::restricted;
  std::string reason;
  Instant since;
};

class Segment {
 public:
  static Result<Segment> open(store::Store&, ledger::Ledger&, inventory::Inventory&, const Clock&);
  Segment(Segment&&) noexcept;
  ~Segment();

  Result<void> isolate(
      const DeviceId&, Level, ledger::Actor,
      std::string reason);  // conflict: retired or never enrolled; repeats are harmless
  Result<void> release(const DeviceId&, ledger::Actor,
                       std::string reason);  // conflict when it is not isolated
  const Isolation* isolation(const DeviceId&) const;
  std::size_t isolated() const;

  void on_isolated(std::function<void(const DeviceId&, Level)>);  // called inside the command

 private:
  struct State;
  explicit Segment(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::segment
