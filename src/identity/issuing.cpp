// How a certificate comes about: the commission for the signer, then filing what it made, so that
// it counts; or withdrawing it.

#include <stdexcept>

#include "base/log.h"
#include "base/peer.h"
#include "crypto/distribution_point.h"
#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration backdated = 5min;         // for devices whose clock is behind
constexpr std::int64_t issued_an_hour = 30;  // to one subject: a renewal a day is the rule
constexpr Duration commission_life = 10min;  // after that the signer is taken not to have heard it

Instant whole_seconds(Instant t) {
  return std::chrono::floor<std::chrono::seconds>(t);
}

}  // namespace

crypto::Serial Identity::Registry::new_serial() {
  for (;;) {
    const auto serial = crypto::random_serial(random);
    auto taken =
        store.read("SELECT 1 FROM identity_certificate WHERE serial = ?", {ByteView(serial)});
    if (!taken.next()) return serial;
  }
}

// The same request again, while the signer is at it, is the same commission.
Result<Commission> Identity::Registry::commission(const Subject& subject, const Asked& asked,
                                                  const EnrolmentProfile& profile,
                                                  const char* proof, const crypto::Hash& evidence) {
  const auto now = clock.now();
  if (const auto at = making.find(subject.id()); at != making.end()) {
    if (at->second.csr_digest == asked.csr_digest) return at->second;
    if (now < at->second.order.not_before + backdated + commission_life)
      return fail(Fault::unavailable,
                  "another request of " + subject.id() + " is being signed; ask again shortly");
    making.erase(at);
  }
  {
    auto rows =
        store.read("SELECT count(*) FROM identity_certificate WHERE subject = ? AND issued_at > ?",
                   {subject.id(), millis(now - 1h)});
    if (rows.next() && rows.integer(0) >= issued_an_hour)
      return refuse({"too many certificates in an hour", subject.target(), asked.from},
                    Fault::exhausted,
                    subject.id() + " was given 30 certificates in an hour; ask again later");
  }
  const auto& issuer = chain.front();
  Commission out{
      .order = {.kind = subject.device ? signer::Template::device : signer::Template::application,
                .serial = new_serial(),
                .subject = subject.id(),
                .not_before = std::max(whole_seconds(now - backdated), issuer.not_before),
                .not_after =
                    std::min(whole_seconds(now + profile.certificate_life), issuer.not_after),
                .spki = asked.spki,
                .issuer = issuer.subject_key_id},
      .key = asked.key,
      .csr_digest = asked.csr_digest,
      .proof = proof,
      .evidence = evidence,
      .from = asked.from};
  if (out.order.not_after <= now)
    return fail(Fault::unavailable, "the issuing CA's certificate has expired; renew it first");
  out.shard = lists.take_place();
  out.order.crl_url = lists.url_of(out.shard);
  if (!settings.pki_url.empty()) out.order.ocsp_url = settings.pki_url + "/ocsp";
  making[subject.id()] = out;
  return out;
}

// What has changed while the signer was at it.
Result<Subject> Identity::Registry::check_again(const Commission& c) {
  const auto subject = find(c.order.subject);
  if (!subject) return fail(Fault::missing, c.order.subject + " is not registered any more");
  if (!rollover.generation_of(c.order.issuer))
    return fail(Fault::unavailable, "the CA has changed meanwhile; ask again");
  const std::string no_name;
  const Claims no_claims;
  const Asked asked{c.order.spki, c.csr_digest, no_name, c.from, no_claims, {}, c.key};
  const bool renewal =
      c.proof == "renewal" || (c.proof == "tpm" && subject->device &&
                               subject->device->state != inventory::Lifecycle::expected);
  TRY_VOID(check_state(*subject, asked, renewal));
  TRY_VOID(check_key(*subject, asked, renewal));
  if (c.proof == "renewal") {
    if (!live.find(c.evidence)) return refuse_certificate(c.evidence, true, c.from);
    return *subject;
  }
  if (c.proof == "idevid") {
    TRY_VOID(check_birth_again(*subject, c));
    return *subject;
  }
  if (c.proof == "tpm") {
    const auto known = attestation.expected(subject->device->id);
    if (known && *known == c.evidence) return *subject;
    return refuse({"another TPM is expected meanwhile", subject->target(), c.from},
                  Fault::unauthorized, "another TPM is expected in this device by now");
  }
  auto rows =
      store.read("SELECT 1 FROM identity_token WHERE subject = ? AND hash = ? AND burned = 0",
                 {subject->id(), ByteView(c.evidence)});
  if (!rows.next())
    return refuse({"a token that was replaced meanwhile", subject->target(), c.from},
                  Fault::unauthorized, "this token has been replaced; use the new one");
  return *subject;
}

