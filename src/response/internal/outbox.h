// response/internal/outbox -- webhooks and what is still to be told to them: rows that are written
// with the step they speak of and handed out until they arrive or are given up.
//
// At least once: what was handed out and not answered before a restart is due again, under the same
// webhook-id. Keeps in memory the webhooks without their secrets, and which rows are being tried.
// Finished rows are kept, without their bodies, up to the newest 1,000 of a webhook.
//
// Domain thread only.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "response/response.h"

namespace muster::response {

class Outbox {
 public:
  Outbox(store::Store& s, ledger::Ledger& l, const Clock& c, Random& r, int attempts_max)
      : store_(s), ledger_(l), clock_(c), random_(r), attempts_max_(attempts_max) {}
  Result<void> load();

  Result<Webhook> add(std::string url, std::vector<std::string> events, ledger::Actor);
  Result<void> remove(WebhookId, ledger::Actor);
  const std::vector<Webhook>& webhooks() const { return webhooks_; }
  bool wanted(std::string_view event) const;
  void put(const std::string& event, wire::Json data);
  std::vector<Notification> due(std::size_t limit);
  void delivered(std::uint64_t id);
  void failed(std::uint64_t id, std::string error, std::optional<Duration> retry_after);
  std::vector<Delivery> deliveries(WebhookId, std::size_t limit) const;

 private:
  struct Line {                // of one webhook
    std::int64_t waiting = 0;  // rows
    int finished = 0;          // since it was trimmed
  };
  struct Try {
    WebhookId webhook;
    int attempts = 0;  // this one included
  };
  void put(const Webhook&, const std::string& event, const std::string& body, Instant now);
  std::optional<Try> end_try(std::uint64_t id);  // none: not handed out, or its webhook is gone
  void give_up(std::uint64_t id, const Try&, const std::string& error);
  void finished(WebhookId);

  store::Store& store_;
  ledger::Ledger& ledger_;
  const Clock& clock_;
  Random& random_;
  const int attempts_max_;
  std::vector<Webhook> webhooks_;  // in order of id
  std::uint64_t last_webhook_ = 0, last_notification_ = 0;
  std::unordered_map<std::uint64_t, Line> lines_;  // by webhook
  std::unordered_set<std::uint64_t> trying_;
};

}  // namespace muster::response
