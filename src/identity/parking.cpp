// Devices that a trusted maker vouches for and nobody expects: they wait for an operator's word.
//
// At most 1,000 wait; who has waited a week without an answer is forgotten, and waits anew when it
// comes again. Who was rejected is remembered for 90 days, and at most 10,000 of them.

#include <stdexcept>

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr std::int64_t waiting_max = 1'000, rejected_max = 10'000;
constexpr Duration waiting_kept = 7 * 24h, rejected_kept = 90 * 24h;
constexpr std::size_t id_octets = 8;

std::string id_of(const crypto::Hash& certificate) {
  return to_hex(ByteView(certificate).first(id_octets));
}

Result<ParkedDevice> parked_of(const store::Rows& rows) {
  ParkedDevice out{.id = {},
                   .serial = rows.text(1),
                   .maker = rows.text(2),
                   .model = {},
                   .certificate = fixed<32>(rows.blob(0)),
                   .key = fixed<32>(rows.blob(4)),
                   .from = rows.text(5),
                   .since = instant(rows.integer(6)),
                   .rejected = rows.integer(7) != 0};
  out.id = id_of(out.certificate);
  if (rows.text(3).empty()) return out;
  auto model = ModelId::parse(rows.text(3));
  if (!model)
    return fail(Fault::corrupt, "the model of the device that waits as " + out.id +
                                    " does not read: " + model.error().message);
  out.model = std::move(*model);
  return out;
}

std::int64_t count_of(const store::Store& store, bool rejected) {
  auto rows = store.read("SELECT count(*) FROM identity_parked WHERE rejected = ?",
                         {std::int64_t{rejected}});
  return rows.next() ? rows.integer(0) : 0;
}

Result<ParkedDevice> find_parked(const Identity& identity, const std::string& id) {
  TRY(auto all, identity.parked());
  for (auto& each : all)
    if (each.id == id) return std::move(each);
  return fail(Fault::missing, "no device waits as " + id.substr(0, 64) +
                                  "; the list says who does (muster enrol list)");
}

}  // namespace

void Identity::Registry::forget_old_parked() {
  const auto now = clock.now();
  const auto old = [&](bool rejected, Duration kept) {
    auto rows = store.read("SELECT 1 FROM identity_parked WHERE rejected = ? AND since < ? LIMIT 1",
                           {std::int64_t{rejected}, millis(now - kept)});
    return rows.next();
  };
  for (const auto& [rejected, kept] :
       {std::pair{false, waiting_kept}, std::pair{true, rejected_kept}})
    if (old(rejected, kept))
      ledger.observe().write("DELETE FROM identity_parked WHERE rejected = ? AND since < ?",
                             {std::int64_t{rejected}, millis(now - kept)});
}

Result<Enrolment> Identity::Registry::park(const Born& born, const EnrolRequest& request,
                                           const EnrolmentProfile& profile) {
  const auto& leaf = born.certificate;
  const auto& maker = *born.makers.front();
  if (leaf.serial_number.empty() || leaf.serial_number.size() > 128)
    return refuse({"a birth certificate without a serial number", {}, request.from},
                  Fault::forbidden,
                  "the birth certificate names no serial number of at most 128 octets, so nobody "
                  "can tell which device this is");
  forget_old_parked();
  {
    auto rows = store.read("SELECT rejected FROM identity_parked WHERE certificate = ?",
                           {ByteView(leaf.fingerprint)});
    if (rows.next()) {
      if (rows.integer(0) == 0) return Later{profile.retry_after};
      return refuse({"a device that was rejected, serial " + leaf.serial_number.substr(0, 64),
                     {},
                     request.from},
                    Fault::forbidden, "the operator has rejected this device");
    }
  }
  if (count_of(store, false) >= waiting_max)
    return refuse({"1,000 devices wait already", {}, request.from}, Fault::unavailable,
                  "too many devices wait for the operator; ask again later");
  const auto model = maker.models.size() == 1 ? maker.models.front().text() : std::string();
  const auto print = leaf.key.fingerprint();
  auto& writer = ledger.record({ledger::system_actor("identity"), "enrolment.parked",
                                "enrolment/" + id_of(leaf.fingerprint),
                                wire::Json::object({{"serial", leaf.serial_number},
                                                    {"maker", maker.name},
                                                    {"fingerprint", to_hex(leaf.fingerprint)},
                                                    {"from", request.from.substr(0, 64)}})});
  writer.write(
      "INSERT INTO identity_parked(certificate, serial, maker, model, key, peer, since, rejected)"
      " VALUES(?,?,?,?,?,?,?,0)",
      {ByteView(leaf.fingerprint), leaf.serial_number, maker.name, model, ByteView(print),
       request.from.substr(0, 64), millis(clock.now())});
  return Later{profile.retry_after};
}

Result<std::vector<ParkedDevice>> Identity::parked() const {
  const auto& r = *registry_;
  std::vector<ParkedDevice> out;
  auto rows = r.store.read(
      "SELECT certificate, serial, maker, model, key, peer, since, rejected FROM identity_parked"
      " WHERE since >= ? OR rejected = 1 ORDER BY rejected, since, certificate",
      {millis(r.clock.now() - waiting_kept)});
  while (rows.next()) {
    TRY(auto one, parked_of(rows));
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> Identity::approve(const std::string& id, Approval approval, ledger::Actor by) {
  auto& r = *registry_;
  TRY(const auto parked, find_parked(*this, id));
  const auto* maker = r.makers.find(parked.maker);
  if (!maker)
    return fail(Fault::conflict, "its maker " + parked.maker + " is not trusted any more");
  TRY(auto model, model_of(*maker, approval.model));
  inventory::NewDevice device{.id = approval.device,
                              .model = std::move(model),
                              .groups = std::move(approval.groups),
                              .serial = parked.serial};
  TRY_VOID(r.may_expect(device));
  auto& writer =
      r.ledger.record({by, "enrolment.approved", "device/" + approval.device.text(),
                       wire::Json::object({{"enrolment", parked.id},
                                           {"serial", parked.serial},
                                           {"maker", parked.maker},
                                           {"fingerprint", to_hex(parked.certificate)}})});
  if (auto known = r.inventory.expect(std::move(device), std::move(by)); !known)
    throw std::logic_error("a checked device is refused: " + known.error().message);
  r.expect_birth(writer, approval.device,
                 {.certificate = parked.certificate, .issuer = {}, .expires = {}});
  writer.write("DELETE FROM identity_parked WHERE certificate = ?", {ByteView(parked.certificate)});
  return {};
}

Result<void> Identity::reject(const std::string& id, ledger::Actor by, std::string why) {
  auto& r = *registry_;
  TRY(const auto parked, find_parked(*this, id));
  if (parked.rejected) return {};
  if (why.size() > 1000) return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  auto& writer = r.ledger.record({std::move(by), "enrolment.rejected", "enrolment/" + parked.id,
                                  wire::Json::object({{"serial", parked.serial},
                                                      {"maker", parked.maker},
                                                      {"fingerprint", to_hex(parked.certificate)}}),
                                  std::move(why)});
  writer.write("UPDATE identity_parked SET rejected = 1, since = ? WHERE certificate = ?",
               {millis(r.clock.now()), ByteView(parked.certificate)});
  if (count_of(r.store, true) > rejected_max)
    writer.write(
        "DELETE FROM identity_parked WHERE certificate IN (SELECT certificate FROM identity_parked"
        " WHERE rejected = 1 ORDER BY since LIMIT 1)");
  return {};
}

}  // namespace muster::identity
