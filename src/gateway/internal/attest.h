// gateway/attest -- enrolment by TPM, beside EST on the enrolment door: POST /attest/challenge and
// POST /attest/enrol, JSON both ways (docs/formats/attestation.md).
//
// It parses and bounds, checks the request's proof of possession, and asks the controller; what a
// TPM's word is worth is not decided here. Loop thread.
#pragma once

#include "gateway/gateway.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "link/link.h"
#include "net/http.h"
#include "wire/attestation.h"

namespace muster::gateway {

class Attest {
 public:
  Attest(const Settings&, Questions&, Tally&);
  static bool has(std::string_view path);  // whether a path is one of these
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) const;
  void serve(net::http::Request, net::http::Respond);

 private:
  void challenge(const net::http::Request&, net::http::Respond);
  void enrol(const net::http::Request&, net::http::Respond);
  void refuse(const Error&, net::http::Respond&);
  void ask(link::Request, net::http::Respond);

  const Settings& settings_;
  Questions& questions_;
  Tally& tally_;
  std::size_t in_flight_ = 0;
};

link::BootEvidence evidence_of(wire::BootEvidence);

}  // namespace muster::gateway
