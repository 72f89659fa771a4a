// api/door -- takes a request apart, finds its route, asks the domain, and answers. The service
// behind the operator port.
//
// Loop thread, but for ask(), which runs on the domain's. An upload needs a known token before its
// first octet is taken.
#pragma once

#include <string>

#include "api/api.h"
#include "api/internal/console_files.h"
#include "api/internal/events.h"
#include "api/internal/repeats.h"
#include "api/internal/router.h"
#include "net/http.h"
#include "net/loop.h"

namespace muster::api {

class Service final : public net::http::Service {
 public:
  Service(const Settings&, desk::Desk&, desk::Telemetry&, Operators&, Repeats, const Clock&,
          std::filesystem::path spool, std::function<std::string()> gateway_metrics);
  ~Service() override;  // when the desk no longer runs
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;

  void set_token_roles(Operators::TokenRoles roles) { token_roles_ = std::move(roles); }
  void set_public_url(std::string url) { public_url_ = std::move(url); }

 private:
  struct Caller {  // what a request shows of who asks
    std::string token, cookie;
  };
  static Caller caller_of(const net::http::Head&);
  void note_refused_upload(const net::http::Head&);
  std::optional<Operator> who(const Caller&) const;  // domain thread
  Result<Operator> permitted(desk::Domain&, Role,
                             const net::http::Head&);  // domain thread; a refusal is recorded
  void record_refusal(desk::Domain&, const std::optional<Operator>&,
                      const net::http::Head&);  // domain thread
  // That what changes something by the console's cookie was sent by the console: by a page of this
  // very server, in a form that no page of another can send unasked.
  static Result<void> from_console(const net::http::Request&);
  void refuse(const net::http::Head&, Error, net::http::Respond);  // and record it
  struct Outcome {                                                 // of a route
    Reply reply;
    Later later = {};  // instead, when set
  };
  Result<Outcome> run(const Route&, std::vector<std::string> path, const net::http::Request&,
                      const wire::Json& body, desk::Domain&);
  using Serve = void (Service::*)(net::http::Request, net::http::Respond);
  struct Special {  // what is no route: it needs no JSON, no role, or no question
    const char *method, *path;
    Serve serve;
  };
  static const Special specials[];
  void open_session(net::http::Request, net::http::Respond);
  void end_session(net::http::Request, net::http::Respond);
  void events(net::http::Request, net::http::Respond);
  void metrics(net::http::Request, net::http::Respond);
  void ready(net::http::Request, net::http::Respond);
  void healthy(net::http::Request, net::http::Respond);
  void openapi(net::http::Request, net::http::Respond);
  void page(net::http::Request, net::http::Respond);
  void route(Router::Found, net::http::Request, net::http::Respond);

  const Settings settings_;
  std::string public_url_;
  desk::Desk& desk_;
  desk::Telemetry& telemetry_;
  Operators& operators_;
  Repeats repeats_;
  const Clock& clock_;
  const std::filesystem::path spool_;
  const std::function<std::string()> gateway_metrics_;
  const Router router_;
  const ConsoleFiles console_;
  Operators::TokenRoles token_roles_;  // loop thread
  std::unique_ptr<Events> events_;     // domain thread
  Instant refusal_recorded_{};         // domain thread
  std::uint64_t refusals_ = 0;         // domain thread; since then
};

std::string openapi_text();

}  // namespace muster::api
