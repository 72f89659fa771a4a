// The fleet's CA: its certificates, and its rollover.

#include "api/internal/route.h"
#include "api/internal/views.h"
#include "identity/rollover.h"

namespace muster::api {
namespace {

using identity::Rollover;
using wire::Json;
using wire::ObjectReader;

Json certificate_json(const char* role, const crypto::Certificate& certificate) {
  return Json::object({{"role", role},
                       {"name", certificate.common_name},
                       {"sha256", to_hex(certificate.fingerprint)},
                       {"not_before", time_json(certificate.not_before)},
                       {"not_after", time_json(certificate.not_after)},
                       {"pem", crypto::certificate_pem(certificate.der)}});
}

Json optional_time(Instant at) {
  return at == Instant{} ? Json() : time_json(at);
}

Json status_json(const Rollover& rollover) {
  const auto status = rollover.status();
  const auto progress = rollover.progress();
  Json waiting = Json::array();
  for (const auto& name : progress.waiting_for) waiting.push(name);
  return Json::object({{"phase", name_of(status.phase)},
                       {"id", status.id.empty() ? Json() : Json(status.id)},
                       {"scope", name_of(status.scope)},
                       {"begun_at", optional_time(status.begun)},
                       {"switched_at", optional_time(status.switched)},
                       {"refused", status.refused.empty() ? Json() : Json(status.refused)},
                       {"devices", progress.devices},
                       {"anchor_reported", progress.reported},
                       {"anchor_fetched", progress.fetched},
                       {"anchor_missing", progress.without_anchor},
                       {"old_certificates", progress.old_certificates},
                       {"waiting_for", std::move(waiting)}});
}

Result<Reply> show(Context& c) {
  const auto& trusted = c.domain.identity.rollover().trusted();
  Json::Array items{certificate_json("issuing", trusted.current.issuing),
                    certificate_json("root", trusted.current.root)};
  if (trusted.other) {
    items.push_back(certificate_json("other-issuing", trusted.other->issuing));
    if (trusted.other->root.der != trusted.current.root.der)
      items.push_back(certificate_json("other-root", trusted.other->root));
  }
  for (const auto& cross : trusted.cross) items.push_back(certificate_json("cross", cross));
  return listing(std::move(items));
}

Result<Reply> status(Context& c) {
  return Reply{.body = status_json(c.domain.identity.rollover())};
}

// 202: the signer has not heard of it yet; the phase tells when it has.
Result<Reply> begin(Context& c) {
  ObjectReader in(c.body);
  auto why = in.text("reason", 1000);
  const std::string scope = in.text_or("scope", "root", 16);
  TRY_VOID(in.done());
  if (scope != "root" && scope != "issuing")
    return fail(Fault::invalid, "must be root or issuing", "/scope");
  auto& rollover = c.domain.identity.rollover();
  TRY_VOID(rollover.begin(scope == "root" ? Rollover::Scope::whole : Rollover::Scope::issuing,
                          c.actor(), std::move(why)));
  return Reply{.status = 202, .body = status_json(rollover)};
}

template <Result<void> (Rollover::*step)(ledger::Actor, std::string)>
Result<Reply> take(Context& c) {
  ObjectReader in(c.body);
  auto why = in.text("reason", 1000);
  TRY_VOID(in.done());
  auto& rollover = c.domain.identity.rollover();
  TRY_VOID((rollover.*step)(c.actor(), std::move(why)));
  return Reply{.status = 202, .body = status_json(rollover)};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/ca", Role::viewer, show},
    {"GET", "/api/v1/ca/rollover", Role::viewer, status},
    {"POST", "/api/v1/ca/rollover/begin", Role::admin, begin},
    {"POST", "/api/v1/ca/rollover/switch", Role::admin, take<&Rollover::switch_over>},
    {"POST", "/api/v1/ca/rollover/finish", Role::admin, take<&Rollover::finish>},
    {"POST", "/api/v1/ca/rollover/abort", Role::admin, take<&Rollover::abort>},
};

}  // namespace

std::span<const Route> ca_routes() {
  return routes;
}

}  // namespace muster::api
