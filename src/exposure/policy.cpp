// Until when what has to be patched, and what is excepted from it for a while.
#include <algorithm>

#include "exposure/internal/register.h"

namespace muster::exposure {
namespace {

using wire::Json;
using wire::ObjectReader;

constexpr int days_max = 3'650;
constexpr std::array risks{inventory::Risk::low, inventory::Risk::moderate, inventory::Risk::high,
                           inventory::Risk::critical};
constexpr std::size_t exceptions_max = 10'000;  // in force at once

Json by_risk(const std::array<int, 4>& days) {
  Json out = Json::object();
  for (const auto risk : risks) out.set(name_of(risk), days[static_cast<std::size_t>(risk)]);
  return out;
}

Result<void> take_by_risk(ObjectReader& object, const char* key, std::array<int, 4>& days) {
  if (!object.maybe(key)) return {};
  ObjectReader in = object.child(key);
  for (const auto risk : risks) {
    int& each = days[static_cast<std::size_t>(risk)];
    each = static_cast<int>(in.integer_or(name_of(risk), each, 0, days_max));
  }
  return in.done();
}

}  // namespace

wire::Json to_json(const Policy& policy) {
  Json days = Json::object();
  for (std::size_t i = 0; i < policy.days.size(); ++i)
    days.set(name_of(static_cast<Severity>(i)), by_risk(policy.days[i]));
  return Json::object({{"days", std::move(days)},
                       {"exploited_days", by_risk(policy.exploited)},
                       {"stale_days", policy.stale_days},
                       {"statement_days", policy.statement_days}});
}

Result<Policy> read_policy(const wire::Json& body) {
  Policy out;
  ObjectReader in(body);
  if (in.maybe("days")) {
    ObjectReader days = in.child("days");
    for (std::size_t i = 0; i < out.days.size(); ++i)
      TRY_VOID(take_by_risk(days, name_of(static_cast<Severity>(i)), out.days[i]));
    TRY_VOID(days.done());
  }
  TRY_VOID(take_by_risk(in, "exploited_days", out.exploited));
  out.stale_days = static_cast<int>(in.integer_or("stale_days", out.stale_days, 1, days_max));
  out.statement_days =
      static_cast<int>(in.integer_or("statement_days", out.statement_days, 1, days_max));
  TRY_VOID(in.done());
  return out;
}

const Policy& Exposure::policy() const {
  return register_->policy;
}

Result<void> Exposure::set_policy(const Policy& policy, ledger::Actor by) {
  auto& r = *register_;
  if (policy == r.policy) return {};
  const Json body = to_json(policy);
  r.ledger.record({std::move(by), "patch_policy.set", "patch-policy", body})
      .write(
          "INSERT INTO exposure_policy(one, body) VALUES(1,?)"
          " ON CONFLICT(one) DO UPDATE SET body = excluded.body",
          {wire::to_text(body)});
  r.policy = policy;
  return {};
}

Result<Exception> Exposure::except(std::string vulnerability, std::optional<ModelId> model,
                                   std::string owner, std::string reason, Instant until,
                                   ledger::Actor by) {
  auto& r = *register_;
  TRY_VOID(this->vulnerability(vulnerability));
  if (owner.empty()) return fail(Fault::invalid, "must name who answers for it", "/owner");
  if (reason.empty()) return fail(Fault::invalid, "must say why", "/reason");
  if (model && !r.inventory.model(*model))
    return fail(Fault::missing, "there is no model " + model->text(), "/model");
  if (until <= r.clock.now() || until > r.clock.now() + std::chrono::days(days_max))
    return fail(Fault::invalid, "must be a time to come, within ten years", "/until");
  const auto in_force = std::ranges::count_if(
      r.exceptions, [&](const Exception& e) { return !e.ended && e.until > r.clock.now(); });
  if (static_cast<std::size_t>(in_force) >= exceptions_max)
    return fail(Fault::exhausted, "10,000 exceptions are in force; no more are taken");
  Exception out{.id = r.exceptions.empty() ? 1 : r.exceptions.back().id + 1,
                .vulnerability = std::move(vulnerability),
                .model = std::move(model),
                .owner = std::move(owner),
                .reason = std::move(reason),
                .until = until,
                .made = r.clock.now()};
  const std::string of = out.model ? out.model->text() : "";
  r.ledger
      .record({std::move(by), "exception.made", "vulnerability/" + out.vulnerability,
               Json::object({{"exception", out.id},
                             {"model", out.model ? Json(of) : Json()},
                             {"owner", out.owner},
                             {"until", rfc3339(until)}}),
               out.reason})
      .write(
          "INSERT INTO exposure_exception(id, vulnerability, model, owner, reason, until, made,"
          " ended) VALUES(?,?,?,?,?,?,?,0)",
          {static_cast<std::int64_t>(out.id), out.vulnerability, of, out.owner, out.reason,
           millis(until), millis(out.made)});
  r.exceptions.push_back(out);
  return out;
}

Result<void> Exposure::end_exception(std::uint64_t id, ledger::Actor by) {
  auto& r = *register_;
  const auto at = std::ranges::find(r.exceptions, id, &Exception::id);
  if (at == r.exceptions.end()) return fail(Fault::missing, "there is no such exception");
  if (at->ended) return {};
  r.ledger
      .record({std::move(by), "exception.ended", "vulnerability/" + at->vulnerability,
               Json::object({{"exception", id}})})
      .write("UPDATE exposure_exception SET ended = 1 WHERE id = ?",
             {static_cast<std::int64_t>(id)});
  at->ended = true;
  return {};
}

std::vector<Exception> Exposure::exceptions() const {
  return {register_->exceptions.rbegin(), register_->exceptions.rend()};
}

}  // namespace muster::exposure
