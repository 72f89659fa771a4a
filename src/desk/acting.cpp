#include "desk/acting.h"

#include <utility>

namespace muster::desk {
namespace {

Result<void> admit(Domain& domain, const link::Caller& caller) {
  auto good = caller.client == link::UpdateClient::ddi
                  ? domain.actions.admit_ddi(caller.device, caller.secret)
                  : domain.actions.admit_mender(caller.device, caller.certificate, caller.secret);
  // A session's token that has run out is no matter of security; a target token that is wrong is.
  if (!good && caller.client == link::UpdateClient::ddi)
    domain.identity.refused_at_door(caller.device.text(), "target-token.refused",
                                    good.error().message);
  return good;
}

link::ToldAction told(const Domain& domain, const actions::Action& action) {
  link::ToldAction out{.number = action.number, .word = action.word};
  const auto* release = domain.releases.find(action.release);
  if (!release) return out;
  const auto& metadata = release->metadata;
  out.file = {.model = metadata.model.text(),
              .version = metadata.version,
              .sha256 = metadata.artifact_sha256,
              .size = metadata.artifact_size,
              .sequence = metadata.sequence};
  if (auto digests = domain.actions.digests(metadata.artifact_sha256)) {
    out.file.sha1 = std::move(digests->sha1);
    out.file.md5 = std::move(digests->md5);
  }
  return out;
}

}  // namespace

Result<link::Reply> answer(Domain& domain, const link::GetAction& ask) {
  TRY_VOID(admit(domain, ask.caller));
  const bool needs_digests = ask.caller.client == link::UpdateClient::ddi;
  const auto now = ask.why == link::GetAction::Why::look
                       ? domain.actions.now(ask.caller.device)
                       : domain.actions.next(ask.caller.device,
                                             ask.why == link::GetAction::Why::idle, needs_digests);
  link::ActionNow out{.need = static_cast<link::ActionNow::Need>(now.need),
                      .hold = static_cast<link::ActionNow::Hold>(now.hold),
                      .asks = now.asks,
                      .attributes_wanted = now.attributes_wanted};
  if (now.action) out.action = told(domain, *now.action);
  if (now.last && now.last->stage == actions::Stage::succeeded)
    out.installed = told(domain, *now.last);
  return out;
}

Result<link::Reply> answer(Domain& domain, const link::ActionWord& said) {
  TRY_VOID(admit(domain, said.caller));
  return static_cast<link::ActionHeard>(domain.actions.hear(
      said.caller.device, said.action, static_cast<actions::Word>(said.kind), said.words));
}

Result<link::Reply> answer(Domain& domain, const link::ActionLog& said) {
  TRY_VOID(admit(domain, said.caller));
  return static_cast<link::ActionHeard>(
      domain.actions.keep_log(said.caller.device, said.action, said.log));
}

Result<link::Reply> answer(Domain& domain, const link::TellAttributes& told) {
  TRY_VOID(admit(domain, told.caller));
  std::vector<actions::Attribute> attributes;
  attributes.reserve(told.attributes.size());
  for (const auto& [name, value] : told.attributes) attributes.push_back({name, value});
  TRY_VOID(domain.actions.report(told.caller.device, static_cast<actions::Attributes>(told.how),
                                 attributes));
  return link::None{};
}

Result<link::Reply> answer(Domain& domain, const link::AskConsent& ask) {
  TRY_VOID(admit(domain, ask.caller));
  TRY_VOID(domain.actions.ask_consent(ask.caller.device, ask.asks));
  return link::None{};
}

Result<link::Reply> answer(Domain& domain, const link::BeginSession& ask) {
  TRY(auto token, domain.actions.begin_session(ask.caller.device, ask.caller.certificate));
  return token;
}

}  // namespace muster::desk
