// retirement/internal/register -- what is kept in memory: the deadlines that run, and the orders
// that have been asked for, signed. All else is asked of the store, where a step's number is that
// of Step. Domain thread.
#pragma once

#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/refusal_meter.h"
#include "retirement/retirement.h"

namespace muster::retirement {

enum class Decision { waiting, approved, rejected };  // as stored

struct Wiping {  // the row of a device that has an order
  Case about;
  Bytes nonce;
  crypto::Hash statement{}, certificate{};  // of what ended it
};

struct Retirements::Register {
  Register(store::Store& s, ledger::Ledger& l, inventory::Inventory& i, identity::Identity& d,
           const crypto::SigningKey& k, const Clock& c, Random& r, Settings x)
      : store(s), ledger(l), inventory(i), identity(d), key(k), clock(c), random(r), settings(x) {}

  // requests.cpp
  Result<void> load();
  Result<std::vector<DeviceId>> check(const Plan&) const;
  bool wants_second(const std::vector<DeviceId>&) const;
  void start(std::uint64_t request, const ledger::Actor&);
  void begin(Case, const Request&, const ledger::Actor&);
  Instant deadline_of(const inventory::Device&, const std::optional<Duration>& within) const;
  void tell(std::uint64_t request) const;

  // retirement.cpp
  std::optional<Wiping> wiping(const DeviceId&) const;  // its newest row with an order
  Result<wire::Statement> check(const Sanitised&, const std::optional<Wiping>&,
                                const crypto::Certificate&) const;
  // A refusal, of it or by it, unless there were too many of late.
  void note(const DeviceId&, const char* action, wire::Json detail, std::string why = {});
  std::unexpected<Error> refuse(const DeviceId&, const Error&);
  void end(store::Writer&, const Case&, Step) const;
  void lapse(const DeviceId&);

  // documents.cpp
  Result<std::string> signed_text(wire::Json content) const;
  Result<std::string> order_text(const Wiping&) const;
  wire::Json document(const Wiping&, std::string_view outcome) const;
  void keep(store::Writer&, const DeviceId&, const std::string& text) const;

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  identity::Identity& identity;
  const crypto::SigningKey& key;
  const Clock& clock;
  Random& random;
  Settings settings;

  std::set<std::pair<Instant, DeviceId>> deadlines;
  struct SignedOrder {
    std::uint64_t number = 0;
    std::string text;
  };
  std::map<DeviceId, SignedOrder> orders;  // of devices that are wiping and have asked
  // No device takes the room of another.
  RefusalMeter refusals{
      {.of_one_key = 5, .of_all_keys = std::numeric_limits<std::uint32_t>::max()}};
  std::vector<std::function<void(std::uint64_t)>> listeners;
};

// Of what has been looked at before: that it fails is a bug.
template <class T>
T certain(Result<T> done) {
  if (!done) throw std::logic_error(done.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*done);
}

// As SQLite has them.
inline std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
inline std::int64_t number_of(Step step) {
  return static_cast<std::int64_t>(step);
}
inline std::int64_t number_of(Decision decision) {
  return static_cast<std::int64_t>(decision);
}

std::string target_of(const DeviceId&);
std::string target_of(std::uint64_t request);

}  // namespace muster::retirement
