// Which TPM is expected, the challenge it opens, and the certificate that follows. What is made of
// a boot is boots.cpp.

#include "identity/attestation.h"

#include <algorithm>

#include "crypto/measured_boot.h"
#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration challenge_life = 2min;
constexpr std::size_t challenges_max = 10'000, challenges_of_one = 8;
constexpr std::size_t secret_octets = 32, nonce_octets = 32;
constexpr const char* refused_action = "attestation.refused";

// Whoever is not the TPM that we know learns nothing of what we know.
constexpr const char* not_accepted =
    "this name and endorsement key are not accepted; check both, or ask the operator";

Bytes chance(Random& random, std::size_t size) {
  Bytes out(size);
  random.fill(out);
  return out;
}

}  // namespace

Attestation::Attestation(Identity::Registry& registry) : r_(registry) {}

void Attestation::trust_vendors(crypto::tpm::VendorAnchors vendors) {
  vendors_.emplace(std::move(vendors));
}

Result<void> Attestation::expect(const DeviceId& id, const crypto::Hash& endorsement_key,
                                 ledger::Actor by) {
  const auto* device = r_.inventory.find(id);
  if (!device) return fail(Fault::missing, "there is no device " + id.text());
  if (inventory::is_leaving(device->state))
    return fail(Fault::conflict,
                id.text() + " is " + name_of(device->state) + ", and that is final");
  auto rows = r_.store.read("SELECT device FROM attestation_endorsement WHERE ek = ?",
                            {ByteView(endorsement_key)});
  if (rows.next() && rows.text(0) != id.text())
    return fail(Fault::conflict, "this is the TPM of " + rows.text(0), "/ek_sha256");
  auto& writer = r_.ledger.record({std::move(by), "endorsement.expected", "device/" + id.text(),
                                   wire::Json::object({{"ek_sha256", to_hex(endorsement_key)}})});
  writer.write("INSERT OR REPLACE INTO attestation_endorsement(device, ek) VALUES(?,?)",
               {id.text(), ByteView(endorsement_key)});
  writer.write("DELETE FROM identity_token WHERE subject = ?", {id.text()});
  return {};
}

Result<void> Attestation::may_expect(const crypto::Hash& endorsement_key) const {
  auto rows = r_.store.read("SELECT device FROM attestation_endorsement WHERE ek = ?",
                            {ByteView(endorsement_key)});
  if (!rows.next()) return {};
  return fail(Fault::conflict, "this is the TPM of " + rows.text(0), "/ek_sha256");
}

std::optional<crypto::Hash> Attestation::expected(const DeviceId& id) const {
  auto rows = r_.store.read("SELECT ek FROM attestation_endorsement WHERE device = ?", {id.text()});
  if (!rows.next()) return std::nullopt;
  return fixed<32>(rows.blob(0));
}

// The endorsement key, if it is the one that is expected in the device and its vendor vouches.
Result<crypto::tpm::PublicArea> Attestation::check_birth(const Subject& subject,
                                                         const ChallengeRequest& ask) {
  const auto refuse = [&](std::string cause, const char* told = not_accepted) {
    return r_.refuse({.cause = std::move(cause),
                      .target = subject.target(),
                      .from = ask.from,
                      .action = refused_action},
                     Fault::unauthorized, told);
  };
  const auto known = subject.device ? expected(subject.device->id) : std::nullopt;
  if (!known) return refuse("no TPM is expected in it");
  auto key = crypto::tpm::parse_public(ask.ek_area);
  if (!key) return refuse("the endorsement key does not read: " + key.error().message);
  if (!crypto::equal_in_constant_time(key->fingerprint(), *known))
    return refuse("another TPM than the one expected");
  if (!vendors_) return std::move(*key);
  if (ask.ek_certificate.empty()) return refuse("its TPM shows no certificate of its vendor");
  const auto certificate = crypto::tpm::parse_endorsement_certificate(ask.ek_certificate);
  if (!certificate) return refuse("the TPM's certificate: " + certificate.error().message);
  if (auto holds = vendors_->verify(*certificate, r_.clock.now()); !holds)
    return refuse("the TPM's certificate: " + holds.error().message);
  if (auto of_key = crypto::tpm::check_endorsed(*certificate, *key); !of_key)
    return refuse("the TPM's certificate: " + of_key.error().message);
  return std::move(*key);
}

void Attestation::forget_expired() {
  const Instant now = r_.clock.now();
  for (auto at = pending_.begin(); at != pending_.end();) {
    pending_count_ -= std::erase_if(at->second, [&](const auto& p) { return p.expires <= now; });
    at = at->second.empty() ? pending_.erase(at) : std::next(at);
  }
  std::erase_if(nonces_, [&](const auto& n) { return n.second.expires <= now; });
}

