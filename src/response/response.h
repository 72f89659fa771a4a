// response -- what is done about a finding: one playbook, isolate → incident → notify → (patch) →
// release or retire.
//
// A finding of severity high or above isolates its device and opens one incident for it; lower ones
// are added to an open incident or opened without isolation. More findings of the same device join
// its open incident. Every step is in the ledger. Isolation is capped: beyond `isolations_per_hour`
// the incident opens and waits for a person instead. Notifications are rows of an outbox, written
// with the step they speak of; whoever delivers them asks due() and says delivered() or failed().
// Signed after Standard Webhooks (docs/formats/webhooks.md). It tells incident.opened,
// incident.escalated (worse, isolated after all, or held) and incident.closed by itself.
//
// It never isolates a device twice, and one held back by the cap stays so until a person isolates
// or closes. Of an incident it keeps the first 50 findings; the ledger and the steps have these,
// every one that changes something, and of the rest the 64th, 128th and so on. A secret is told
// once, by add_webhook(); it and the path of the address are in no ledger and no log.
//
// Domain thread only. Time comes from the Clock, secrets from the Random.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "segment/segment.h"
#include "store/store.h"
#include "watch/watch.h"

namespace muster::response {

struct Settings {
  int isolations_per_hour = 50;
  int attempts_max = 12;  // of one notification, then it is a dead letter
};

struct Step {
  std::string
      step;  // "opened", "isolated", "held", "finding", "released", "retired", "closed", "note"
  Instant at;
  std::string by, detail;
};

using IncidentId = Id<Step>;

struct Incident {
  IncidentId id;
  DeviceId device;
  bool open = true;
  watch::Severity severity = watch::Severity::high;
  Instant opened_at;
  std::optional<Instant> closed_at;
  std::string reason;
  std::vector<watch::Finding> findings;  // the first 50
  std::vector<Step> steps;
};

struct Webhook {
  Id<struct WebhookTag> id;
  std::string url;                  // https, or http on a loopback address
  std::vector<std::string> events;  // patterns: "incident.*", "rollout.halted", "*"
  std::string secret;               // "whsec_" + base64 of 32 octets; returned by add_webhook only
};
using WebhookId = Id<struct WebhookTag>;

struct Notification {
  std::uint64_t id = 0;
  WebhookId webhook;
  std::string url, event, body;             // body: JSON, below 20 kB
  std::vector<wire::Json::Member> headers;  // webhook-id, webhook-timestamp, webhook-signature
};

struct Delivery {
  std::uint64_t id = 0;
  std::string event, state;  // "waiting", "delivered", "dead"
  int attempts = 0;
  std::string last_error;
  Instant created;
  std::optional<Instant> delivered_at;
};

class Response {
 public:
  static Result<Response> open(store::Store&, ledger::Ledger&, inventory::Inventory&,
                               segment::Segment&, const Clock&, Random&, Settings = {});
  Response(Response&&) noexcept;
  ~Response();

  void found(const watch::Finding&);  // unknown, retired or expected devices are ignored
  Result<IncidentId> isolate(
      const DeviceId&, ledger::Actor,
      std::string reason);  // an operator's own isolation opens an incident too
  Result<void> release(const DeviceId&, ledger::Actor,
                       std::string reason);  // lets the device back in and closes its incident
  Result<void> retired(const DeviceId&, ledger::Actor);  // closes what is open about it
  Result<void> close(IncidentId, ledger::Actor,
                     std::string reason);  // conflict while its device is isolated
  Result<Incident> incident(IncidentId) const;
  std::optional<IncidentId> open_incident(const DeviceId&) const;
  std::vector<Incident> incidents(std::optional<bool> open,
                                  std::size_t limit) const;  // newest first
  std::size_t open_count() const;

  // notifications
  Result<Webhook> add_webhook(std::string url, std::vector<std::string> events, ledger::Actor);
  Result<void> remove_webhook(WebhookId, ledger::Actor);
  std::vector<Webhook> webhooks() const;  // without secrets
  void notify(std::string event,
              wire::Json body);  // to every webhook whose patterns match; body becomes "data"
  std::vector<Notification> due(
      std::size_t limit);  // signed for now; each is due again only after failed()
  void delivered(std::uint64_t id);
  void failed(std::uint64_t id, std::string error,
              std::optional<Duration> retry_after);  // back-off 5 s, doubling, at most 6 h
  std::vector<Delivery> deliveries(WebhookId, std::size_t limit) const;

  void on_incident(std::function<void(const Incident&)>);  // opened, changed or closed; called
                                                           // inside the command

 private:
  struct Casebook;
  explicit Response(std::unique_ptr<Casebook>);
  std::unique_ptr<Casebook> casebook_;
};

}  // namespace muster::response
