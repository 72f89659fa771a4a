// api -- the operator door: REST with roles, server-sent events, the ledger's tiles, metrics, and
// the console's files.
//
// A route checks who asks and what they sent, runs one question on the domain's thread through the
// Desk, and answers once that is durable. It holds no business rule: what is allowed is decided
// below. Errors are problem+json (RFC 9457). Operators have tokens, stored hashed; the console gets
// a session cookie for a one-time link. Every change and every refusal for lack of rights is in the
// ledger.
//
// Made, drained and destroyed on the thread that opened it, destroyed when the desk no longer runs;
// serves on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/operators.h"
#include "base/clock.h"
#include "base/result.h"
#include "desk/desk.h"
#include "desk/telemetry.h"

namespace muster::api {

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8443;                // 0: a free one
  std::string key_pem, chain_pem;           // the door's own
  std::string public_host;                  // of the console, for one-time links
  bool ledger_public = false;               // /ledger/ without a token
  std::uint64_t artifact_max = 4ULL << 30;  // octets of one uploaded artifact
};

class Api {
 public:
  // gateway_metrics: the device door's part of /metrics (Prometheus text); any thread.
  static Result<std::unique_ptr<Api>> open(const Settings&, desk::Desk&, desk::Domain&,
                                           desk::Telemetry&, Operators&, const Clock&,
                                           std::function<std::string()> gateway_metrics);
  ~Api();
  std::uint16_t port() const;
  std::string
  new_link_url();  // a one-time console link for the administrator; before the desk runs
  // New key and chain for handshakes to come; live connections stay. Not after drain().
  Result<void> reload(std::string key_pem, std::string chain_pem);
  // An OCSPResponse, DER, for clients that ask; until the next reload(). Any thread.
  void staple(const Bytes& ocsp_response);
  void drain();

 private:
  struct Door;
  explicit Api(std::unique_ptr<Door>);
  std::unique_ptr<Door> door_;
};

}  // namespace muster::api
