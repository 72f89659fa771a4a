#include "desk/answers.h"

#include <algorithm>
#include <utility>

#include "crypto/key.h"
#include "delta/delta.h"
#include "identity/rollover.h"
#include "wire/json.h"
#include "wire/update.h"

namespace muster::desk {
namespace {

rollout::Outcome outcome_of(wire::UpdateOutcome outcome) {
  switch (outcome) {
    case wire::UpdateOutcome::installed:
      return rollout::Outcome::installed;
    case wire::UpdateOutcome::failed:
      return rollout::Outcome::failed;
    case wire::UpdateOutcome::reverted:
      return rollout::Outcome::reverted;
  }
  return rollout::Outcome::failed;
}

}  // namespace

Answers::Answers(Domain& domain) : domain_(domain) {}

std::string Answers::desired_of(const inventory::Device& device) {
  return wire::to_text(device.desired.is_null() ? wire::Json::object() : device.desired);
}

Result<std::string> Answers::update_for(const DeviceId& device) {
  auto decision = domain_.rollouts.offer(device);
  if (!decision) return wire::no_offer();
  return domain_.releases.offer(device, decision->release, decision->number, decision->back);
}

Result<link::Reply> Answers::answer(const link::Hello& hello) {
  auto principal = domain_.identity.authenticate(hello.certificate);  // records what it refuses
  if (!principal) return std::unexpected(principal.error());
  if (!principal->application) {
    const auto* isolation = domain_.segment.isolation(principal->device);
    if (isolation && isolation->level == segment::Level::blocked)
      return fail(Fault::forbidden, "this device is isolated: " + isolation->reason);
  }
  return link::Grant{.device = std::move(principal->device),
                     .application = principal->application ? std::move(principal->name) : "",
                     .restricted = principal->restricted,
                     .model = std::move(principal->model),
                     .subscribe = std::move(principal->subscribe),
                     .serial = std::move(principal->serial)};
}

Result<link::Reply> Answers::answer(const link::FindProfile& ask) {
  TRY_VOID(domain_.identity.profile(ask.name));
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::GetUpdate& ask) {
  TRY(auto payload, update_for(ask.device));
  return payload;
}

Result<link::Reply> Answers::answer(const link::GetDesired& ask) {
  const auto* device = domain_.inventory.find(ask.device);
  if (!device) return fail(Fault::missing, "no such device");
  return desired_of(*device);
}

Result<link::Reply> Answers::answer(const link::Fetch& ask) {
  const auto decision = domain_.rollouts.offered(ask.device);  // a fetch makes no offer
  const auto* release = decision ? domain_.releases.find(decision->release) : nullptr;
  if (!release || release->metadata.artifact_sha256 != ask.sha256)
    return fail(Fault::forbidden, "this artifact is not of a release offered to this device");
  TRY(auto form, domain_.releases.form(ask.sha256, {ask.zstd, ask.dictionary}));
  const bool as_it_is = form.coding == delta::Coding::identity;
  return link::File{std::move(form.path), form.size, std::move(form.tag),
                    as_it_is ? "" : name_of(form.coding)};
}

Result<link::Reply> Answers::answer(const link::GetRepositoryFile& ask) {
  TRY(auto text, domain_.releases.repository().metadata(ask.name));
  return text;
}

Result<link::Reply> Answers::answer(const link::Report& ask) {
  TRY(auto report, wire::parse_update_report(ask.payload));
  TRY_VOID(domain_.rollouts.report(ask.device, report.release_id, outcome_of(report.outcome),
                                   report.detail));
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::State& ask) {
  TRY(auto state, wire::parse_reported_state(ask.payload));
  TRY_VOID(domain_.inventory.reported(ask.device, state.firmware, state.release_id.value_or(""),
                                      state.config));
  if (!state.anchors.empty()) {
    std::vector<crypto::Hash> anchors;
    for (const auto& text : state.anchors) {
      TRY(const auto octets, from_hex(text));
      std::ranges::copy(octets, anchors.emplace_back().begin());
    }
    domain_.identity.rollover().reported(ask.device, anchors);
  }
  TRY_VOID(domain_.inventory.key_kept(ask.device, std::move(state.key_store)));
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::Presence& ask) {
  domain_.inventory.contact(ask.device, ask.online);
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::AuthoritiesFetched& fetched) {
  TRY(const auto principal, domain_.identity.authenticate(fetched.certificate, false));
  if (!principal.application) domain_.identity.rollover().fetched(principal.device);
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::TakenOver& session) {
  domain_.identity.taken_over(session.device, session.before, session.after);
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::Misuse& misuse) {
  domain_.identity.refused_at_door(misuse.who, misuse.action, misuse.what);
  return link::None{};
}

}  // namespace muster::desk
