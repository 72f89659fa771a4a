// gateway/est -- the enrolment door: EST (RFC 7030, RFC 8951) over HTTPS; certificate status is
// PkiHttp's, on the same door.
//
// It bounds, counts, parses, checks the request's proof of possession and what ties it to this
// connection, and asks the controller; who gets a certificate is not decided here. The label in the
// path names an enrolment profile, and "mime" the default one with answers wrapped at 64; other
// answers are one-line base64 with Content-Transfer-Encoding, for clients that need either. Keys
// that it makes for devices that cannot live until the answer is written, and nowhere else. Loop
// thread.
#pragma once

#include <cstdint>
#include <memory>

#include "crypto/csr.h"
#include "gateway/gateway.h"
#include "gateway/internal/arrivals.h"
#include "gateway/internal/attest.h"
#include "gateway/internal/pki_http.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "net/http.h"

namespace muster::gateway {

class Est final : public net::http::Service {
 public:
  static Result<std::unique_ptr<Est>> open(const Settings&, Questions&, Tally&, PkiHttp&);
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;
  void give(std::string certs_only) { ca_certificates_ = std::move(certs_only); }  // as cacerts

 private:
  Est(const Settings&, Questions&, Tally&, PkiHttp&, std::string ca_certificates);
  enum class Operation : std::uint8_t;
  struct Path;  // what an EST path says
  static Path path_of(std::string_view);
  void enrol(net::http::Request, net::http::Respond, const Path&);
  void renew(net::http::Request, net::http::Respond, const Path&);
  void read(const net::http::Request&, net::http::Respond, const Path&);  // cacerts, csrattrs
  void refuse(const Error&, net::http::Respond);
  net::http::Response later(std::string words);  // 503
  Result<crypto::Csr> csr_of(const net::http::Request&);
  using Render = std::move_only_function<net::http::Response(Bytes certificate)>;
  void ask(link::Request, net::http::Respond, bool by_token, Render);  // for a certificate

  const Settings& settings_;
  Questions& questions_;
  Tally& tally_;
  PkiHttp& pki_;
  Attest attest_;                // beside it on the same door
  std::string ca_certificates_;  // certs-only CMS, DER
  Arrivals arrivals_;
  std::size_t in_flight_ = 0;  // enrolments and renewals that wait for the controller
};

}  // namespace muster::gateway
