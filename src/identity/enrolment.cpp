// Who may have a certificate: a proof of who asks, then the checks. What follows is issuing.cpp.
//
// The proof is a step of its own: a token, the certificate that is being renewed, or (birth.cpp)
// the one that the maker gave.

#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration answers_kept = 24h;  // of a certificate that was used; else as long as it lives

// Whoever does not hold the right token learns nothing of what we know.
constexpr const char* not_accepted =
    "this name and token are not accepted; check both, or ask the operator for a new token";

struct StoredToken {
  crypto::Hash hash;
  Instant expires;
  std::int64_t wrong_tries = 0;
  bool burned = false;
};

std::optional<StoredToken> token_of(const store::Store& store, const std::string& subject) {
  auto rows = store.read(
      "SELECT hash, expires, wrong_tries, burned FROM identity_token WHERE subject = ?", {subject});
  if (!rows.next()) return std::nullopt;
  return StoredToken{fixed<32>(rows.blob(0)), instant(rows.integer(1)), rows.integer(2),
                     rows.integer(3) != 0};
}

Asked asked_of(const auto& request) {
  return {request.spki, request.csr_digest, request.claimed_name, request.from, request.claims};
}

}  // namespace

std::optional<Bytes> Identity::Registry::answer_to(const Subject& subject,
                                                   const crypto::Hash& csr_digest) const {
  const auto now = clock.now();
  auto rows = store.read(
      "SELECT a.der FROM identity_answer a JOIN identity_certificate c ON c.serial = a.serial"
      " WHERE a.csr = ? AND a.subject = ? AND (c.status = 0 OR (c.status = 1 AND a.issued_at > ?))"
      " AND c.not_after > ?",
      {ByteView(csr_digest), subject.id(), millis(now - answers_kept), millis(now)});
  if (!rows.next()) return std::nullopt;
  const auto der = rows.blob(0);
  return Bytes(der.begin(), der.end());
}

Result<Identity::Registry::Proof> Identity::Registry::prove_by_token(const EnrolRequest& r) {
  const auto presented = crypto::sha256(bytes_of(r.token));
  const auto subject = find(r.subject);
  if (!subject)
    return refuse({.cause = is_name(r.subject) ? "unknown name " + r.subject : "not a name",
                   .target = {},
                   .from = r.from},
                  Fault::unauthorized, not_accepted);
  const auto token = token_of(store, subject->id());
  const auto because = [&](const char* cause) {
    return Refusal{.cause = cause, .target = subject->target(), .from = r.from};
  };
  if (!token) return refuse(because("no token was issued"), Fault::unauthorized, not_accepted);
  if (!crypto::equal_in_constant_time(token->hash, presented)) {
    auto& writer = note(because("wrong token"));
    if (token->wrong_tries < settings.token_tries)
      writer.write("UPDATE identity_token SET wrong_tries = wrong_tries + 1 WHERE subject = ?",
                   {subject->id()});
    return fail(Fault::unauthorized, not_accepted);
  }
  if (token->burned) {
    if (auto answer = answer_to(*subject, r.csr_digest))
      return Proof{*subject, presented, std::move(answer)};
    misuse.reuse(*subject, r.from);
    return refuse(because("used token"), Fault::unauthorized,
                  "this token has been used; ask the operator for a new one");
  }
  if (token->wrong_tries >= settings.token_tries)
    return refuse(because("too many wrong tries"), Fault::unauthorized,
                  "this token was tried wrongly too often; ask the operator for a new one");
  if (clock.now() >= token->expires)
    return refuse(
        because("expired token"), Fault::unauthorized,
        "this token expired at " + rfc3339(token->expires) + "; ask the operator for a new one");
  return Proof{*subject, presented, std::nullopt};
}

Result<Identity::Registry::Proof> Identity::Registry::prove_by_certificate(const RenewRequest& r) {
  auto* certificate = live.find(r.certificate);
  if (!certificate || clock.now() >= certificate->not_after)
    return refuse_certificate(r.certificate, true, r.from);
  const auto subject = certificate->subject;
  if (certificate->status == CertificateStatus::pending) confirm(*certificate);
  return Proof{subject, r.certificate, answer_to(subject, r.csr_digest)};
}

Result<void> Identity::Registry::check_state(const Subject& subject, const Asked& asked,
                                             bool renewal) {
  const auto because = [&](std::string cause) {
    return Refusal{std::move(cause), subject.target(), asked.from};
  };
  if (subject.device && inventory::is_leaving(subject.device->state))
    return refuse(because(name_of(subject.device->state)), Fault::forbidden,
                  subject.id() + " is " + name_of(subject.device->state) +
                      " and gets no certificate any more");
  if (!renewal && subject.device && subject.device->state == inventory::Lifecycle::quarantined)
    return refuse(because("quarantined"), Fault::conflict,
                  subject.id() + " is quarantined; the operator must release it first");
  return check_names(subject, asked, renewal);
}

