// net/internal/http_reader -- bytes in, requests or responses out: RFC 9112 without a socket.
//
// Pure: no I/O, no clock. A reader takes from the front of what it is given, one step a call, and
// is done after one message; what it does not use belongs to the next. Strict where leniency lets
// requests be smuggled: one Host, "chunked" alone as transfer coding, no length beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "net/http.h"

namespace muster::net::http::internal {

constexpr std::uint32_t head_max = 16 * 1024;
constexpr std::size_t headers_max = 64, target_max = 8 * 1024;

enum class Step {
  more,  // all that could be used is used: come back with more behind the rest
  head,  // the head is complete
  body,  // piece() is the next part of the body
  done,  // the message is complete
  bad    // it cannot be read; refusal() says why
};
struct Taken {
  std::size_t used = 0;
  Step step = Step::more;
};
struct Refusal {
  int status = 400;
  std::string reason;
};

class RequestReader {
 public:
  RequestReader();
  ~RequestReader();
  Taken take(ByteView);
  Head& head();  // from Step::head on, as are the next three
  bool has_body() const;
  bool keep_alive() const;
  bool http10() const;
  ByteView piece() const;  // lives as long as the bytes that were given
  const Refusal& refusal() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

class ResponseReader {
 public:
  explicit ResponseReader(bool to_head_request);
  ~ResponseReader();
  Taken take(ByteView);
  bool ended();  // the connection ended: true when that completes the message
  int status() const;
  std::vector<Header>& headers();
  bool keep_alive() const;
  ByteView piece() const;
  const Refusal& refusal() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace muster::net::http::internal
