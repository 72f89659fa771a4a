#include "signer/policy.h"

#include <algorithm>
#include <stdexcept>

#include "base/id.h"

namespace muster::signer {
namespace {

std::unexpected<Error> wrong(const std::string& why, const char* field) {
  return fail(Fault::invalid, "the order cannot be signed: " + why, field);
}

std::unexpected<Error> not_allowed(const std::string& why, const char* field) {
  return fail(Fault::forbidden, "this signer does not sign that: " + why, field);
}

bool whole_seconds(Instant t) {
  return t == std::chrono::floor<std::chrono::seconds>(t);
}

bool is_in(const std::vector<std::string>& list, const std::string& one) {
  return std::ranges::find(list, one) != list.end();
}

Result<void> check_begin(Instant begin, const Policy& policy, Duration backdated, Instant now,
                         const char* field) {
  if (begin < now - backdated - 1s)  // it was rounded down to the second
    return not_allowed("it would begin more than " + show(backdated) + " ago, at " +
                           rfc3339(begin) + "; check both clocks",
                       field);
  if (begin > now + policy.ahead_max)
    return not_allowed("it would begin in the future, at " + rfc3339(begin) + "; check both clocks",
                       field);
  return {};
}

Result<void> check_times(const Order& order, const Policy& policy, Instant now) {
  if (!whole_seconds(order.not_before) || !whole_seconds(order.not_after))
    return wrong("its times are not whole seconds", "not_before");
  if (order.not_after <= order.not_before || order.not_after <= now)
    return wrong("it would have ended already", "not_after");
  const Duration backdated =
      order.kind == Template::server ? policy.server_backdated_max : policy.backdated_max;
  TRY_VOID(check_begin(order.not_before, policy, backdated, now, "not_before"));
  const Duration most = policy.rule(order.kind).life_max;
  if (order.not_after > now + most)
    return not_allowed(std::string("a certificate of template ") + name_of(order.kind) +
                           " lives at most " + show(most),
                       "not_after");
  return {};
}

Result<void> check_url(const std::string& url, const Policy& policy, const char* field) {
  const auto begins = [&](const std::string& prefix) { return url.starts_with(prefix); };
  if (url.empty() || std::ranges::any_of(policy.url_prefixes, begins)) return {};
  return not_allowed("the address " + url + " begins with none of the prefixes it was given",
                     field);
}

Result<void> check_server(const Order& order, const Policy& policy) {
  if (order.dns_names.empty() && order.ip_addresses.empty())
    return wrong("a server needs a DNS name or an IP address", "dns_names");
  if (!is_in(policy.server_names, order.subject) && !is_in(policy.server_addresses, order.subject))
    return not_allowed("a server may not be called " + order.subject, "subject");
  for (const std::string& name : order.dns_names)
    if (!is_in(policy.server_names, name))
      return not_allowed("a server may not be called " + name, "dns_names");
  for (const std::string& address : order.ip_addresses)
    if (!is_in(policy.server_addresses, address))
      return not_allowed("a server may not have the address " + address, "ip_addresses");
  return {};
}

Result<void> check_names(const Order& order, const Policy& policy) {
  if (order.kind == Template::server) return check_server(order, policy);
  if (!order.dns_names.empty() || !order.ip_addresses.empty())
    return not_allowed("only a server has DNS names and addresses", "dns_names");
  if (order.kind == Template::ocsp_responder) {
    if (order.subject != policy.responder_name)
      return not_allowed("the responder is called " + policy.responder_name, "subject");
    return {};
  }
  if (!is_name(order.subject)) return wrong("its subject is not the id of anything", "subject");
  return {};
}

crypto::Use use_of(Template kind) {
  switch (kind) {
    case Template::server:
      return crypto::Use::server;
    case Template::ocsp_responder:
      return crypto::Use::ocsp_responder;
    default:
      return crypto::Use::client;
  }
}

}  // namespace

const Rule& Policy::rule(Template kind) const {
  switch (kind) {
    case Template::device:
      return device;
    case Template::application:
      return application;
    case Template::server:
      return server;
    case Template::ocsp_responder:
      return ocsp_responder;
    case Template::revocation_list:
      return revocation_list;
    case Template::authority:
      break;
  }
  throw std::logic_error("a template without a rule");
}

Result<crypto::Profile> profile_of(const Order& order, const Policy& policy, Instant now) {
  if (order.kind == Template::revocation_list)
    return wrong("a revocation list is not a certificate", "kind");
  if (order.kind == Template::authority)
    return not_allowed("a CA is made by a rollover only", "kind");
  if (!policy.rule(order.kind).allowed)
    return not_allowed(std::string("template ") + name_of(order.kind) + " is switched off", "kind");
  TRY_VOID(check_times(order, policy, now));
  TRY_VOID(check_names(order, policy));
  TRY_VOID(check_url(order.crl_url, policy, "crl_url"));
  TRY_VOID(check_url(order.ocsp_url, policy, "ocsp_url"));
  crypto::Profile profile{.use = use_of(order.kind),
                          .common_name = order.subject,
                          .not_before = order.not_before,
                          .not_after = order.not_after,
                          .registration_authority = order.kind == Template::server,
                          .crl_url = order.crl_url,
                          .ocsp_url = order.ocsp_url};
  if (order.kind == Template::device) profile.uris = {"urn:muster:device:" + order.subject};
  if (order.kind == Template::application) {
    profile.uris = {"urn:muster:application:" + order.subject};
    profile.organizational_unit = "application";
  }
  if (order.kind == Template::server) {
    profile.dns_names = order.dns_names;
    profile.ip_addresses = order.ip_addresses;
  }
  return profile;
}

Result<void> check(const crypto::CrlTerms& terms, const Policy& policy, Instant now) {
  const Rule& rule = policy.revocation_list;
  if (!rule.allowed) return not_allowed("revocation lists are switched off", "kind");
  if (terms.next_update <= terms.this_update || terms.next_update <= now)
    return wrong("the list would have ended already", "next_update");
  TRY_VOID(check_begin(terms.this_update, policy, policy.backdated_max, now, "this_update"));
  if (terms.next_update > now + rule.life_max)
    return not_allowed("a revocation list lives at most " + show(rule.life_max), "next_update");
  return check_url(terms.scope.shard_uri, policy, "shard_uri");
}

}  // namespace muster::signer
