// Two persons: one writes a plan, another one approves exactly that.
#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

constexpr std::size_t reason_max = 1'000;

std::string target_of(ProposalId id) {
  return "proposal/" + std::to_string(id.number);
}

std::unexpected<Error> not_waiting(const Proposal& p) {
  return fail(Fault::conflict, "proposal " + std::to_string(p.id.number) + " has been " +
                                   name_of(p.standing) + " already");
}

Result<Proposal*> find(std::map<ProposalId, Proposal>& all, ProposalId id) {
  const auto at = all.find(id);
  if (at != all.end()) return &at->second;
  return fail(Fault::missing, "there is no proposal " + std::to_string(id.number));
}

Plan whole(Plan plan) {
  if (plan.selector.text().empty()) plan.selector = inventory::Selector::everything();
  return plan;
}

}  // namespace

const char* name_of(Standing s) {
  constexpr const char* names[] = {"waiting", "approved", "withdrawn"};
  return names[static_cast<std::size_t>(s)];
}

void Rollouts::need_approval(bool needed) {
  book_->approval_needed = needed;
}

bool Rollouts::needs_approval() const {
  return book_->approval_needed;
}

Result<ProposalId> Rollouts::propose(Plan plan, ledger::Actor by) {
  Proposal p;
  p.plan = whole(std::move(plan));
  TRY(const auto chosen, book_->choose(p.plan));
  if (chosen.targets.empty())
    return fail(Fault::invalid, "no device that the selector matches can take this release now",
                "/selector");
  p.id.number = book_->proposals.empty() ? 1 : book_->proposals.rbegin()->first.number + 1;
  p.digest = digest_of(p.plan);
  p.author = by.name;
  p.at = book_->clock.now();
  auto detail = to_json(p.plan);
  detail.set("digest", p.digest);
  auto& writer = book_->ledger.record(
      {std::move(by), "proposal.made", target_of(p.id), std::move(detail), {}});
  book_->write_proposal(writer, p);
  return book_->proposals.emplace(p.id, std::move(p)).first->first;
}

Result<void> Rollouts::amend(ProposalId id, Plan plan, ledger::Actor by) {
  TRY(Proposal * p, find(book_->proposals, id));
  if (p->standing != Standing::waiting) return not_waiting(*p);
  plan = whole(std::move(plan));
  TRY(const auto chosen, book_->choose(plan));
  p->plan = std::move(plan);
  p->digest = digest_of(p->plan);
  p->author = by.name;
  p->at = book_->clock.now();
  auto detail = to_json(p->plan);
  detail.set("digest", p->digest);
  auto& writer = book_->ledger.record(
      {std::move(by), "proposal.changed", target_of(id), std::move(detail), {}});
  book_->write_proposal(writer, *p);
  return {};
}

// What is refused is in the ledger: somebody tried to start what nobody else had seen.
Result<RolloutId> Rollouts::approve(ProposalId id, std::string_view digest, ledger::Actor by) {
  TRY(Proposal * p, find(book_->proposals, id));
  if (p->standing != Standing::waiting) return not_waiting(*p);
  const auto refuse = [&](Fault fault, std::string why) -> std::unexpected<Error> {
    book_->ledger.record({by, "proposal.refused", target_of(id),
                          wire::Json::object({{"digest", std::string(digest.substr(0, 64))}}),
                          why});
    return fail(fault, std::move(why), fault == Fault::conflict ? "/digest" : "");
  };
  if (p->author == by.name)
    return refuse(Fault::forbidden, "who wrote a plan cannot approve it; another operator has to");
  if (digest != p->digest || digest_of(p->plan) != p->digest)
    return refuse(Fault::conflict,
                  "the plan is not the one that this approval is for: it has been changed; look at"
                  " it again");
  TRY(const auto rollout, book_->start(p->plan, by));
  p->standing = Standing::approved;
  p->approver = by.name;
  p->rollout = rollout;
  auto& writer = book_->ledger.record(
      {std::move(by),
       "proposal.approved",
       target_of(id),
       wire::Json::object(
           {{"digest", p->digest}, {"author", p->author}, {"rollout", rollout.number}}),
       {}});
  book_->write_proposal(writer, *p);
  return rollout;
}

Result<void> Rollouts::withdraw(ProposalId id, ledger::Actor by, std::string why) {
  TRY(Proposal * p, find(book_->proposals, id));
  if (p->standing != Standing::waiting) return not_waiting(*p);
  if (why.size() > reason_max)
    return fail(Fault::invalid, "a reason has at most 1000 octets", "/reason");
  p->standing = Standing::withdrawn;
  auto& writer = book_->ledger.record(
      {std::move(by), "proposal.withdrawn", target_of(id), {}, std::move(why)});
  book_->write_proposal(writer, *p);
  return {};
}

Result<Proposal> Rollouts::proposal(ProposalId id) const {
  TRY(const Proposal* p, find(book_->proposals, id));
  return *p;
}

std::vector<Proposal> Rollouts::proposals(std::size_t limit) const {
  std::vector<Proposal> out;
  const auto& all = book_->proposals;
  for (auto at = all.rbegin(); at != all.rend() && out.size() < limit; ++at)
    out.push_back(at->second);
  return out;
}

}  // namespace muster::rollout
