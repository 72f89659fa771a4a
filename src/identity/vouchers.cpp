// Vouchers (RFC 8366): a maker's signed word that a device is ours makes it an expected one.

#include <algorithm>
#include <set>
#include <stdexcept>

#include "crypto/cms.h"
#include "identity/internal/registry.h"
#include "wire/voucher.h"

namespace muster::identity {
namespace {

constexpr std::size_t vouchers_max = 10'000;

std::unexpected<Error> in_voucher(std::size_t index, Error e) {
  e.message = "voucher " + std::to_string(index + 1) + ": " + e.message;
  e.field = "/vouchers/" + std::to_string(index) + e.field;
  return std::unexpected(std::move(e));
}

// Of an AuthorityKeyIdentifier the key identifier: it is written with or without the DER around it
// (RFC 8366 section 5.3 leaves that open).
Bytes key_identifier(const Bytes& told) {
  ByteView left = told;
  const auto inside = [&](std::uint8_t tag) {
    if (left.size() < 2 || left[0] != tag || left[1] > 0x7f || left[1] + 2U > left.size())
      return false;
    left = left.subspan(2, left[1]);
    return true;
  };
  const bool whole = !told.empty() && told[0] == 0x04 && inside(0x04);
  if ((whole || (!told.empty() && told[0] == 0x30)) && inside(0x30) && inside(0x80))
    return Bytes(left.begin(), left.end());
  return told;
}

struct Promised {  // by a voucher
  inventory::NewDevice device;
  Birth birth;
  bool known = false;  // it is expected already
};

Result<wire::Voucher> read_voucher(const Bytes& cms, std::span<const crypto::Certificate> signers,
                                   std::span<const crypto::Certificate> roots, Instant now) {
  TRY(const auto content,
      crypto::verify_enveloping(cms, crypto::voucher_content_type, signers, now));
  TRY(auto voucher, wire::parse_voucher(text_of(content.content)));
  if (voucher.expires_on && now >= *voucher.expires_on)
    return fail(Fault::invalid, "expired at " + rfc3339(*voucher.expires_on));
  if (voucher.nonce)
    return fail(Fault::invalid,
                "has a nonce, so it is for a device that asked for it, and not for a list");
  if (std::ranges::find(roots, voucher.pinned_domain_cert, &crypto::Certificate::der) ==
      roots.end())
    return fail(Fault::forbidden, "pins another certificate than our root \"" +
                                      roots.front().common_name + "\": it is for another owner");
  return voucher;
}

Result<Promised> promised_by(const wire::Voucher& voucher, const ModelId& model,
                             const std::vector<std::string>& groups,
                             const inventory::Inventory& inventory) {
  Promised out{.device = {.model = model, .groups = groups, .serial = voucher.serial_number},
               .birth = {.certificate = {},
                         .issuer = key_identifier(voucher.idevid_issuer),
                         .expires = voucher.expires_on}};
  if (const auto* known = inventory.find_serial(voucher.serial_number)) {
    if (known->state != inventory::Lifecycle::expected)
      return fail(Fault::conflict, "serial " + voucher.serial_number + " belongs to device " +
                                       known->id.text() + ", which has enrolled already");
    if (known->model != model)
      return fail(Fault::conflict, "device " + known->id.text() + " is expected as a " +
                                       known->model.text() + ", not as a " + model.text());
    out.device.id = known->id;
    out.known = true;
    return out;
  }
  auto id = DeviceId::parse(voucher.serial_number);
  if (!id)
    return fail(Fault::invalid, "the serial number " + voucher.serial_number +
                                    " cannot be a device's id: " + id.error().message);
  out.device.id = std::move(*id);
  return out;
}

}  // namespace

Result<std::vector<DeviceId>> Identity::import_vouchers(const VoucherImport& in, ledger::Actor by,
                                                        bool dry_run) {
  auto& r = *registry_;
  const auto* maker = r.makers.find(in.maker);
  if (!maker)
    return fail(Fault::missing,
                "no maker " + in.maker.substr(0, 64) + " is trusted; trust its CA first", "/maker");
  TRY(const auto model, model_of(*maker, in.model));
  if (in.vouchers.empty() || in.vouchers.size() > vouchers_max)
    return fail(Fault::invalid, "1 to 10,000 vouchers can be imported at once", "/vouchers");
  const std::span<const crypto::Certificate> signers =
      in.signers.empty() ? maker->anchors : in.signers;
  const auto roots = r.rollover.trusted().roots();  // two, while one CA takes another's place
  std::vector<Promised> all;
  std::set<std::string> serials;
  for (std::size_t i = 0; i < in.vouchers.size(); ++i) {
    auto voucher = read_voucher(in.vouchers[i], signers, roots, r.clock.now());
    if (!voucher) {
      r.note({voucher.error().message, "maker/" + in.maker, by.name, "voucher.refused"});
      return in_voucher(i, std::move(voucher.error()));
    }
    if (!serials.insert(voucher->serial_number).second)
      return in_voucher(
          i, {Fault::invalid,
              "the serial number " + voucher->serial_number + " is in an earlier voucher", ""});
    auto promised = promised_by(*voucher, model, in.groups, r.inventory);
    if (!promised) return in_voucher(i, std::move(promised.error()));
    if (!promised->known)
      if (auto may = r.may_expect(promised->device); !may)
        return in_voucher(i, std::move(may.error()));
    all.push_back(std::move(*promised));
  }
  std::vector<DeviceId> out;
  for (const auto& each : all) out.push_back(each.device.id);
  if (dry_run) return out;
  auto& writer = r.ledger.record({by, "vouchers.imported", "maker/" + in.maker,
                                  wire::Json::object({{"vouchers", all.size()}})});
  for (auto& each : all) {
    r.expect_birth(writer, each.device.id, each.birth);
    if (each.known) continue;
    if (auto known = r.inventory.expect(std::move(each.device), by); !known)
      throw std::logic_error("a checked voucher is refused: " + known.error().message);
  }
  return out;
}

}  // namespace muster::identity
