// gateway/pki_http -- certificate status for third parties, over HTTP: the revocation lists, whole
// at /crl (of a second CA, while there is one: /crl/other.crl) and by shard at /crl/{n}.crl, and
// OCSP (RFC 6960, 5019) at /ocsp, POST and GET.
//
// It is served on the enrolment door, and, as few who ask for status speak TLS, on a plain door of
// its own where one is wanted: what it says is signed. Answers are kept until they end or a
// certificate in them is cut, so that most questions do not reach the controller; a nonce is read
// over, as RFC 5019 lets us. Loop thread.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "crypto/ocsp.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "net/http.h"

namespace muster::gateway {

class PkiHttp final : public net::http::Service {
 public:
  PkiHttp(Questions&, Tally&, const Clock&);
  static bool is_here(std::string_view path);
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;
  void forget(const std::string& serial_hex);  // what was said of this certificate

 private:
  struct Kept {
    std::shared_ptr<const std::string> response;
    Instant since, until;     // since: so that a clock that goes back does not keep it for longer
    std::uint64_t order = 0;  // of coming
    std::vector<std::string> serials;  // that it speaks of, hex
  };
  void crl(const std::string& path, net::http::Respond);
  void status(const net::http::Request&, net::http::Respond);
  struct Question;
  static Result<Question> question_of(const net::http::Request&);
  void ask(Question, net::http::Respond);
  void keep(std::string key, Kept);
  void drop_oldest();
  net::http::Response answer(const Kept&) const;

  Questions& questions_;
  Tally& tally_;
  const Clock& clock_;
  std::unordered_map<std::string, Kept> kept_;  // by the request's octets
  std::unordered_multimap<std::string, std::string> by_serial_;
  std::deque<std::pair<std::string, std::uint64_t>> ages_;  // of kept_, oldest first
  std::uint64_t stored_ = 0, forgotten_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace muster::gateway
