// What is signed here: orders, and certificates of sanitisation.

#include "retirement/internal/register.h"
#include "wire/update.h"

namespace muster::retirement {
namespace {

constexpr const char* certificate_type = "muster-certificate-of-sanitisation";

}  // namespace

Result<std::string> Retirements::Register::signed_text(wire::Json content) const {
  TRY(auto signature, key.sign(bytes_of(wire::canonical(content))));
  return wire::envelope_text(content,
                             {{to_hex(key.public_key().fingerprint()), std::move(signature)}});
}

Result<std::string> Retirements::Register::order_text(const Wiping& w) const {
  return signed_text(wire::to_json(wire::WipeOrder{.device = w.about.device,
                                                   .number = w.about.order,
                                                   .nonce = w.nonce,
                                                   .issued = *w.about.ordered_at,
                                                   .deadline = *w.about.deadline}));
}

// What both kinds of certificate say: which device, why, and by whose word.
wire::Json Retirements::Register::document(const Wiping& w, std::string_view outcome) const {
  const auto* device = inventory.find(w.about.device);
  auto out = wire::Json::object({{"_type", certificate_type},
                                 {"standard", "NIST SP 800-88 Rev. 2"},
                                 {"outcome", outcome},
                                 {"device", w.about.device.text()},
                                 {"model", device->model.text()},
                                 {"serial", device->serial},
                                 {"retirement", w.about.request},
                                 {"order", w.about.order},
                                 {"ordered_at", rfc3339(*w.about.ordered_at)},
                                 {"certified_at", rfc3339(clock.now())}});
  auto rows =
      store.read("SELECT requested_by, decided_by, reason FROM retirement_request WHERE id = ?",
                 {stored(w.about.request)});
  if (rows.next()) {
    out.set("requested_by", rows.text(0)).set("reason", rows.text(2));
    if (const auto by = rows.text(1); !by.empty()) out.set("approved_by", by);
  }
  return out;
}

void Retirements::Register::keep(store::Writer& writer, const DeviceId& id,
                                 const std::string& text) const {
  writer.write("INSERT INTO retirement_certificate(device, document) VALUES(?,?)",
               {id.text(), text});
}

Result<std::string> Retirements::certificate(const DeviceId& id) const {
  if (!register_->inventory.find(id))
    return fail(Fault::missing, "there is no device " + id.text());
  auto rows = register_->store.read("SELECT document FROM retirement_certificate WHERE device = ?",
                                    {id.text()});
  if (rows.next()) return rows.text(0);
  return fail(Fault::missing, "there is no certificate of sanitisation of " + id.text() +
                                  ": it is " + name_of(register_->inventory.find(id)->state));
}

}  // namespace muster::retirement
