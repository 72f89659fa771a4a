// net/http -- HTTP/1.1 (RFC 9112) messages, a server and a client, parsed by Boost.Beast on our own
// streams.
//
// Server: one Service per door answers on the loop's thread, at once or later and from any thread,
// through Respond. Before a body is read, admit() sees the head and says how large the body may be
// and whether it goes to a file. Limits: head 16 KiB, 64 headers; slow senders are closed by
// deadline. Keep-alive and pipelined requests are answered in order. 100-continue is honoured.
// HEAD, Range (single range, RFC 9110 14) on files, and server-sent events are built in.
//
// A malformed request is answered 400, 408, 413, 414, 417, 431, 501 or 505 with a sentence of plain
// text and never reaches the service. Nothing is promised to have been read by a client: a Respond
// or an EventChannel whose client, or whose server, is gone does nothing. A Respond that is dropped
// unused answers 503. Reading and writing files blocks the loop for a piece of 256 KiB at most.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/tls.h"

namespace muster::net::http {

using Header = std::pair<std::string, std::string>;

int status_of(Fault);  // the one place where a refusal of ours becomes a status code

struct Head {
  std::string method, path;  // path: percent-decoded, starts with '/', no "..", no NUL
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::vector<Header> headers;
  std::optional<Bytes> peer_certificate;  // DER
  std::vector<Bytes> peer_issuers;        // sent with it, DER; only where ServerLimits ask
  Bytes channel_binding;                  // of a Stream; only where ServerLimits ask
  std::string peer_address;
  std::uint64_t content_length = 0;
  const std::string* header(std::string_view name) const;  // case-insensitive; first
  const std::string* parameter(std::string_view name) const;
};

struct Request : Head {
  std::string body;               // when it was not spooled
  std::filesystem::path spooled;  // the file the body went to; the service renames or removes it
  std::uint64_t spooled_bytes = 0;
  Bytes spooled_sha256;
};

class EventChannel;  // of one server-sent-events response

struct Response {
  int status = 200;
  std::vector<Header> headers = {};  // Content-Length, Date and Connection are ours
  std::string body = {};
  std::shared_ptr<const std::string> shared_body =
      {};  // for embedded or cached content; wins over body
  struct File {
    std::filesystem::path path;
    std::uint64_t size = 0;  // Range is applied for GET; ETag comes from the headers
  };
  std::optional<File> file = {};
  std::function<void(std::shared_ptr<EventChannel>)> events =
      {};  // turns the response into an event stream
};

class EventChannel {  // any thread; the stream ends when its last owner lets go
 public:
  virtual ~EventChannel() = default;
  // One event. False once the client is gone or has more than 1 MiB unread: it is then closed and
  // resumes by Last-Event-ID.
  virtual bool send(std::string_view event, std::string_view data, std::string_view id = {}) = 0;
  virtual bool open() const = 0;
};

using Respond = std::move_only_function<void(Response)>;  // once, any thread

struct Admission {
  std::uint64_t body_max = 1 << 20;
  std::filesystem::path spool_to = {};  // a folder on the final file system; empty: in memory
  bool stranger = true;                 // has not shown who it is: see strangers_bodies_max
};

class Service {
 public:
  virtual ~Service() = default;
  virtual std::expected<Admission, Response> admit(const Head&) {
    return Admission{};
  }  // loop thread; before the body is taken
  virtual void serve(Request, Respond) = 0;  // loop thread
};

struct ServerLimits {
  Duration head_within = 10s;  // from its first byte
  Duration body_within = 60s;  // and as long again for each 256 KiB that came
  Duration idle = 75s;         // between requests, and without the client reading a byte
  // Beyond these, who has not finished its handshake, or waits without a request under way, gives
  // way to who comes (Crowd).
  std::size_t connections_max = 10'000;
  std::size_t handshakes_max = 256;
  // Octets of bodies in memory, from their arrival to their answer; beyond them: 503.
  std::size_t bodies_max = 256 << 20;
  std::size_t strangers_bodies_max = 128 << 20;  // and of those that strangers sent
  bool whole_peer = false;  // the service judges the peer's certificate: tell it all of it
};

class Server {  // one per loop thread and door; the service and the TLS context outlive it
 public:
  static Result<std::unique_ptr<Server>> open(Loop&, const std::string& address, std::uint16_t port,
                                              TlsContext* tls, Service&, ServerLimits = {});
  ~Server();
  std::uint16_t port() const;
  void drain(Work done);  // stops accepting, ends idle and event connections, calls done when the
                          // rest has finished (5 s at most)
  std::size_t connections() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

// --- client ---

struct Call {
  std::string method = "GET", target = "/";
  std::vector<Header> headers = {};
  std::string body = {};
  Duration within = 30s;  // whole exchange, but only per read for a download or an upload
  std::size_t body_max = 16 << 20;
  std::function<Result<void>(ByteView)> sink =
      {};                             // body goes here in pieces (2xx only) and not into Answer
  std::filesystem::path upload = {};  // request body from a file
};

struct Answer {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  const std::string* header(std::string_view name) const;
};

class Client {  // one server; keeps one connection alive and makes it anew when needed; one call at
                // a time, and it outlives the call's task
 public:
  Client(Loop&, std::string host, std::uint16_t port, TlsContext* tls);
  ~Client();
  Task<Result<Answer>> call(
      Call);  // a failed keep-alive connection is retried once for GET and HEAD

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Url {
  bool tls = false;
  std::string host, target;
  std::uint16_t port = 0;
};
Result<Url> parse_url(std::string_view);  // http and https only, no user info, no fragment

}  // namespace muster::net::http