// A first request may say what it likes but another's name: the registry names the subject. A
// renewal says the names of what it renews, or none (RFC 7030 section 4.2.2).
Result<void> Identity::Registry::check_names(const Subject& subject, const Asked& asked,
                                             bool renewal) {
  const auto refused = [&](const char* cause, std::string told) {
    return refuse({cause, subject.target(), asked.from}, Fault::invalid, std::move(told));
  };
  const bool called =
      asked.claimed_name.empty() || asked.claimed_name == subject.id() ||
      std::ranges::find(asked.also_called, asked.claimed_name) != asked.also_called.end();
  if (!called)
    return refused(
        "the request names another subject",
        "the request's common name is not " + subject.id() + "; leave it out, or make it the same");
  if (asked.claims.authority)
    return refused(
        "the request asks for a CA's certificate",
        "the request asks for a CA's certificate (cA in basicConstraints); leave it out");
  if (renewal && asked.claims.other_attributes)
    return refused("the request's subject is not the certificate's",
                   "the request's subject must be that of the certificate that is renewed: CN=" +
                       subject.id());
  const std::string own = urn_of(subject);
  for (const auto& name : asked.claims.names) {
    if (name == own || (!renewal && name == subject.id())) continue;
    if (renewal)
      return refused("the request's alternative names are not the certificate's",
                     "the request's alternative names must be those of the certificate that is "
                     "renewed: " +
                         own);
    if (names_another(name))
      return refused("the request names another subject among its alternative names",
                     "the request asks for a name that is another's; leave alternative names out");
  }
  return {};
}

// A name that this registry gives, whether it has been given yet or not; or somebody's.
bool Identity::Registry::names_another(const std::string& name) const {
  return name.starts_with("urn:muster:") || find(name).has_value();
}

Result<void> Identity::Registry::check_key(const Subject& subject, const Asked& asked,
                                           bool renewal) {
  auto rows = store.read("SELECT subject, status FROM identity_certificate WHERE key = ?",
                         {ByteView(asked.key)});
  while (rows.next()) {
    const auto owner = rows.text(0);
    if (owner != subject.id()) misuse.shared_key(subject, owner, find(owner));
    if (owner != subject.id())
      return refuse({"the key of " + owner, subject.target(), asked.from}, Fault::forbidden,
                    "this key belongs to another identity; make a key on the device itself");
    if (renewal)
      return fail(Fault::invalid,
                  "this is the key of an earlier certificate; make a new key for each renewal");
    if (rows.integer(1) == number_of(CertificateStatus::revoked))
      return refuse({"the key of a revoked certificate", subject.target(), asked.from},
                    Fault::forbidden, "a certificate of this key was revoked; make a new key");
  }
  return {};
}

Result<void> Identity::Registry::may_use(const EnrolmentProfile& profile, const Subject& subject,
                                         const std::string& from) {
  const bool covered =
      subject.device
          ? profile.models.empty() ||
                std::ranges::find(profile.models, subject.device->model) != profile.models.end()
          : profile.name == default_profile;
  if (covered) return {};
  return refuse({"the profile " + profile.name + " is for other models", subject.target(), from},
                Fault::forbidden,
                subject.id() + " may not enrol here: this path is for other models");
}

Result<Enrolment> Identity::enrol(const EnrolRequest& request) {
  auto& r = *registry_;
  TRY(const auto terms, profile(request.profile));
  if (request.server_key && !terms.server_keys)
    return fail(Fault::forbidden, "keys are made on the device: the profile " + terms.name +
                                      " does not let the server make them");
  if (request.token.empty() && !request.chain.empty()) return r.enrol_by_birth(request, terms);
  TRY(auto proof, r.prove_by_token(request));
  const auto asked = asked_of(request);
  TRY_VOID(r.may_use(terms, proof.subject, request.from));
  TRY_VOID(r.check_state(proof.subject, asked, false));
  if (proof.answered) return std::move(*proof.answered);
  TRY_VOID(r.check_key(proof.subject, asked, false));
  TRY(auto commission, r.commission(proof.subject, asked, terms, "token", proof.evidence));
  return commission;
}

Result<Enrolment> Identity::renew(const RenewRequest& request) {
  auto& r = *registry_;
  TRY(const auto terms, profile(request.profile));
  TRY(auto proof, r.prove_by_certificate(request));
  const auto asked = asked_of(request);
  TRY_VOID(r.may_use(terms, proof.subject, request.from));
  TRY_VOID(r.check_state(proof.subject, asked, true));
  if (proof.answered) return std::move(*proof.answered);
  TRY_VOID(r.check_key(proof.subject, asked, true));
  if (const auto* device = proof.subject.device;
      device && r.attestation.in_tpm(device->id) && r.attestation.expected(device->id))
    return r.refuse({"a renewal without its TPM", proof.subject.target(), request.from},
                    Fault::forbidden,
                    "the keys of this device are in its TPM; it renews by /attest/enrol");
  TRY(auto commission, r.commission(proof.subject, asked, terms, "renewal", proof.evidence));
  return commission;
}

}  // namespace muster::identity
