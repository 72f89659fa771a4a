// gateway/est -- the enrolment door: EST (RFC 7030, RFC 8951) over HTTPS, and the CRL.
//
// It parses and bounds, checks the request's proof of possession, and asks the controller; who gets
// a certificate is not decided here. Answers are one-line base64 with Content-Transfer-Encoding,
// wrapped at 64 under the label "mime", for clients that need either. Loop thread.
#pragma once

#include <atomic>
#include <memory>

#include "gateway/gateway.h"
#include "gateway/internal/tally.h"
#include "net/http.h"

namespace muster::gateway {

class Est final : public net::http::Service {
 public:
  Est(const Settings&, link::Controller&, Tally&);
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;

 private:
  void enrol(net::http::Request, net::http::Respond, bool wrapped);
  void renew(net::http::Request, net::http::Respond, bool wrapped);
  void crl(net::http::Respond);

  const Settings& settings_;
  link::Controller& controller_;
  Tally& tally_;
  std::string ca_certificates_;  // certs-only CMS, DER
  std::shared_ptr<std::atomic<std::size_t>>
      in_flight_;  // outlives the door: answers may come after it closed
};

}  // namespace muster::gateway
