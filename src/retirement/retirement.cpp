// What devices are told and bring, and how each case ends.

#include "retirement/retirement.h"

#include "base/fixed_bytes.h"
#include "retirement/internal/register.h"

namespace muster::retirement {
namespace {

constexpr std::array step_names{"waiting",     "rejected",  "wiping",          "sanitised",
                                "unsanitised", "destroyed", "nothing-to-wipe", "skipped"};
static_assert(step_names.size() == steps_there_are);
constexpr std::array state_names{"waiting", "running", "done", "rejected"};

constexpr std::size_t evidence_max = 1000;

std::string acknowledgement() {
  return wire::to_text(wire::Json::object({{"state", "retired"}}));
}

}  // namespace

const char* name_of(Step step) {
  return step_names[static_cast<std::size_t>(step)];
}
const char* name_of(State state) {
  return state_names[static_cast<std::size_t>(state)];
}

std::string target_of(const DeviceId& id) {
  return "device/" + id.text();
}
std::string target_of(std::uint64_t request) {
  return "retirement/" + std::to_string(request);
}

Retirements::Retirements(std::unique_ptr<Register> kept) : register_(std::move(kept)) {}
Retirements::Retirements(Retirements&&) noexcept = default;
Retirements::~Retirements() = default;

void Retirements::on_progress(std::function<void(std::uint64_t)> listener) {
  register_->listeners.push_back(std::move(listener));
}

void Retirements::Register::tell(std::uint64_t request) const {
  for (const auto& listener : listeners) listener(request);
}

std::optional<Wiping> Retirements::Register::wiping(const DeviceId& id) const {
  auto rows = store.read(
      "SELECT request, step, wipe_order, nonce, ordered_at, deadline, statement, certificate"
      " FROM retirement_case WHERE device = ? AND wipe_order > 0 ORDER BY request DESC LIMIT 1",
      {id.text()});
  if (!rows.next()) return std::nullopt;
  const auto nonce = rows.blob(3);
  return Wiping{.about = {.device = id,
                          .request = static_cast<std::uint64_t>(rows.integer(0)),
                          .step = static_cast<Step>(rows.integer(1)),
                          .order = static_cast<std::uint64_t>(rows.integer(2)),
                          .ordered_at = instant(rows.integer(4)),
                          .deadline = instant(rows.integer(5)),
                          .ended_at = {}},
                .nonce = {nonce.begin(), nonce.end()},
                .statement = fixed<32>(rows.blob(6)),
                .certificate = fixed<32>(rows.blob(7))};
}

void Retirements::Register::end(store::Writer& writer, const Case& c, Step step) const {
  writer.write("UPDATE retirement_case SET step = ?, ended_at = ? WHERE device = ? AND request = ?",
               {number_of(step), millis(clock.now()), c.device.text(), stored(c.request)});
}

Result<std::string> Retirements::order_for(const DeviceId& id) const {
  auto& r = *register_;
  const auto found = r.wiping(id);
  if (!found || found->about.step != Step::wiping || *found->about.deadline <= r.clock.now())
    return wire::no_order();
  const auto kept = r.orders.find(id);
  if (kept != r.orders.end() && kept->second.number == found->about.order) return kept->second.text;
  TRY(auto text, r.order_text(*found));
  r.orders.insert_or_assign(id, Register::SignedOrder{found->about.order, text});
  return text;
}

// What a device makes us write is bounded: an entry more than that says nothing new.
void Retirements::Register::note(const DeviceId& id, const char* action, wire::Json detail,
                                 std::string why) {
  const auto left_out = refusals.admit(id.text(), clock.now());
  if (!left_out) return;
  if (*left_out) detail.set("not_recorded", *left_out);
  ledger.record(
      {ledger::device_actor(id.text()), action, target_of(id), std::move(detail), std::move(why)});
}

std::unexpected<Error> Retirements::Register::refuse(const DeviceId& id, const Error& why) {
  note(id, "sanitisation.refused", wire::Json::object({{"cause", why.message}}));
  return std::unexpected(why);
}

void Retirements::refused(const DeviceId& id, const std::string& why) {
  auto& r = *register_;
  const auto found = r.wiping(id);
  if (!found || found->about.step != Step::wiping) return;
  r.note(id, "retirement.order-refused", wire::Json::object({{"order", found->about.order}}),
         why.substr(0, 512));
}

Result<wire::Statement> Retirements::Register::check(const Sanitised& s,
                                                     const std::optional<Wiping>& ordered,
                                                     const crypto::Certificate& by) const {
  if (!ordered || ordered->about.step != Step::wiping)
    return fail(Fault::conflict, "no wipe is ordered now, so there is nothing to state");
  if (clock.now() >= *ordered->about.deadline)
    return fail(Fault::conflict,
                "the order's deadline was " + rfc3339(*ordered->about.deadline) + "; it is over");
  if (!by.key.verify(bytes_of(s.statement), s.signature))
    return fail(Fault::unauthorized,
                "the statement is not signed by the key of the certificate it came with",
                "/signature");
  TRY(auto said, wire::parse_statement(s.statement));
  if (said.device != s.device)
    return fail(Fault::invalid, "the statement is about " + said.device.text(), "/device");
  if (said.order != ordered->about.order)
    return fail(Fault::conflict,
                "the statement is about order " + std::to_string(said.order) +
                    "; the one that holds is " + std::to_string(ordered->about.order),
                "/order");
  if (said.nonce != ordered->nonce)
    return fail(Fault::unauthorized, "the statement's nonce is not the order's", "/nonce");
  if (said.method == wire::Method::destroy)
    return fail(Fault::invalid, "a device that states its own destruction is still there",
                "/method");
  return said;
}

Result<std::string> Retirements::take(const Sanitised& s) {
  auto& r = *register_;
  const auto fingerprint = crypto::sha256(s.certificate);
  const auto digest = crypto::sha256(bytes_of(s.statement));
  const auto ordered = r.wiping(s.device);
  const bool heard = ordered && ordered->about.step == Step::sanitised &&
                     ordered->statement == digest && ordered->certificate == fingerprint;
  if (heard) return acknowledgement();
  TRY(const auto principal, r.identity.authenticate(fingerprint));  // records what it refuses
  if (principal.application || principal.device != s.device)
    return fail(Fault::forbidden, "a device may use its own path only");
  TRY(const auto certificate, crypto::parse_certificate(s.certificate));
  const auto said = r.check(s, ordered, certificate);
  if (!said) return r.refuse(s.device, said.error());

  auto content = r.document(*ordered, "sanitised");
  content.set("method", name_of(said->method))
      .set("technique", said->technique)
      .set("tool", said->tool + " " + said->version)
      .set("stated_at", rfc3339(said->at))
      .set("statement", s.statement)
      .set("statement_signature", to_base64(s.signature))
      .set("device_certificate", to_base64(s.certificate));
  TRY(const auto text, r.signed_text(std::move(content)));
  auto& writer = r.ledger.record(
      {ledger::device_actor(s.device.text()), "sanitisation.certified", target_of(s.device),
       wire::Json::object({{"certificate_sha256", to_hex(crypto::sha256(bytes_of(text)))},
                           {"method", name_of(said->method)},
                           {"order", ordered->about.order},
                           {"request", ordered->about.request}})});
  r.keep(writer, s.device, text);
  writer.write(
      "UPDATE retirement_case SET step = ?, ended_at = ?, statement = ?, certificate = ?"
      " WHERE device = ? AND request = ?",
      {number_of(Step::sanitised), millis(r.clock.now()), ByteView(digest), ByteView(fingerprint),
       s.device.text(), stored(ordered->about.request)});
  r.deadlines.erase({*ordered->about.deadline, s.device});
  r.orders.erase(s.device);
  TRY_VOID(
      r.inventory.retire(s.device, ledger::system_actor("retirement"),
                         std::string("it has stated that it is wiped: ") + name_of(said->method)));
  r.tell(ordered->about.request);
  return acknowledgement();
}

Result<void> Retirements::destroyed(const DeviceId& id, ledger::Actor by, std::string evidence) {
  auto& r = *register_;
  const auto* device = r.inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  if (evidence.empty() || evidence.size() > evidence_max)
    return fail(Fault::invalid,
                "is 1 to 1000 octets: what was destroyed, how, where, and who saw it", "/evidence");
  const auto found = r.wiping(id);
  if (device->state != inventory::Lifecycle::revoked_unsanitised || !found)
    return fail(Fault::conflict, "device " + id.text() + " is " + name_of(device->state) +
                                     "; evidence of destruction is for one that is "
                                     "revoked-unsanitised");
  auto content = r.document(*found, "destroyed");
  content.set("method", name_of(wire::Method::destroy))
      .set("technique", evidence)
      .set("recorded_by", by.name);
  TRY(const auto text, r.signed_text(std::move(content)));
  auto& writer = r.ledger.record(
      {by, "sanitisation.certified", target_of(id),
       wire::Json::object({{"certificate_sha256", to_hex(crypto::sha256(bytes_of(text)))},
                           {"method", name_of(wire::Method::destroy)},
                           {"request", found->about.request}}),
       evidence});
  r.keep(writer, id, text);
  r.end(writer, found->about, Step::destroyed);
  TRY_VOID(r.inventory.retire(id, std::move(by), "destroyed"));
  r.tell(found->about.request);
  return {};
}

void Retirements::Register::lapse(const DeviceId& id) {
  const auto found = wiping(id);
  if (!found || found->about.step != Step::wiping) return;
  end(ledger.record({ledger::system_actor("retirement"), "retirement.lapsed", target_of(id),
                     wire::Json::object({{"order", found->about.order},
                                         {"request", found->about.request},
                                         {"deadline", rfc3339(*found->about.deadline)}})}),
      found->about, Step::unsanitised);
  certain(inventory.give_up(id, ledger::system_actor("retirement"),
                            "no statement that it is wiped came in time; destroy it"));
  tell(found->about.request);
}

void Retirements::tick() {
  auto& r = *register_;
  while (!r.deadlines.empty() && r.deadlines.begin()->first <= r.clock.now()) {
    const auto id = r.deadlines.begin()->second;
    r.deadlines.erase(r.deadlines.begin());
    r.orders.erase(id);
    r.lapse(id);
  }
}

}  // namespace muster::retirement