Result<TpmChallenge> Attestation::challenge(const ChallengeRequest& ask) {
  const auto subject = r_.find(ask.id);
  if (!subject)
    return r_.refuse({.cause = is_name(ask.id) ? "unknown name " + ask.id : "not a name",
                      .target = {},
                      .from = ask.from,
                      .action = refused_action},
                     Fault::unauthorized, not_accepted);
  TRY(const auto endorsement_key, check_birth(*subject, ask));
  const std::string no_name;
  const Claims no_claims;
  TRY_VOID(r_.check_state(*subject, {ask.ek_area, {}, no_name, ask.from, no_claims},
                          subject->device->state != inventory::Lifecycle::expected));
  auto key = crypto::tpm::parse_public(ask.ak_area);
  const auto fit =
      key ? crypto::tpm::check_attestation_key(*key) : Result<void>(std::unexpected(key.error()));
  if (!fit)
    return r_.refuse({.cause = "attestation key: " + fit.error().message,
                      .target = subject->target(),
                      .from = ask.from,
                      .action = refused_action},
                     Fault::invalid, fit.error().message);
  if (pending_count_ >= challenges_max) forget_expired();
  if (pending_count_ >= challenges_max)
    return fail(Fault::exhausted, "too many challenges are open; ask again in two minutes");
  Pending made{.secret = chance(r_.random, secret_octets),
               .nonce = chance(r_.random, nonce_octets),
               .attestation_key = std::move(*key),
               .endorsement_key = endorsement_key.fingerprint(),
               .selection = selection_for(*subject->device),
               .expires = r_.clock.now() + challenge_life};
  TRY(auto credential, crypto::tpm::make_credential(endorsement_key, made.attestation_key.name,
                                                    made.secret, r_.random));
  TpmChallenge out{std::move(credential), made.nonce, made.selection};
  auto& mine = pending_[ask.id];
  if (mine.size() == challenges_of_one) {
    mine.pop_front();
    --pending_count_;
  }
  mine.push_back(std::move(made));
  ++pending_count_;
  return out;
}

// The challenge that held this secret; it is spent, whatever follows.
Result<Attestation::Pending> Attestation::redeem(const TpmEnrolRequest& request,
                                                 const Subject& subject) {
  const auto given = crypto::sha256(request.secret);
  if (const auto at = pending_.find(request.id); at != pending_.end()) {
    for (auto one = at->second.begin(); one != at->second.end(); ++one) {
      if (!crypto::equal_in_constant_time(crypto::sha256(one->secret), given)) continue;
      Pending found = std::move(*one);
      at->second.erase(one);
      --pending_count_;
      if (at->second.empty()) pending_.erase(at);
      if (found.expires > r_.clock.now()) return found;
      break;
    }
  }
  return r_.refuse({.cause = "no open challenge has this secret: replayed, expired, or not opened",
                    .target = subject.target(),
                    .from = request.from,
                    .action = refused_action},
                   Fault::unauthorized,
                   "no open challenge has this secret; ask for a new challenge");
}

Result<void> Attestation::check_evidence(const crypto::tpm::PublicArea& key,
                                         const BootEvidence& boot,
                                         const EvidenceWanted& asked) const {
  TRY(const auto quoted,
      crypto::tpm::verify_quote(key, boot.quote, boot.signature, asked.nonce, asked.selection));
  TRY_VOID(crypto::tpm::check_pcr_values(quoted, boot.values));
  if (boot.event_log.empty()) return {};
  TRY(const auto log, crypto::tpm::parse_event_log(boot.event_log));
  return crypto::tpm::check_event_log(log, quoted, boot.values);
}

Result<Enrolment> Attestation::enrol(const TpmEnrolRequest& request) {
  const auto subject = r_.find(request.id);
  if (!subject || !subject->device)
    return r_.refuse(
        {.cause = "unknown name", .target = {}, .from = request.from, .action = refused_action},
        Fault::unauthorized, not_accepted);
  const auto refuse = [&](const Error& why) {
    return r_.refuse({.cause = why.message,
                      .target = subject->target(),
                      .from = request.from,
                      .action = refused_action},
                     why.fault, why.message);
  };
  TRY(auto opened, redeem(request, *subject));
  if (auto shown =
          check_evidence(opened.attestation_key, request.boot, {opened.nonce, opened.selection});
      !shown)
    return refuse(shown.error());
  const auto area = crypto::tpm::parse_public(request.key_area);
  if (!area) return refuse(area.error());
  const auto key = crypto::PublicKey::from_spki(request.spki);
  if (!key) return refuse(key.error());
  if (auto certified =
          crypto::tpm::verify_certify(opened.attestation_key, request.certify,
                                      request.certify_signature, opened.nonce, *area, *key);
      !certified)
    return refuse(certified.error());

  const auto& device = *subject->device;
  const bool renewal = device.state != inventory::Lifecycle::expected;
  const Asked asked{request.spki, request.csr_digest, request.claimed_name, request.from,
                    request.claims};
  TRY(const auto terms, r_.profiles.find({}));
  TRY_VOID(r_.may_use(terms, *subject, request.from));
  TRY_VOID(r_.check_state(*subject, asked, renewal));
  auto& witness = witnesses_[device.id];
  witness.release_id = device.release_id;
  witness.selection = opened.selection;
  witness.values = request.boot.values;
  const auto attested = opened.attestation_key.octets;
  witness.attestation_area = {static_cast<std::uint8_t>(attested.size() >> 8),
                              static_cast<std::uint8_t>(attested.size() & 0xff)};
  witness.attestation_area.insert(witness.attestation_area.end(), attested.begin(), attested.end());
  settle(device, witness, judge(device, opened.selection, request.boot.values));
  const auto* policy = policy_for(device);
  if (witness.verdict.trust == Trust::failed && policy && policy->isolate)
    return refuse({Fault::forbidden, witness.verdict.why, ""});

  if (auto before = r_.answer_to(*subject, request.csr_digest)) return std::move(*before);
  TRY_VOID(r_.check_key(*subject, asked, renewal));
  TRY(auto commission, r_.commission(*subject, asked, terms, "tpm", opened.endorsement_key));
  return commission;
}

bool Attestation::in_tpm(const DeviceId& id) const {
  auto rows = r_.store.read(
      "SELECT c.serial IN (SELECT serial FROM attestation_certificate)"
      " FROM identity_certificate c WHERE c.subject = ? AND c.status IN (0, 1)"
      " ORDER BY c.status DESC, c.issued_at DESC",
      {id.text()});
  return rows.next() && rows.integer(0) != 0;
}

}  // namespace muster::identity
