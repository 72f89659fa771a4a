// gateway/mender -- Mender's device API on the device door, for mender-client 3.x: authentication,
// inventory, deployments, their status and log, and the update control map
// (docs/formats/mender.md).
//
// A client shows its certificate, signs its request for a token with the same key, and shows the
// token from then on; what it is to do, and whether it may commit, is the controller's to say.
// Loop thread.
#pragma once

#include <memory>

#include "base/clock.h"
#include "gateway/internal/questions.h"
#include "net/http.h"
#include "wire/mender.h"

namespace muster::gateway {

class Mender {
 public:
  Mender(Questions&, const Clock&);
  static bool has(std::string_view path);  // whether a path is one of these
  static std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&);
  void serve(net::http::Request, net::http::Respond);

 private:
  struct Visit;  // one request, whose caller is known
  using Visitor = std::unique_ptr<Visit>;
  void act(Visitor);
  void begin_session(Visitor);
  void attributes(Visitor);
  void next(Visitor);
  void report(Visitor);
  void keep_log(Visitor);
  void control_map(Visitor);
  void say(Visitor, link::Request);

  Questions& questions_;
  const Clock& clock_;
};

}  // namespace muster::gateway
