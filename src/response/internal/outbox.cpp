#include "response/internal/outbox.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "response/internal/webhook_rules.h"
#include "response/internal/words.h"

namespace muster::response {
namespace {

constexpr std::size_t webhooks_max = 64;
constexpr std::size_t body_bytes_max = 20'000 - 1;
constexpr std::int64_t waiting_max = 10'000;  // of a webhook
constexpr std::int64_t kept_max = 1'000;      // finished ones of a webhook
constexpr int trim_every = 64;
constexpr std::size_t error_bytes_max = 300;
constexpr Duration first_pause = 5s, longest_pause = 6h;

constexpr const char* steps[] = {
    // A removed webhook leaves its number, which is never given again, and nothing else.
    "CREATE TABLE response_webhook(id INTEGER PRIMARY KEY, url TEXT NOT NULL, events TEXT NOT NULL,"
    " secret TEXT NOT NULL, removed INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE response_notification(id INTEGER PRIMARY KEY, webhook INTEGER NOT NULL,"
    " event TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,"
    " last_error TEXT NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL,"
    " delivered_at INTEGER);"
    "CREATE INDEX response_notification_of ON response_notification(webhook, id);"
    "CREATE INDEX response_notification_due ON response_notification(due, id)"
    " WHERE state = 'waiting';"};

std::int64_t number(std::uint64_t id) {
  return static_cast<std::int64_t>(id);
}

std::string target_of(WebhookId id) {
  return "webhook/" + std::to_string(id.number);
}

std::string joined(const std::vector<std::string>& events) {
  std::string out;
  for (const std::string& event : events) out += (out.empty() ? "" : " ") + event;
  return out;
}

std::vector<std::string> split(std::string_view joined_events) {
  std::vector<std::string> out;
  while (!joined_events.empty()) {
    auto space = std::min(joined_events.find(' '), joined_events.size());
    out.emplace_back(joined_events.substr(0, space));
    joined_events.remove_prefix(std::min(space + 1, joined_events.size()));
  }
  return out;
}

Duration pause_after(int attempts) {
  return std::min<Duration>(longest_pause, first_pause * (1LL << std::min(attempts - 1, 20)));
}

}  // namespace

Result<void> Outbox::load() {
  TRY_VOID(store_.migrate("response_outbox", steps));
  auto rows = store_.read("SELECT id, url, events, removed FROM response_webhook ORDER BY id");
  while (rows.next()) {
    last_webhook_ = static_cast<std::uint64_t>(rows.integer(0));
    if (rows.integer(3) == 0)
      webhooks_.push_back({{last_webhook_}, rows.text(1), split(rows.text(2)), {}});
  }
  auto lines = store_.read(
      "SELECT webhook, count(*) FROM response_notification WHERE state = 'waiting' GROUP BY "
      "webhook");
  while (lines.next())
    lines_[static_cast<std::uint64_t>(lines.integer(0))].waiting = lines.integer(1);
  auto last = store_.read("SELECT max(id) FROM response_notification");
  if (last.next()) last_notification_ = static_cast<std::uint64_t>(last.integer(0));
  return {};
}

Result<Webhook> Outbox::add(std::string url, std::vector<std::string> events, ledger::Actor by) {
  TRY(auto origin, check_webhook_url(url));
  TRY_VOID(check_patterns(events));
  if (webhooks_.size() >= webhooks_max)
    return fail(Fault::exhausted, "there are 64 webhooks already; remove one first");
  std::array<std::uint8_t, 32> octets{};
  random_.fill(octets);
  Webhook webhook{{++last_webhook_}, std::move(url), std::move(events), make_secret(octets)};

  auto named = wire::Json::array();
  for (const std::string& event : webhook.events) named.push(event);
  ledger_
      .record({std::move(by), "webhook.added", target_of(webhook.id),
               wire::Json::object({{"origin", origin}, {"events", std::move(named)}})})
      .write("INSERT INTO response_webhook(id, url, events, secret) VALUES(?,?,?,?)",
             {number(webhook.id.number), webhook.url, joined(webhook.events), webhook.secret});
  webhooks_.push_back({webhook.id, webhook.url, webhook.events, {}});
  return webhook;
}

Result<void> Outbox::remove(WebhookId id, ledger::Actor by) {
  auto at = std::ranges::find(webhooks_, id, &Webhook::id);
  if (at == webhooks_.end())
    return fail(Fault::missing, "there is no webhook " + std::to_string(id.number));
  auto& writer = ledger_.record({std::move(by), "webhook.removed", target_of(id)});
  writer.write(
      "UPDATE response_webhook SET url = '', events = '', secret = '', removed = 1 WHERE id = ?",
      {number(id.number)});
  writer.write("DELETE FROM response_notification WHERE webhook = ?", {number(id.number)});
  webhooks_.erase(at);
  lines_.erase(id.number);
  return {};
}

bool Outbox::wanted(std::string_view event) const {
  return std::ranges::any_of(webhooks_, [&](const Webhook& webhook) {
    return std::ranges::any_of(webhook.events,
                               [&](const std::string& p) { return matches(p, event); });
  });
}

void Outbox::put(const std::string& event, wire::Json data) {
  if (!wanted(event)) return;
  Instant now = clock_.now();
  auto body =
      wire::Json::object({{"type", event}, {"timestamp", rfc3339(now)}, {"data", std::move(data)}});
  std::string text = wire::to_text(body);
  if (text.size() > body_bytes_max)
    text = wire::to_text(body.set("data", wire::Json::object({{"omitted_bytes", text.size()}})));
  for (const Webhook& webhook : webhooks_)
    if (std::ranges::any_of(webhook.events,
                            [&](const std::string& p) { return matches(p, event); }))
      put(webhook, event, text, now);
}

void Outbox::put(const Webhook& webhook, const std::string& event, const std::string& body,
                 Instant now) {
  std::uint64_t id = ++last_notification_;
  bool full = lines_[webhook.id.number].waiting++ >= waiting_max;
  ledger_.observe().write(
      "INSERT INTO response_notification(id, webhook, event, body, state, attempts, last_error,"
      " created, due) VALUES(?,?,?,?,'waiting',0,'',?,?)",
      {number(id), number(webhook.id.number), event, body, millis(now), millis(now)});
  if (full) give_up(id, {webhook.id}, "too many notifications wait for this webhook already");
}

std::vector<Notification> Outbox::due(std::size_t limit) {
  std::vector<Notification> out;
  Instant now = clock_.now();
  std::int64_t seconds = millis(now) / 1000;
  auto rows = store_.read(
      "SELECT n.id, n.webhook, n.event, n.body, w.url, w.secret FROM response_notification n"
      " JOIN response_webhook w ON w.id = n.webhook"
      " WHERE n.state = 'waiting' AND n.due <= ? ORDER BY n.due, n.id LIMIT ?",
      {millis(now), static_cast<std::int64_t>(limit + trying_.size())});
  while (out.size() < limit && rows.next()) {
    auto id = static_cast<std::uint64_t>(rows.integer(0));
    if (trying_.contains(id)) continue;
    std::string name = "msg_" + std::to_string(id), body = rows.text(3);
    trying_.insert(id);
    auto signed_with = signature(rows.text(5), name, seconds, body);
    if (!signed_with) {
      log::error("response", "a notification cannot be signed", {{"webhook", rows.text(1)}});
      continue;
    }
    out.push_back({id,
                   {static_cast<std::uint64_t>(rows.integer(1))},
                   rows.text(4),
                   rows.text(2),
                   std::move(body),
                   {{"webhook-id", name},
                    {"webhook-timestamp", std::to_string(seconds)},
                    {"webhook-signature", std::move(*signed_with)}}});
  }
  return out;
}

std::optional<Outbox::Try> Outbox::end_try(std::uint64_t id) {
  if (trying_.erase(id) == 0) return std::nullopt;
  auto rows =
      store_.read("SELECT webhook, attempts FROM response_notification WHERE id = ?", {number(id)});
  if (!rows.next()) return std::nullopt;
  return Try{{static_cast<std::uint64_t>(rows.integer(0))}, static_cast<int>(rows.integer(1)) + 1};
}

void Outbox::delivered(std::uint64_t id) {
  auto ended = end_try(id);
  if (!ended) return;
  ledger_.observe().write(
      "UPDATE response_notification SET state = 'delivered', attempts = ?, body = '',"
      " delivered_at = ? WHERE id = ?",
      {std::int64_t{ended->attempts}, millis(clock_.now()), number(id)});
  finished(ended->webhook);
}

void Outbox::failed(std::uint64_t id, std::string error, std::optional<Duration> retry_after) {
  auto ended = end_try(id);
  if (!ended) return;
  error = clipped(std::move(error), error_bytes_max);
  if (ended->attempts >= attempts_max_) {
    give_up(id, *ended, error);
    return;
  }
  Duration pause = pause_after(ended->attempts);
  if (retry_after) pause = std::clamp(*retry_after, pause, longest_pause);
  ledger_.observe().write(
      "UPDATE response_notification SET attempts = ?, last_error = ?, due = ? WHERE id = ?",
      {std::int64_t{ended->attempts}, error, millis(clock_.now() + pause), number(id)});
}

void Outbox::give_up(std::uint64_t id, const Try& last, const std::string& error) {
  ledger_
      .record({ledger::system_actor("response"), "notification.dead", target_of(last.webhook),
               wire::Json::object({{"notification", id}, {"attempts", last.attempts}}), error})
      .write(
          "UPDATE response_notification SET state = 'dead', attempts = ?, last_error = ?, body = ''"
          " WHERE id = ?",
          {std::int64_t{last.attempts}, error, number(id)});
  finished(last.webhook);
}

void Outbox::finished(WebhookId webhook) {
  Line& line = lines_[webhook.number];
  --line.waiting;
  if (++line.finished < trim_every) return;
  line.finished = 0;
  ledger_.observe().write(
      "DELETE FROM response_notification WHERE webhook = ?1 AND state <> 'waiting' AND id <="
      " (SELECT id FROM response_notification WHERE webhook = ?1 AND state <> 'waiting'"
      " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
      {number(webhook.number), kept_max});
}

std::vector<Delivery> Outbox::deliveries(WebhookId webhook, std::size_t limit) const {
  std::vector<Delivery> out;
  auto rows = store_.read(
      "SELECT id, event, state, attempts, last_error, created, delivered_at"
      " FROM response_notification WHERE webhook = ? ORDER BY id DESC LIMIT ?",
      {number(webhook.number), static_cast<std::int64_t>(std::min<std::size_t>(limit, 10'000))});
  while (rows.next())
    out.push_back({static_cast<std::uint64_t>(rows.integer(0)), rows.text(1), rows.text(2),
                   static_cast<int>(rows.integer(3)), rows.text(4), instant(rows.integer(5)),
                   rows.null(6) ? std::nullopt : std::optional(instant(rows.integer(6)))});
  return out;
}

}  // namespace muster::response
