#include "api/internal/listing.h"
#include "api/internal/rollout_plan.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Json proposal_json(const rollout::Proposal& p) {
  return Json::object({{"id", p.id.number},
                       {"plan", plan_json(p.plan)},
                       {"digest", p.digest},
                       {"author", p.author},
                       {"at", time_json(p.at)},
                       {"state", name_of(p.standing)},
                       {"approver", p.approver},
                       {"rollout", p.rollout ? Json(p.rollout->number) : Json()}});
}

Result<Reply> one(Context& c, rollout::ProposalId id, int status = 200) {
  TRY(auto proposal, c.domain.rollouts.proposal(id));
  return Reply{.status = status, .body = proposal_json(proposal)};
}

Result<Reply> list(Context& c) {
  return page_newest_first(
      c, c.domain.rollouts.proposals(listed_max),
      [](const rollout::Proposal& p) { return p.id.number; }, proposal_json);
}

Result<Reply> show(Context& c) {
  TRY(auto id, c.id());
  return one(c, {id});
}

Result<Reply> propose(Context& c) {
  TRY(auto plan, plan_of(c));
  TRY(auto id, c.domain.rollouts.propose(std::move(plan), c.actor()));
  TRY(auto reply, one(c, id, 201));
  reply.headers.emplace_back("Location", "/api/v1/proposals/" + std::to_string(id.number));
  return reply;
}

Result<Reply> amend(Context& c) {
  TRY(auto id, c.id());
  TRY(auto plan, plan_of(c));
  TRY_VOID(c.domain.rollouts.amend({id}, std::move(plan), c.actor()));
  return one(c, {id});
}

Result<Reply> approve(Context& c) {
  TRY(auto id, c.id());
  ObjectReader in(c.body);
  const std::string digest = in.text("digest", 64);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.rollouts.approve({id}, digest, c.actor()));
  return one(c, {id});
}

Result<Reply> withdraw(Context& c) {
  TRY(auto id, c.id());
  ObjectReader in(c.body);
  std::string reason = in.text("reason", 512);
  TRY_VOID(in.done());
  TRY_VOID(c.domain.rollouts.withdraw({id}, c.actor(), std::move(reason)));
  return one(c, {id});
}

constexpr Route routes[] = {
    {"GET", "/api/v1/proposals", Role::viewer, list},
    {"POST", "/api/v1/proposals", Role::operator_, propose},
    {"GET", "/api/v1/proposals/{id}", Role::viewer, show},
    {"PUT", "/api/v1/proposals/{id}", Role::operator_, amend},
    {"POST", "/api/v1/proposals/{id}/approve", Role::operator_, approve},
    {"POST", "/api/v1/proposals/{id}/withdraw", Role::operator_, withdraw},
};

}  // namespace

std::span<const Route> proposal_routes() {
  return routes;
}

}  // namespace muster::api