void Identity::Registry::file(const Subject& subject, const Commission& c, ByteView der) {
  const auto& order = c.order;
  const auto now = millis(clock.now());
  const auto fingerprint = crypto::sha256(der);
  const auto by = actor_of(subject);
  const auto issuer = *rollover.generation_of(order.issuer);  // check_again() found it
  if (c.proof == "token")
    ledger.record({by, "token.burned", subject.target()})
        .write("UPDATE identity_token SET burned = 1, burned_from = ? WHERE subject = ?",
               {host_of(c.from), subject.id()});
  if (c.proof == "idevid")
    use_birth(ledger.record(
                  {by, "birth-certificate.used", subject.target(),
                   wire::Json::object({{"maker", c.maker}, {"fingerprint", to_hex(c.evidence)}})}),
              subject, c);
  auto detail = wire::Json::object({{"serial", crypto::serial_hex(order.serial)},
                                    {"fingerprint", to_hex(fingerprint)},
                                    {"key", to_hex(c.key)},
                                    {"not_after", rfc3339(order.not_after)},
                                    {"proof", c.proof}});
  if (!c.from.empty()) detail.set("from", c.from.substr(0, 64));
  auto& writer = ledger.record({by, "certificate.issued", subject.target(), std::move(detail)});
  writer.write(
      "INSERT INTO identity_certificate(serial, subject, status, not_before, not_after,"
      " fingerprint, key, issued_at, shard, issuer) VALUES(?,?,0,?,?,?,?,?,?,?)",
      {ByteView(order.serial), subject.id(), millis(order.not_before), millis(order.not_after),
       ByteView(fingerprint), ByteView(c.key), now, std::int64_t{c.shard}, std::int64_t{issuer}});
  lists.occupy(writer, c.shard);
  writer.write(
      "INSERT OR REPLACE INTO identity_answer(csr, subject, serial, issued_at, der)"
      " VALUES(?,?,?,?,?)",
      {ByteView(c.csr_digest), subject.id(), ByteView(order.serial), now, der});
  if (c.proof == "tpm")
    writer.write("INSERT INTO attestation_certificate(serial) VALUES(?)", {ByteView(order.serial)});
  live.admit(fingerprint, {.serial = order.serial,
                           .status = CertificateStatus::pending,
                           .subject = subject,
                           .not_before = order.not_before,
                           .not_after = order.not_after,
                           .issuer = issuer});
  supersede_all_but(order.serial, subject, true);
  if (!subject.device || subject.device->state != inventory::Lifecycle::expected) return;
  if (auto active = inventory.activate(subject.device->id, by); !active)
    throw std::logic_error("an expected device cannot be activated: " + active.error().message);
}

