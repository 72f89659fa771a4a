#include "response/response.h"

#include <algorithm>

#include "base/log.h"
#include "response/internal/casebook.h"
#include "response/internal/incident_rows.h"

namespace muster::response {
namespace {

constexpr std::size_t incidents_at_once = 1'000;

Result<void> check_reason(const std::string& reason) {
  if (!reason.empty() && reason.size() <= 1'000) return {};
  return fail(Fault::invalid, "must say why, in 1 to 1000 octets; it goes to the ledger",
              "/reason");
}

}  // namespace

Result<Response> Response::open(store::Store& store, ledger::Ledger& ledger,
                                inventory::Inventory& inventory, segment::Segment& segment,
                                const Clock& clock, Random& random, Settings settings) {
  auto casebook =
      std::make_unique<Casebook>(store, ledger, inventory, segment, clock, random, settings);
  TRY_VOID(casebook->load());
  inventory.on_change([book = casebook.get()](const inventory::Device& d, inventory::Change what) {
    if (what == inventory::Change::state_changed && inventory::has_left(d.state))
      book->close(d.id, ledger::system_actor("response"), "retired",
                  std::string("the device is ") + name_of(d.state));
  });
  return Response(std::move(casebook));
}

Response::Response(std::unique_ptr<Casebook> casebook) : casebook_(std::move(casebook)) {}
Response::Response(Response&&) noexcept = default;
Response::~Response() = default;

void Response::found(const watch::Finding& finding) {
  const auto* device = casebook_->inventory.find(finding.device);
  if (!device || device->state == inventory::Lifecycle::expected ||
      inventory::is_leaving(device->state))
    return;
  if (Case* open = casebook_->find(device->id))
    casebook_->join(*open, *device, finding);
  else
    casebook_->open(*device, finding);
}

Result<IncidentId> Response::isolate(const DeviceId& id, ledger::Actor by, std::string reason) {
  Casebook& book = *casebook_;
  TRY_VOID(check_reason(reason));
  Case* open = book.find(id);
  if (open && book.segment.isolation(id)) return open->id;
  TRY_VOID(book.segment.isolate(id, segment::Level::restricted, by, reason));
  Instant now = book.clock.now();
  if (open) {  // segment has recorded the decision
    auto& writer = book.ledger.observe();
    open->held = false;
    writer.write("UPDATE response_incident SET held = 0 WHERE id = ?",
                 {static_cast<std::int64_t>(open->id.number)});
    book.add_step(writer, *open, {"isolated", now, by.name, reason});
    book.tell("incident.escalated", open->id);
    return open->id;
  }
  Incident incident;
  incident.id = {book.last_id + 1};
  incident.device = id;
  incident.opened_at = now;
  incident.reason = std::move(reason);
  auto detail =
      wire::Json::object({{"device", id.text()}, {"severity", name_of(incident.severity)}});
  return book.open(std::move(incident), Containment::isolated, by, std::move(detail));
}

Result<void> Response::release(const DeviceId& id, ledger::Actor by, std::string reason) {
  TRY_VOID(check_reason(reason));
  TRY_VOID(casebook_->segment.release(id, by, reason));
  casebook_->close(id, by, "released", reason);
  return {};
}

Result<void> Response::retired(const DeviceId& id, ledger::Actor by) {
  casebook_->close(id, by, "retired", "the device is retired");
  return {};
}

Result<void> Response::close(IncidentId id, ledger::Actor by, std::string reason) {
  TRY_VOID(check_reason(reason));
  auto at = casebook_->device_of.find(id.number);
  if (at == casebook_->device_of.end()) {
    TRY_VOID(incident(id));
    return fail(Fault::conflict, "incident " + std::to_string(id.number) + " is closed already");
  }
  DeviceId device = at->second;
  if (casebook_->segment.isolation(device))
    return fail(Fault::conflict, "device " + device.text() +
                                     " is still isolated; release it, and this closes with it");
  casebook_->close(device, by, {}, reason);
  return {};
}

Result<Incident> Response::incident(IncidentId id) const {
  return read_incident(casebook_->store, id);
}

std::optional<IncidentId> Response::open_incident(const DeviceId& device) const {
  const Case* open = casebook_->find(device);
  return open ? std::optional(open->id) : std::nullopt;
}

std::vector<Incident> Response::incidents(std::optional<bool> open, std::size_t limit) const {
  limit = std::min(limit, incidents_at_once);
  std::vector<IncidentId> ids;
  if (open == true) {
    const auto& all = casebook_->device_of;
    for (auto at = all.rbegin(); at != all.rend() && ids.size() < limit; ++at)
      ids.push_back({at->first});
  } else {
    auto rows = casebook_->store.read(
        "SELECT id FROM response_incident WHERE open = 0 OR ? ORDER BY id DESC LIMIT ?",
        {std::int64_t{!open}, static_cast<std::int64_t>(limit)});
    while (rows.next()) ids.push_back({static_cast<std::uint64_t>(rows.integer(0))});
  }
  std::vector<Incident> out;
  for (IncidentId id : ids) {
    auto read = incident(id);
    if (read)
      out.push_back(std::move(*read));
    else
      log::error("response", "an incident cannot be read",
                 {{"id", std::to_string(id.number)}, {"why", read.error().message}});
  }
  return out;
}

std::size_t Response::open_count() const {
  return casebook_->cases.size();
}

Result<Webhook> Response::add_webhook(std::string url, std::vector<std::string> events,
                                      ledger::Actor by) {
  return casebook_->outbox.add(std::move(url), std::move(events), std::move(by));
}

Result<void> Response::remove_webhook(WebhookId id, ledger::Actor by) {
  return casebook_->outbox.remove(id, std::move(by));
}

std::vector<Webhook> Response::webhooks() const {
  return casebook_->outbox.webhooks();
}

void Response::notify(std::string event, wire::Json body) {
  casebook_->outbox.put(event, std::move(body));
}

std::vector<Notification> Response::due(std::size_t limit) {
  return casebook_->outbox.due(limit);
}

void Response::delivered(std::uint64_t id) {
  casebook_->outbox.delivered(id);
}

void Response::failed(std::uint64_t id, std::string error, std::optional<Duration> retry_after) {
  casebook_->outbox.failed(id, std::move(error), retry_after);
}

std::vector<Delivery> Response::deliveries(WebhookId webhook, std::size_t limit) const {
  return casebook_->outbox.deliveries(webhook, limit);
}

void Response::on_incident(std::function<void(const Incident&)> listener) {
  casebook_->listeners.push_back(std::move(listener));
}

}  // namespace muster::response
