// agent/est -- a device's side of Enrolment over Secure Transport (RFC 7030): the CA's
// certificates, a first certificate, the next one.
//
// One server. With a TLS context that has no certificate of its own it can enrol by token, with the
// maker's by that; with the device's pair it can renew. It keeps nothing and decides nothing: what
// is asked for, and when again, is up to who holds the credentials. Its loop's thread; it outlives
// its tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/task.h"
#include "net/tls.h"

namespace muster::agent {

struct EstAnswer {
  std::optional<crypto::Certificate> certificate;
  Duration again_in = 0ms;  // without a certificate: the same request, not before this
};

class EstClient {
 public:
  EstClient(net::Loop&, std::string host, std::uint16_t port, net::TlsContext&);
  net::Task<Result<std::vector<crypto::Certificate>>> authorities();  // cacerts
  net::Task<Result<EstAnswer>> enrol(std::string id, std::string token, Bytes csr);
  net::Task<Result<EstAnswer>> enrol(Bytes csr);  // by the certificate of the TLS context
  net::Task<Result<EstAnswer>> renew(Bytes csr);

 private:
  net::Task<Result<EstAnswer>> ask(net::http::Call);
  net::http::Client client_;
};

}  // namespace muster::agent