// It is on the revocation list, though nobody was given it: whoever finds it must not believe it.
void Identity::Registry::withdraw(const std::string& subject, const crypto::Serial& serial,
                                  ByteView der, Instant not_before, Instant not_after,
                                  const std::string& why) {
  const auto now = millis(clock.now());
  const auto fingerprint = crypto::sha256(der);
  const auto known = find(subject);
  auto& writer = ledger.record({ledger::system_actor("identity"), "certificate.withdrawn",
                                known ? known->target() : "device/" + subject,
                                wire::Json::object({{"serial", crypto::serial_hex(serial)},
                                                    {"fingerprint", to_hex(fingerprint)}}),
                                why});
  const auto url = crypto::crl_url_of(der);
  if (!url)
    log::warning("identity", "a withdrawn certificate does not say which list it is on",
                 {{"serial", crypto::serial_hex(serial)}, {"why", url.error().message}});
  const auto shard = url ? lists.shard_at(*url) : 0;
  const auto certificate = crypto::parse_certificate(der);
  const auto issuer =
      certificate ? rollover.generation_of(certificate->authority_key_id) : std::nullopt;
  writer.write(
      "INSERT INTO identity_certificate(serial, subject, status, not_before, not_after,"
      " fingerprint, key, issued_at, revoked_at, reason, shard, issuer)"
      " VALUES(?,?,3,?,?,?,x'',?,?,?,?,?)",
      {ByteView(serial), subject, millis(not_before), millis(not_after), ByteView(fingerprint), now,
       now, static_cast<std::int64_t>(crypto::RevocationReason::superseded), std::int64_t{shard},
       std::int64_t{issuer.value_or(rollover.generation())}});
  lists.occupy(writer, shard);
  lists.outdate(writer, shard);
  ++revoked;
}

Result<Bytes> Identity::file(const Commission& c, Bytes der) {
  auto& r = *registry_;
  const auto at = r.making.find(c.order.subject);
  if (at != r.making.end() && at->second.order.serial == c.order.serial) r.making.erase(at);
  {
    auto rows = r.store.read("SELECT status FROM identity_certificate WHERE serial = ?",
                             {ByteView(c.order.serial)});
    if (rows.next()) {  // the request came twice while the signer was at it
      if (rows.integer(0) <= number_of(CertificateStatus::valid)) return der;
      return fail(Fault::conflict, "this certificate is not valid any more; ask for a new one");
    }
  }
  const auto subject = r.check_again(c);
  if (!subject) {
    r.withdraw(c.order.subject, c.order.serial, der, c.order.not_before, c.order.not_after,
               "refused after it was signed: " + subject.error().message);
    return std::unexpected(subject.error());
  }
  r.file(*subject, c, der);
  return der;
}

void Identity::abandon(const Commission& c) {
  auto& making = registry_->making;
  const auto at = making.find(c.order.subject);
  if (at != making.end() && at->second.order.serial == c.order.serial) making.erase(at);
}

bool Identity::reconcile(std::span<const signer::Issuance> log) {
  auto& r = *registry_;
  const auto before = r.reconciled;
  for (const auto& issuance : log) {
    if (issuance.index < r.reconciled) continue;
    const bool ours =
        issuance.kind == signer::Template::device || issuance.kind == signer::Template::application;
    const auto at = r.making.find(issuance.subject);
    if (ours && at != r.making.end() && at->second.order.serial == issuance.serial) break;
    r.reconciled = issuance.index + 1;
    if (issuance.kind == signer::Template::authority && !r.rollover.explains(issuance))
      r.ledger.record(
          {ledger::system_actor("identity"), "ca.certificate-unexplained", "ca/fleet",
           wire::Json::object({{"fingerprint", to_hex(crypto::sha256(issuance.document))}}),
           "the signer has certified a CA that nobody here ordered"});
    if (!ours) continue;
    auto rows = r.store.read("SELECT 1 FROM identity_certificate WHERE serial = ?",
                             {ByteView(issuance.serial)});
    if (rows.next()) continue;
    const auto certificate = crypto::parse_certificate(issuance.document);
    if (!certificate)
      log::warning(
          "identity", "a certificate in the signer's log cannot be read",
          {{"serial", crypto::serial_hex(issuance.serial)}, {"why", certificate.error().message}});
    r.withdraw(issuance.subject, issuance.serial, issuance.document,
               certificate ? certificate->not_before : issuance.at,
               certificate ? certificate->not_after : r.chain.front().not_after,
               "signed, and never filed");
  }
  if (r.reconciled == before) return false;
  r.ledger.observe().write("INSERT OR REPLACE INTO identity_signer(one, reconciled) VALUES(1, ?)",
                           {static_cast<std::int64_t>(r.reconciled)});
  return true;
}

std::uint64_t Identity::reconciled() const {
  return registry_->reconciled;
}

}  // namespace muster::identity
