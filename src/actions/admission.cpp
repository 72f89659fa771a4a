// Who comes, with which secret, and what it says of itself.
#include <algorithm>
#include <array>

#include "actions/internal/book.h"

namespace muster::actions {
namespace {

constexpr Duration session_life = 1h;
constexpr std::size_t secret_octets = 32, attributes_octets_max = 12 * 1024;

std::string secret_of(Random& random) {
  std::array<std::uint8_t, secret_octets> octets{};
  random.fill(octets);
  return to_base64url(octets);
}

// What it says that it runs: SWUpdate by an attribute of its configuration, Mender always.
bool names_firmware(Client client, const std::string& name) {
  return name == (client == Client::mender ? "artifact_name" : "firmware");
}

}  // namespace

// The inventory has it as reported.update_client once it has told its attributes.
Kept& Actions::Book::meet(const DeviceId& device, Client client) {
  Kept& kept = devices[device];
  if (const auto* known = inventory.find(device)) inventory.contact(device, known->online);
  if (kept.client == client) return kept;
  kept.client = client;
  write(ledger.observe(), device, kept);
  return kept;
}

Result<void> Actions::admit_ddi(const DeviceId& device, std::string_view token) {
  const auto at = book_->devices.find(device);
  const bool needed = at != book_->devices.end() && at->second.has_token;
  if (needed && token.empty())
    return fail(Fault::unauthorized,
                "a target token was made for this device; send it as Authorization: TargetToken",
                "Authorization");
  if (needed && !crypto::equal_in_constant_time(crypto::sha256(bytes_of(token)), at->second.token))
    return fail(Fault::unauthorized, "this is not the target token of this device",
                "Authorization");
  if (!needed && !token.empty())
    return fail(Fault::unauthorized,
                "no target token was made for this device: leave the header out, or make one",
                "Authorization");
  book_->meet(device, Client::ddi);
  return {};
}

Result<std::string> Actions::begin_session(const DeviceId& device,
                                           const crypto::Hash& certificate) {
  if (!book_->inventory.find(device)) return fail(Fault::missing, "there is no such device");
  auto token = secret_of(book_->random);
  book_->sessions.insert_or_assign(device, Session{.token = crypto::sha256(bytes_of(token)),
                                                   .certificate = certificate,
                                                   .until = book_->clock.now() + session_life});
  book_->meet(device, Client::mender);
  return token;
}

Result<void> Actions::admit_mender(const DeviceId& device, const crypto::Hash& certificate,
                                   std::string_view token) {
  const auto at = book_->sessions.find(device);
  const bool good =
      at != book_->sessions.end() && at->second.certificate == certificate &&
      book_->clock.now() < at->second.until &&
      crypto::equal_in_constant_time(crypto::sha256(bytes_of(token)), at->second.token);
  if (!good)
    return fail(Fault::unauthorized,
                "this token is not good here, or not any more: ask for one at auth_requests",
                "Authorization");
  book_->meet(device, Client::mender);
  return {};
}

Result<void> Actions::report(const DeviceId& device, Attributes how,
                             const std::vector<Attribute>& told) {
  Book& b = *book_;
  const auto* known = b.inventory.find(device);
  if (!known) return fail(Fault::missing, "there is no such device");
  Kept& kept = b.devices[device];
  wire::Json::Members attributes;
  const auto* before = known->reported.find("attributes");
  if (how != Attributes::replace && before && before->members()) attributes = *before->members();
  std::string firmware;
  for (const auto& each : told) {
    std::erase_if(attributes, [&](const auto& member) { return member.first == each.name; });
    if (how == Attributes::remove) continue;
    attributes.emplace_back(each.name, each.value);
    if (names_firmware(kept.client, each.name)) firmware = each.value;
  }
  auto reported = wire::Json::object({{"update_client", name_of(kept.client)}});
  reported.set("attributes", wire::Json::of_members(std::move(attributes)));
  if (wire::to_text(reported).size() > attributes_octets_max)
    return fail(Fault::invalid, "attributes have at most 12 KiB together", "/data");
  const auto* release = firmware.empty() ? nullptr : b.releases.find(known->model, firmware);
  // A name that is no release of ours does not make us forget which one it took from us.
  if (!release && !known->release_id.empty()) firmware.clear();
  TRY_VOID(b.inventory.reported(device, firmware, release ? release->id : "", std::move(reported)));
  if (kept.told_attributes) return {};
  kept.told_attributes = true;
  b.write(b.ledger.observe(), device, kept);
  return {};
}

Result<std::string> Actions::make_token(const DeviceId& device, ledger::Actor by) {
  if (!book_->inventory.find(device))
    return fail(Fault::missing, "there is no device " + device.text());
  auto token = secret_of(book_->random);
  Kept& kept = book_->devices[device];
  kept.has_token = true;
  kept.token = crypto::sha256(bytes_of(token));
  book_->write(
      book_->ledger.record({std::move(by), "target-token.made", "device/" + device.text()}), device,
      kept);
  return token;
}

Result<void> Actions::drop_token(const DeviceId& device, ledger::Actor by) {
  const auto at = book_->devices.find(device);
  if (at == book_->devices.end() || !at->second.has_token)
    return fail(Fault::missing, "device " + device.text() + " has no target token");
  at->second.has_token = false;
  at->second.token = {};
  book_->write(
      book_->ledger.record({std::move(by), "target-token.dropped", "device/" + device.text()}),
      device, at->second);
  return {};
}

}  // namespace muster::actions
