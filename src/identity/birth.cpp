// Proof by the certificate that a device was born with (IDevID, IEEE 802.1AR): is it one of a maker
// whom we trust, whose device is it, and may it enrol that device now.
//
// The handshake has proved that the peer holds its key. It enrols a device once; an operator may
// let it do so again.

#include <algorithm>

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr std::size_t chain_certificates_max = 4;
constexpr std::size_t chain_octets_max = 16 * 1024;

Result<std::vector<crypto::Certificate>> read_chain(const std::vector<Bytes>& chain) {
  std::size_t octets = 0;
  for (const auto& der : chain) octets += der.size();
  if (chain.size() > chain_certificates_max || octets > chain_octets_max)
    return fail(Fault::invalid, "a certificate chain has at most 4 certificates and 16 KiB");
  std::vector<crypto::Certificate> out;
  for (const auto& der : chain) {
    TRY(auto certificate, crypto::parse_certificate(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

bool makes(const Maker& maker, const ModelId& model) {
  return std::ranges::find(maker.models, model) != maker.models.end();
}

bool takes(const EnrolmentProfile& profile, const Maker& maker) {
  return profile.makers.empty() ||
         std::ranges::find(profile.makers, maker.name) != profile.makers.end();
}

bool birth_counts(const inventory::Device& device, const Birth& birth) {
  return birth.allowed || (!birth.used && device.state == inventory::Lifecycle::expected);
}

constexpr const char* once_only =
    "a birth certificate enrols its device once, and this device is enrolled; ask the operator to "
    "allow it again";

}  // namespace

// unauthorized: not a maker's whom we trust.
Result<Born> Identity::Registry::read_birth(const EnrolRequest& request,
                                            const EnrolmentProfile& profile) {
  const auto refused = [&](std::string cause, std::string told) {
    return refuse({std::move(cause), {}, request.from}, Fault::unauthorized, std::move(told));
  };
  auto chain_read = read_chain(request.chain);
  if (!chain_read)
    return refused("a birth certificate that cannot be read",
                   "the certificate of this connection: " + chain_read.error().message);
  Born born{.certificate = std::move(chain_read->front()), .makers = {}};
  const auto& leaf = born.certificate;
  const std::span between = std::span(*chain_read).subspan(1);
  const auto& other = rollover.trusted().other;
  if (leaf.issuer_der == chain.front().subject_der ||
      (other && leaf.issuer_der == other->issuing.subject_der))
    return refused("a certificate of ours where a birth certificate belongs",
                   "this connection was made with a certificate that we issued: renew it at "
                   "simplereenroll, or enrol with a new token");
  std::string why = "no maker is trusted";
  for (const auto& [name, maker] : makers.all()) {
    if (!takes(profile, maker)) continue;
    const auto held =
        crypto::verify_chain(leaf, between, maker.anchors, crypto::Use::birth, clock.now());
    if (held)
      born.makers.push_back(&maker);
    else
      why = held.error().message;
  }
  if (!born.makers.empty()) return born;
  const std::string serial = leaf.serial_number.substr(0, 64);
  if (clock.now() >= leaf.not_after)
    return refused(
        "an expired birth certificate, serial " + serial,
        "the birth certificate of this connection expired at " + rfc3339(leaf.not_after));
  return refused("a birth certificate of no trusted maker, serial " + serial,
                 "the birth certificate of this connection is not of a trusted maker: " + why);
}

Birth Identity::Registry::birth_of(const DeviceId& id) const {
  auto rows = store.read(
      "SELECT certificate, issuer, expires, used, allowed FROM identity_birth WHERE subject = ?",
      {id.text()});
  Birth out;
  if (!rows.next()) return out;
  if (const auto print = rows.blob(0); !print.empty()) out.certificate = fixed<32>(print);
  const auto issuer = rows.blob(1);
  out.issuer.assign(issuer.begin(), issuer.end());
  if (!rows.null(2)) out.expires = instant(rows.integer(2));
  out.used = rows.integer(3) != 0;
  out.allowed = rows.integer(4) != 0;
  return out;
}

void Identity::Registry::expect_birth(store::Writer& writer, const DeviceId& id,
                                      const Birth& birth) const {
  writer.write(
      "INSERT INTO identity_birth(subject, certificate, issuer, expires, used, allowed)"
      " VALUES(?1, NULLIF(?2, x''), ?3, NULLIF(?4, 0), 0, 0) ON CONFLICT(subject) DO UPDATE SET"
      " certificate = coalesce(excluded.certificate, certificate), issuer = excluded.issuer,"
      " expires = excluded.expires",
      {id.text(), birth.certificate ? ByteView(*birth.certificate) : ByteView(),
       ByteView(birth.issuer), birth.expires ? millis(*birth.expires) : std::int64_t{0}});
}

// By its fingerprint, else by the serial number that the maker gave the device.
const inventory::Device* Identity::Registry::expected_by(const crypto::Certificate& leaf) const {
  auto rows = store.read("SELECT subject FROM identity_birth WHERE certificate = ?",
                         {ByteView(leaf.fingerprint)});
  if (rows.next())
    if (const auto subject = find(rows.text(0))) return subject->device;
  return leaf.serial_number.empty() ? nullptr : inventory.find_serial(leaf.serial_number);
}

// Whose certificate it is, of the makers that it leads to.
Result<const Maker*> Identity::Registry::match(const Born& born, const Subject& subject,
                                               const Birth& birth, const std::string& from) {
  const auto refused = [&](const char* cause, std::string told) {
    return refuse({cause, subject.target(), from}, Fault::forbidden, std::move(told));
  };
  const auto& leaf = born.certificate;
  if (birth.certificate && *birth.certificate != leaf.fingerprint)
    return refused("another birth certificate than the one expected",
                   "another birth certificate is expected of this device");
  if (!birth.issuer.empty() && birth.issuer != leaf.authority_key_id)
    return refused("a birth certificate of another issuer than the voucher names",
                   "the voucher of this device names another issuer of its birth certificate");
  if (birth.expires && clock.now() >= *birth.expires && !birth.allowed)
    return refused("an expired voucher", "the voucher of this device expired at " +
                                             rfc3339(*birth.expires) + "; import a new one");
  const auto at = std::ranges::find_if(
      born.makers, [&](const Maker* maker) { return makes(*maker, subject.device->model); });
  if (at == born.makers.end())
    return refused("a birth certificate of a maker of other models",
                   "this maker is not trusted for the model " + subject.device->model.text());
  return *at;
}

Result<Enrolment> Identity::Registry::enrol_by_birth(const EnrolRequest& request,
                                                     const EnrolmentProfile& profile) {
  TRY(const auto born, read_birth(request, profile));
  const auto& leaf = born.certificate;
  const auto* device = expected_by(leaf);
  if (!device) {
    if (profile.unknown == Unknown::park) return park(born, request, profile);
    return refuse({"a birth certificate of " + born.makers.front()->name +
                       " that nobody expects, "
                       "serial " +
                       leaf.serial_number.substr(0, 64),
                   {},
                   request.from},
                  Fault::forbidden,
                  "nobody expects the device with the serial number " +
                      leaf.serial_number.substr(0, 64) + "; ask the operator to");
  }
  const Subject subject{.device = device};
  const auto birth = birth_of(device->id);
  TRY(const auto* maker, match(born, subject, birth, request.from));
  TRY_VOID(may_use(profile, subject, request.from));
  const Asked asked{request.spki,         request.csr_digest,
                    request.claimed_name, request.from,
                    request.claims,       {device->serial, leaf.serial_number, leaf.common_name}};
  TRY_VOID(check_state(subject, asked, false));
  if (auto answered = answer_to(subject, request.csr_digest)) return std::move(*answered);
  if (!birth_counts(*device, birth))
    return refuse({"a birth certificate that was used", subject.target(), request.from},
                  Fault::forbidden, once_only);
  TRY_VOID(check_key(subject, asked, false));
  if (request.spki == leaf.key.spki())
    return refuse({"the key of the birth certificate", subject.target(), request.from},
                  Fault::forbidden,
                  "this is the key of the birth certificate; make another for daily use");
  TRY(auto out, commission(subject, asked, profile, "idevid", leaf.fingerprint));
  out.maker = maker->name;
  making[subject.id()].maker = maker->name;
  return out;
}

// What has changed while the signer was at it.
Result<void> Identity::Registry::check_birth_again(const Subject& subject, const Commission& c) {
  const auto* known = makers.find(c.maker);
  if (!known || !makes(*known, subject.device->model))
    return refuse({"a maker that is not trusted any more", subject.target(), c.from},
                  Fault::unauthorized, "the maker of this device is not trusted any more");
  if (!birth_counts(*subject.device, birth_of(subject.device->id)))
    return refuse({"a birth certificate that was used meanwhile", subject.target(), c.from},
                  Fault::forbidden, once_only);
  return {};
}

// Which certificate it was is kept, so that another one of the same serial number does not count.
// A token that was not used has no purpose any more.
void Identity::Registry::use_birth(store::Writer& writer, const Subject& subject,
                                   const Commission& c) {
  writer.write(
      "INSERT INTO identity_birth(subject, certificate, used, allowed) VALUES(?,?,1,0)"
      " ON CONFLICT(subject) DO UPDATE SET certificate = excluded.certificate, used = 1,"
      " allowed = 0",
      {subject.id(), ByteView(c.evidence)});
  writer.write("UPDATE identity_token SET burned = 1 WHERE subject = ?", {subject.id()});
}

Result<void> Identity::allow_birth(const DeviceId& id, ledger::Actor by, std::string why) {
  auto& r = *registry_;
  const auto* device = r.inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  if (inventory::is_leaving(device->state))
    return fail(Fault::conflict,
                "device " + id.text() + " is " + name_of(device->state) + ", and that is final");
  if (why.size() > 1000) return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  r.ledger
      .record({std::move(by), "birth-certificate.allowed", "device/" + id.text(),
               wire::Json::object(), std::move(why)})
      .write(
          "INSERT INTO identity_birth(subject, used, allowed) VALUES(?,0,1)"
          " ON CONFLICT(subject) DO UPDATE SET allowed = 1",
          {id.text()});
  return {};
}

}  // namespace muster::identity
