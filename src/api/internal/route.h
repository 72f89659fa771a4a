// api/route -- what a route is: a method, a pattern, who may, and one function that runs on the
// domain's thread.
//
// The function validates the body (wire::ObjectReader names each mistake by its pointer), calls the
// domain, and renders the answer. It is let go of the caller only once what it did is durable.
// Domain thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/operators.h"
#include "desk/desk.h"
#include "desk/telemetry.h"
#include "net/http.h"
#include "wire/json.h"

namespace muster::api {

struct Reply {
  int status = 200;
  wire::Json body = {};  // null: no body
  std::vector<net::http::Header> headers = {};
  std::string text = {}, content_type = {};  // instead of body, when content_type is set
};

using Done = std::move_only_function<void(Result<Reply>)>;
using Later =
    std::move_only_function<void(Done)>;  // goes on elsewhere (telemetry) after the commit

struct Context {  // of one request
  desk::Domain& domain;
  desk::Telemetry& telemetry;
  Operators& operators;
  const Clock& clock;
  const net::http::Request& request;
  const wire::Json& body;         // null when there was none
  std::vector<std::string> path;  // the values of the pattern's {parameters}
  Operator who;
  std::string public_url;  // of the console

  ledger::Actor actor() const { return {"operator:" + who.name, name_of(who.role)}; }
  Result<bool> dry_run() const;  // ?dry_run; anything but true or false is refused
  Result<std::int64_t> number(std::string_view parameter, std::int64_t fallback, std::int64_t min,
                              std::int64_t max) const;
  std::string text(std::string_view parameter) const;  // empty when absent
  Result<DeviceId> device() const;                     // the first path parameter
  Result<std::uint64_t> id() const;                    // the first path parameter, a number
  // That If-Match names this revision, or is "*"; conflict when not, or when it is missing.
  Result<void> if_match(std::uint64_t revision) const;
};

using Run = Result<Reply> (*)(Context&);
using RunLater = Result<Later> (*)(Context&);

struct Route {
  const char* method;
  const char* pattern;  // "/api/v1/devices/{id}/isolate"
  Role role;
  Run run;
  bool secret = false;       // its answer holds a secret: never kept for an Idempotency-Key
  bool dry_runs = false;     // understands ?dry_run=true
  RunLater later = nullptr;  // instead of run
};

std::span<const Route> device_routes();
std::span<const Route> certificate_routes();
std::span<const Route> attestation_routes();
std::span<const Route> retirement_routes();
std::span<const Route> action_routes();
std::span<const Route> ca_routes();
std::span<const Route> model_routes();
std::span<const Route> enrolment_routes();
std::span<const Route> release_routes();
std::span<const Route> rollout_routes();
std::span<const Route> proposal_routes();
std::span<const Route> exposure_routes();
std::span<const Route> incident_routes();
std::span<const Route> ledger_routes();
std::span<const Route> operator_routes();
std::vector<Route> all_routes();

// The same result, with its fault told of this field.
template <class T>
Result<T> about(Result<T> result, std::string field) {
  if (!result) result.error().field = std::move(field);
  return result;
}

Result<crypto::Hash> endorsement_hash(const std::string&);  // of a request's ek_sha256

// A list's answer: items, next, total.
Reply listing(wire::Json::Array items, std::string next = {},
              std::optional<std::size_t> total = {});

}  // namespace muster::api
