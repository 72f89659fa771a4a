#include "desk/answers.h"

#include "crypto/key.h"
#include "wire/json.h"
#include "wire/update.h"

namespace muster::desk {
namespace {

constexpr std::size_t offenders_max = 10'000;

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

Answers::Answers(Domain& domain, const Clock& clock) : domain_(domain), clock_(clock) {}

std::string Answers::desired_of(const inventory::Device& device) {
  return wire::to_text(device.desired.is_null() ? wire::Json::object() : device.desired);
}

Result<std::string> Answers::update_for(const DeviceId& device) {
  auto decision = domain_.rollouts.offer(device);
  if (!decision) return std::string("{}");
  TRY(auto offer,
      domain_.releases.offer(device, decision->release, decision->number, decision->back));
  return wire::to_text(offer);
}

Result<link::Reply> Answers::answer(const link::Hello& hello) {
  auto principal = domain_.identity.authenticate(hello.certificate);  // records what it refuses
  if (!principal) return std::unexpected(principal.error());
  if (!principal->application) {
    const auto* isolation = domain_.segment.isolation(principal->device);
    if (isolation && isolation->level == segment::Level::blocked)
      return fail(Fault::forbidden, "this device is isolated: " + isolation->reason);
  }
  return link::Grant{principal->name,  principal->application, principal->restricted,
                     principal->model, principal->subscribe,   principal->serial};
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
  TRY(auto artifact, domain_.releases.artifact(ask.sha256));
  return link::File{artifact.path, artifact.size};
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
  TRY_VOID(domain_.inventory.key_kept(ask.device, std::move(state.key_store)));
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::Presence& ask) {
  domain_.inventory.contact(ask.device, ask.online);
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::TakenOver& session) {
  domain_.identity.taken_over(session.device, session.before, session.after);
  return link::None{};
}

Result<link::Reply> Answers::answer(const link::Misuse& misuse) {
  const auto device = DeviceId::parse(misuse.who);
  const bool known = device && domain_.inventory.find(*device);
  const std::string offender =
      known ? "device/" + misuse.who : "peer/" + misuse.who.substr(0, misuse.who.rfind(':'));
  const Instant now = clock_.now();
  if (misuse_.size() >= offenders_max)
    std::erase_if(misuse_, [now](const auto& each) { return now - each.second.recorded >= 1min; });
  const bool crowded = misuse_.size() >= offenders_max;  // then the newcomers are one offender
  Tally& tally = misuse_[crowded ? "peer/many" : offender + ' ' + misuse.action];
  ++tally.since;
  if (tally.recorded != Instant{} && now - tally.recorded < 1min) return link::None{};
  domain_.ledger.record({.actor = {"door:gateway", "system"},
                         .action = misuse.action,
                         .target = offender,
                         .detail = wire::Json::object({{"times", wire::Json(tally.since)}}),
                         .reason = misuse.what.substr(0, 512)});
  tally = {now, 0};
  return link::None{};
}

}  // namespace muster::desk
