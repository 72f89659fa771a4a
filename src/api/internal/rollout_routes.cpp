#include "api/internal/listing.h"
#include "api/internal/rollout_plan.h"
#include "api/internal/route.h"
#include "api/internal/views.h"

namespace muster::api {
namespace {

using wire::Json;
using wire::ObjectReader;

Result<Reply> one(Context& c, rollout::RolloutId id, int status = 200) {
  TRY(auto progress, c.domain.rollouts.progress(id));
  return Reply{.status = status, .body = rollout_json(c.domain, progress)};
}

Result<Reply> start(Context& c) {
  TRY(auto plan, plan_of(c));
  TRY(const bool dry_run, c.dry_run());
  if (dry_run) {
    TRY(auto found, c.domain.rollouts.preview(plan));
    return Reply{.body = preview_json(found)};
  }
  TRY(auto id, c.domain.rollouts.start(std::move(plan), c.actor()));
  TRY(auto reply, one(c, id, 201));
  reply.headers.emplace_back("Location", "/api/v1/rollouts/" + std::to_string(id.number));
  return reply;
}

Result<Reply> list(Context& c) {
  return page_newest_first(
      c, c.domain.rollouts.list(listed_max),
      [](const rollout::Progress& progress) { return progress.id.number; },
      [&c](const rollout::Progress& progress) { return rollout_json(c.domain, progress); });
}

Result<Reply> show(Context& c) {
  TRY(auto id, c.id());
  return one(c, {id});
}

Result<std::optional<rollout::Outcome>> outcome_of(const std::string& text) {
  using enum rollout::Outcome;
  if (text.empty()) return std::optional<rollout::Outcome>{};
  for (auto outcome : {waiting, offered, installed, failed, reverted, silent, overtaken})
    if (text == name_of(outcome)) return outcome;
  return fail(Fault::invalid,
              "must be waiting, offered, installed, failed, reverted, silent or overtaken",
              "?outcome");
}

Result<Reply> targets(Context& c) {
  TRY(auto id, c.id());
  TRY(auto limit, c.number("limit", 100, 1, 1000));
  TRY(auto outcome, outcome_of(c.text("outcome")));
  auto after = from_base64(c.text("cursor"));
  if (!after) return fail(Fault::invalid, "is not a cursor of this list", "?cursor");
  TRY(auto found,
      c.domain.rollouts.targets({id}, outcome, text_of(*after), static_cast<std::size_t>(limit)));
  TRY(auto progress, c.domain.rollouts.progress({id}));
  std::size_t total = 0;
  for (const auto& wave : progress.waves)
    total += outcome ? wave.outcomes[static_cast<std::size_t>(*outcome)] : wave.targets;
  Json::Array items;
  for (const auto& target : found)
    items.push_back(Json::object({{"device", target.device.text()},
                                  {"wave", target.wave},
                                  {"outcome", name_of(target.outcome)},
                                  {"detail", target.detail},
                                  {"at", time_json(target.at)}}));
  const bool more = found.size() == static_cast<std::size_t>(limit);
  return listing(std::move(items), more ? found.back().device.text() : std::string(), total);
}

Result<std::string> reason_of(Context& c) {
  if (c.body.is_null()) return std::string();
  ObjectReader in(c.body);
  std::string reason = in.text_or("reason", "", 512);
  TRY_VOID(in.done());
  return reason;
}

Result<Reply> pause(Context& c) {
  TRY(auto id, c.id());
  TRY(auto reason, reason_of(c));
  TRY_VOID(c.domain.rollouts.pause({id}, c.actor(), reason));
  return one(c, {id});
}

Result<Reply> resume(Context& c) {
  TRY(auto id, c.id());
  TRY_VOID(reason_of(c));
  TRY_VOID(c.domain.rollouts.resume({id}, c.actor()));
  return one(c, {id});
}

Result<Reply> halt(Context& c) {
  TRY(auto id, c.id());
  TRY(auto reason, reason_of(c));
  if (reason.empty())
    return fail(Fault::invalid, "must say why; it goes to the ledger and to every device's history",
                "/reason");
  TRY_VOID(c.domain.rollouts.halt({id}, c.actor(), reason));
  return one(c, {id});
}

constexpr Route routes[] = {
    {"GET", "/api/v1/rollouts", Role::viewer, list},
    {"POST", "/api/v1/rollouts", Role::operator_, start, false, true},
    {"GET", "/api/v1/rollouts/{id}", Role::viewer, show},
    {"GET", "/api/v1/rollouts/{id}/targets", Role::viewer, targets},
    {"POST", "/api/v1/rollouts/{id}/pause", Role::operator_, pause},
    {"POST", "/api/v1/rollouts/{id}/resume", Role::operator_, resume},
    {"POST", "/api/v1/rollouts/{id}/halt", Role::operator_, halt},
};

}  // namespace

std::span<const Route> rollout_routes() {
  return routes;
}

}  // namespace muster::api
