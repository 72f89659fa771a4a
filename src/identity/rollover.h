// identity/rollover -- one fleet CA takes another's place while the fleet works: what was decided,
// whom the doors trust meanwhile, and which devices are ready.
//
//   none --begin--> beginning -> distributing --switch--> switching -> switched
//                                     `--abort--> aborting -> none      |
//                                                    none <- finishing <--finish
//
// A decision is durable, with its entry in the ledger, before order() gives it to the signer;
// file() hears what came of it. Whatever is killed in between, the same order is given again, and
// changes nothing the second time. What the signer refuses falls back to the phase before, with the
// reason.
//
// A device is ready when it has said that it holds the new root, or has fetched the CA's
// certificates under its own certificate since they hold it; what it says counts for more. finish()
// is refused while a device that has a certificate is not ready, or a device or application still
// has one of the old CA: revoke it first, or retire it and wait, since it keeps its certificate
// until it is wiped or its deadline has passed. A part of Identity, on the domain's thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "identity/identity.h"
#include "signer/rollover.h"

namespace muster::identity {

struct Subject;
struct Live;

enum class RolloverPhase {
  none,
  beginning,
  distributing,
  aborting,
  switching,
  switched,
  finishing
};
const char* name_of(RolloverPhase);

struct RolloverProgress {
  std::size_t devices = 0;           // that have a certificate
  std::size_t reported = 0;          // of them: say that they hold the new root
  std::size_t fetched = 0;           // of them: say nothing, and have fetched it
  std::size_t without_anchor = 0;    // neither
  std::size_t old_certificates = 0;  // devices and applications with a certificate of the old CA
  std::vector<std::string> waiting_for = {};  // some of both, by name
};

struct RolloverStatus {
  RolloverPhase phase = RolloverPhase::none;
  std::string id;  // hex; of the last one when there is none under way, empty when there never was
  signer::Scope scope = signer::Scope::whole;
  Instant begun{}, switched{};  // zero: not yet
  std::string refused;          // why the signer did not take the last step
};

struct Trusted {              // what doors go by
  std::uint64_t version = 0;  // another one, another content
  signer::Generation current;
  std::optional<signer::Generation> other;           // accepted and given as well
  std::vector<crypto::Certificate> cross = {};       // given as well
  std::vector<crypto::Certificate> roots() const;    // what clients should have as anchors
  std::vector<crypto::Certificate> anchors() const;  // that devices' chains end in
  std::vector<crypto::Certificate> given() const;    // EST cacerts: what issues first
  // What a server shows after its own: those of either root find their way.
  std::vector<crypto::Certificate> shown() const;
};

// As the signer tells it, before anything is filed here.
Trusted trusted_of(const signer::Authorities&);

class Rollover {
 public:
  using Scope = signer::Scope;
  explicit Rollover(Identity::Registry&);
  Result<void> load();

  Result<void> begin(signer::Scope, ledger::Actor, std::string why);
  Result<void> switch_over(ledger::Actor, std::string why);  // the new CA issues from now on
  Result<void> finish(ledger::Actor, std::string why);
  Result<void> abort(ledger::Actor, std::string why);

  // What the signer is to be told now.
  std::optional<signer::RolloverOrder> order() const;
  void file(const signer::RolloverOrder&, const Result<signer::Authorities>&);

  RolloverStatus status() const { return status_; }
  RolloverProgress progress() const;
  const Trusted& trusted() const { return trusted_; }

  // what devices show
  void reported(const DeviceId&, const std::vector<crypto::Hash>& anchors);  // SHA-256 of the DER
  void fetched(const DeviceId&);
  // Online, and to be asked now, each at most once an hour: to fetch the CA's certificates, or to
  // renew its own.
  struct Due {
    DeviceId device;
    bool renew = false;
  };
  std::vector<Due> due();
  void arrived(const DeviceId&);  // it has a session now, and will listen soon

  // of this module's own
  std::uint32_t generation() const { return current_; }
  // Of a CA by its subject key identifier; empty: that which issues. None: one that is not trusted.
  std::optional<std::uint32_t> generation_of(ByteView key_id) const;
  Bytes key_id_of(std::uint32_t generation) const;  // empty: one that is not trusted
  bool explains(const signer::Issuance&) const;     // a CA certificate in the signer's log

 private:
  bool spreading() const;  // a new root is given out
  bool ready(const DeviceId&) const;
  struct Waits {
    bool anchor = false, certificate = false;
  };
  Waits waits(const Subject&, const Live&) const;
  Result<void> decide(RolloverPhase from, RolloverPhase to, const ledger::Actor&, std::string why);
  Result<void> check_answer(const signer::Authorities&) const;
  void take(const signer::Authorities&);
  store::Writer& record(const char* action, wire::Json detail, std::string why = {});
  void store_state(store::Writer&) const;
  Result<void> load_generations();

  Identity::Registry& r_;
  RolloverStatus status_;
  crypto::Serial id_{};
  Trusted trusted_;
  std::uint32_t current_ = 0, other_ = 0;  // generations
  std::map<DeviceId, bool> ready_;         // with the new root: true when it said so
  std::map<DeviceId, Instant> asked_;
  std::set<DeviceId> stale_;  // say that they hold a root that is given no more
};

}  // namespace muster::identity
