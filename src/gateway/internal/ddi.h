// gateway/ddi -- hawkBit's Direct Device Integration API v1 on the device door, for update clients
// such as SWUpdate: polls, attributes, deployments, feedback, cancellation, consent, downloads
// (docs/formats/ddi.md).
//
// A client shows its certificate, whose name is its controller id, and its target token where it
// has one. What it is to do, and what its words mean for a rollout, is the controller's to say.
// Loop thread.
#pragma once

#include <memory>

#include "gateway/gateway.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "net/http.h"
#include "wire/ddi.h"

namespace muster::gateway {

class Ddi {
 public:
  Ddi(const Settings&, Questions&, Tally&);
  static bool has(std::string_view path);  // whether a path is one of these
  static std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&);
  void serve(net::http::Request, net::http::Respond);

 private:
  struct Visit;  // one request, whose caller is known
  using Visitor = std::unique_ptr<Visit>;
  void act(Visitor);
  void look(Visitor);
  void show(Visit&, const link::ActionNow&);
  void poll(Visit&, const link::ActionNow&) const;
  void file(Visit&, const link::ActionNow&);
  void fetch(Visit&, const link::ActionFile&);
  void feedback(Visitor);
  void say(Visitor, link::ActionWord::Kind, std::string words);
  void configure(Visitor);
  void consent(Visitor);
  void finish(Visitor, link::Request);

  const Settings& settings_;
  Questions& questions_;
  Tally& tally_;
};

}  // namespace muster::gateway
