// retirement -- how a device leaves for good: asked for by an operator, approved by another one
// where its model wants that, ordered to wipe itself, and retired when its own signed statement
// says that it has (NIST SP 800-88 Rev. 2).
//
//   request ──second operator?──▶ waiting ──approved──▶ wiping ──statement──▶ sanitised
//                                    └──▶ rejected         └──deadline──▶ unsanitised ──▶ destroyed
//
// A device that is wiping is restricted as one in quarantine: it may fetch its order and bring its
// statement, over HTTPS, and nothing else. With the statement, or the deadline, its certificates
// are revoked, and whatever it could enrol with stays blocked. What was only revoked is never
// called wiped: that needs a statement, or an operator's evidence that the thing was destroyed.
// Either ends in a certificate of sanitisation, a signed document whose digest is in the ledger.
//
// It talks to no device and judges no operator's role. Each step is one transaction and goes on
// after a restart. Domain thread only. Time comes from the Clock, nonces from the Random; orders
// and certificates are signed by the key that devices trust for assignments. Formats:
// docs/formats/sanitisation.md. While that key is away, whatever has to be signed fails with the
// key's error and nothing is written.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/key.h"
#include "identity/identity.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "store/store.h"
#include "wire/sanitisation.h"

namespace muster::retirement {

struct Settings {
  Duration within = 7 * 24h;  // unless the model or the request says otherwise
};

enum class Step {
  waiting,
  rejected,
  wiping,
  sanitised,
  unsanitised,
  destroyed,
  nothing_to_wipe,  // it never enrolled
  skipped           // it was leaving already when its request was approved
};
inline constexpr std::size_t steps_there_are = 8;
const char* name_of(Step);

struct Case {  // one device of a request
  DeviceId device;
  std::uint64_t request = 0;
  Step step = Step::waiting;
  std::uint64_t order = 0;  // of the wipe; 0: none was given
  std::optional<Instant> ordered_at, deadline, ended_at;
};

enum class State { waiting, running, done, rejected };  // waiting: for another operator
const char* name_of(State);

struct Request {
  std::uint64_t id = 0;
  State state = State::waiting;
  std::string requested_by, reason, selector;
  Instant requested_at;
  bool second_operator = false;
  std::optional<Duration> within;
  std::string decided_by, why;  // of an approval or a rejection
  std::optional<Instant> decided_at;
  std::size_t devices = 0;
  std::array<std::size_t, steps_there_are> steps{};  // how many devices are there
};

struct Plan {
  std::vector<DeviceId> devices;
  std::string reason;
  std::optional<Duration> within =
      {};                     // from the order on; a certificate that ends earlier ends it
  std::string selector = {};  // that chose them, for the record
};
inline constexpr std::size_t devices_max = 10'000;  // of one request

struct Sanitised {  // what a device brings, and what TLS proved of it
  DeviceId device;
  Bytes certificate;  // DER
  std::string statement;
  Bytes signature;
};

class Retirements {
 public:
  static Result<Retirements> open(store::Store&, ledger::Ledger&, inventory::Inventory&,
                                  identity::Identity&, const crypto::SigningKey&, const Clock&,
                                  Random&, Settings = {});
  Retirements(Retirements&&) noexcept;
  ~Retirements();

  // operators
  // All of them or none. Missing: no such device; conflict: it is leaving, or waits already.
  Result<std::uint64_t> request(Plan, ledger::Actor);
  // Forbidden, and in the ledger, by whoever asked for it.
  Result<void> approve(std::uint64_t request, ledger::Actor);
  Result<void> reject(std::uint64_t request, ledger::Actor, std::string why);
  // Evidence that a device which never said it was wiped has been destroyed; it is retired.
  Result<void> destroyed(const DeviceId&, ledger::Actor, std::string evidence);

  Result<Request> find(std::uint64_t request) const;
  std::vector<Request> list(std::size_t limit) const;      // newest first
  std::vector<Case> cases(std::uint64_t request) const;    // in order of id
  std::optional<Case> of(const DeviceId&) const;           // its newest
  Result<std::string> certificate(const DeviceId&) const;  // of sanitisation: an envelope's text
  std::size_t waiting() const;                             // requests

  // devices
  Result<std::string> order_for(const DeviceId&) const;   // an envelope's text, or wire::no_order()
  void refused(const DeviceId&, const std::string& why);  // it will not obey its order
  // The acknowledgement. It authenticates the certificate itself, because whoever did not hear the
  // answer asks again with one that is revoked by then.
  Result<std::string> take(const Sanitised&);

  void tick();                                                   // deadlines
  void on_progress(std::function<void(std::uint64_t request)>);  // called inside the command

 private:
  struct Register;
  explicit Retirements(std::unique_ptr<Register>);
  std::unique_ptr<Register> register_;
};

}  // namespace muster::retirement
