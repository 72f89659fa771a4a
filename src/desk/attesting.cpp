#include "desk/attesting.h"

#include "wire/attestation.h"
#include "wire/command.h"
#include "wire/json.h"

namespace muster::desk {

identity::BootEvidence evidence_of(link::BootEvidence boot) {
  return {.quote = std::move(boot.quote),
          .signature = std::move(boot.signature),
          .values = std::move(boot.values),
          .event_log = std::move(boot.event_log)};
}

Result<link::Reply> answer(Domain& domain, const link::AttestChallenge& ask) {
  TRY(auto challenge, domain.identity.attestation().challenge(
                          {ask.id, ask.ek_area, ask.ek_certificate, ask.ak_area, ask.from}));
  return wire::to_text(
      wire::ChallengeGiven{.credential_blob = std::move(challenge.credential.id_object),
                           .secret = std::move(challenge.credential.encrypted_secret),
                           .nonce = std::move(challenge.nonce),
                           .pcrs = crypto::tpm::show(challenge.selection)});
}

Result<link::Reply> answer(Domain& domain, const link::GetEvidenceAsk& ask) {
  TRY(auto wanted, domain.identity.attestation().wanted(ask.device));
  return wire::to_text(wire::EvidenceAsk{.nonce = std::move(wanted.nonce),
                                         .pcrs = crypto::tpm::show(wanted.selection)});
}

Result<link::Reply> answer(Domain& domain, const link::ShowBoot& shown) {
  TRY(const auto verdict,
      domain.identity.attestation().take(shown.device, evidence_of(shown.boot)));
  return wire::to_text(
      wire::Json::object({{"state", name_of(verdict.trust)}, {"why", verdict.why}}));
}

std::vector<link::Push> evidence_due(Domain& domain) {
  std::vector<link::Push> out;
  for (auto& id : domain.identity.attestation().due())
    out.push_back(
        link::Tell{std::move(id), link::Channel::commands, wire::to_text(wire::Command::attest)});
  return out;
}

void follow_releases(Domain& domain) {
  domain.identity.attestation().on_its_way([&domain](const DeviceId& device) {
    const auto decision = domain.rollouts.offered(device);
    return decision ? decision->release : std::string();
  });
  domain.inventory.on_change([&domain](const inventory::Device& device, inventory::Change change) {
    if (change == inventory::Change::updated) domain.identity.attestation().release_told(device);
  });
}

void follow_verdicts(Domain& domain) {
  domain.identity.attestation().on_verdict([&domain](const inventory::Device& device,
                                                     const identity::Verdict& verdict,
                                                     const identity::AttestationPolicy* policy) {
    if (verdict.trust != identity::Trust::failed || !verdict.at) return;
    domain.rollouts.saw(device.id, rollout::Stream::attestation);
    domain.response.found(
        {.device = device.id,
         .feature = "attestation",
         .metric = {},
         .severity = policy && policy->isolate ? watch::Severity::high : watch::Severity::moderate,
         .at = *verdict.at,
         .words = verdict.why});
  });
}

}  // namespace muster::desk
