// gateway/est -- the enrolment door: EST (RFC 7030, RFC 8951) over HTTPS, and the CRL.
//
// It parses and bounds, checks the request's proof of possession, and asks the controller; who gets
// a certificate is not decided here. Answers are one-line base64 with Content-Transfer-Encoding,
// wrapped at 64 under the label "mime", for clients that need either. Loop thread.
#pragma once

#include <memory>

#include "gateway/gateway.h"
#include "gateway/internal/attest.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "net/http.h"

namespace muster::gateway {

class Est final : public net::http::Service {
 public:
  static Result<std::unique_ptr<Est>> open(const Settings&, Questions&, Tally&);
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;

 private:
  Est(const Settings&, Questions&, Tally&, std::string ca_certificates);
  void enrol(net::http::Request, net::http::Respond, bool wrapped);
  void renew(net::http::Request, net::http::Respond, bool wrapped);
  void crl(net::http::Respond);
  void ask(link::Request, net::http::Respond, bool wrapped);  // for a certificate

  const Settings& settings_;
  Questions& questions_;
  Tally& tally_;
  Attest attest_;                      // beside it on the same door
  const std::string ca_certificates_;  // certs-only CMS, DER
  std::size_t in_flight_ = 0;          // enrolments and renewals that wait for the controller
};

}  // namespace muster::gateway
