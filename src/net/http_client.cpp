#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/http.h"
#include "net/internal/endpoint.h"
#include "net/internal/http_reader.h"
#include "net/internal/http_text.h"

namespace muster::net::http {
namespace {

using internal::ResponseReader;
using internal::Step;

constexpr std::size_t piece_max = 256 * 1024;

// What may stand in a request line: visible characters only, so that nothing can end it early.
bool visible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

}  // namespace

struct Client::State final : Stream::Events {
  State(Loop& l, std::string h, std::uint16_t p, TlsContext* t)
      : loop(l), host(std::move(h)), port(p), tls(t) {}
  ~State() { end(); }

  Task<Result<Answer>> attempt(const Call*);
  Result<void> begin(const Call*);
  void end();
  void send();
  void pump();
  void touch();
  void settle(std::optional<Error>);  // the exchange is over
  void take_head();
  void take_piece(ByteView);
  bool streams() const { return call->sink || !call->upload.empty(); }

  void on_open() override;
  std::size_t on_bytes(ByteView) override;
  void on_drained() override;
  bool on_end() override;
  void on_close(const Error&) override;

  Loop& loop;
  const std::string host;
  const std::uint16_t port;
  TlsContext* const tls;
  std::unique_ptr<Stream> stream;
  bool open = false, calling = false;

  // Of the exchange under way; call is null between two.
  const Call* call = nullptr;
  Event* over = nullptr;
  Answer answer;
  std::optional<Error> failure;
  std::unique_ptr<ResponseReader> reader;
  Loop::TimerId timer;
  int file = -1;
  std::uint64_t file_left = 0;
  bool heard = false;  // anything from the server
  bool stale = false;  // it closed without a word
};

Result<void> Client::State::begin(const Call* what) {
  call = what;
  heard = stale = false;
  answer = {};
  failure.reset();
  reader = std::make_unique<ResponseReader>(call->method == "HEAD");
  if (!visible(call->method) || !visible(call->target) || call->target[0] != '/')
    return fail(Fault::invalid, "the target must be a path without spaces: " + call->target);
  if (call->upload.empty()) return {};
  file = ::open(call->upload.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (file < 0 || ::fstat(file, &status) != 0)
    return fail(Fault::missing,
                "cannot read " + call->upload.string() + ": " + std::strerror(errno), "upload");
  file_left = static_cast<std::uint64_t>(status.st_size);
  return {};
}

void Client::State::end() {
  if (over) stream.reset(), open = false;  // left in the middle: nobody knows what comes next
  loop.cancel(timer);
  if (file >= 0) ::close(file);
  file = -1;
  file_left = 0;
  call = nullptr;
  over = nullptr;
  reader.reset();
}

Task<Result<Answer>> Client::State::attempt(const Call* what) {
  struct Ending {
    State& state;
    ~Ending() { state.end(); }
  } ending{*this};
  CO_TRY_VOID(begin(what));
  Event done(loop);
  over = &done;
  timer = loop.after(call->within, [this] {
    settle(Error{Fault::unavailable, host + " did not answer within " + show(call->within), ""});
  });
  if (!stream)
    stream = std::make_unique<Stream>(loop, *this, host, port, tls);
  else
    send();
  co_await done;
  over = nullptr;
  if (failure) co_return std::unexpected(std::move(*failure));
  co_return std::move(answer);
}

void Client::State::settle(std::optional<Error> why) {
  if (!over || over->is_set()) return;
  failure = std::move(why);
  const bool keep = !failure && reader->keep_alive() && file_left == 0;
  if (!keep && stream) {
    stream.reset();
    open = false;
  }
  over->set();
}

void Client::State::touch() {
  if (!call || !streams()) return;
  loop.cancel(timer);
  timer = loop.after(call->within, [this] {
    settle(Error{Fault::unavailable, "nothing moved for " + show(call->within), ""});
  });
}

// --- the request ---

void Client::State::on_open() {
  open = true;
  if (call) send();
}

void Client::State::send() {
  const bool v6 = host.find(':') != std::string::npos;
  const bool usual = port == (tls ? 443 : 80);
  std::string head = call->method + " " + call->target + " HTTP/1.1\r\n";
  internal::append_header(
      head, "Host", (v6 ? "[" + host + "]" : host) + (usual ? "" : ":" + std::to_string(port)));
  for (const auto& [name, value] : call->headers) internal::append_header(head, name, value);
  const std::uint64_t size = call->upload.empty() ? call->body.size() : file_left;
  if (size > 0 || (call->method != "GET" && call->method != "HEAD" && call->method != "DELETE"))
    internal::append_header(head, "Content-Length", std::to_string(size));
  stream->write(head + "\r\n");
  if (call->upload.empty())
    stream->write(call->body);
  else
    pump();
}

void Client::State::pump() {
  while (file_left > 0 && stream->outbox() < piece_max) {
    std::string piece(std::min<std::uint64_t>(piece_max, file_left), '\0');
    const auto got = ::read(file, piece.data(), piece.size());
    if (got <= 0)
      return settle(Error{Fault::corrupt, "the file became shorter while it was sent", "upload"});
    piece.resize(static_cast<std::size_t>(got));
    file_left -= piece.size();
    stream->write(piece);
  }
}

void Client::State::on_drained() {
  touch();
  if (call && file >= 0 && answer.status == 0) pump();
}

// --- the answer ---

std::size_t Client::State::on_bytes(ByteView bytes) {
  if (!call || over->is_set()) {  // nobody asked: this connection cannot be trusted any more
    stream.reset();
    open = false;
    return 0;
  }
  heard = true;
  touch();
  std::size_t used = 0;
  while (call && !over->is_set()) {
    const auto taken = reader->take(bytes.subspan(used));
    used += taken.used;
    if (taken.step == Step::more) break;
    if (taken.step == Step::bad)
      settle(
          Error{Fault::corrupt, "the server's answer is no HTTP: " + reader->refusal().reason, ""});
    if (taken.step == Step::head) take_head();
    if (taken.step == Step::body) take_piece(reader->piece());
    if (taken.step == Step::done) settle(std::nullopt);
  }
  return used;
}

void Client::State::take_head() {
  if (reader->status() / 100 == 1) {  // an interim answer; the real one follows
    reader = std::make_unique<ResponseReader>(call->method == "HEAD");
    return;
  }
  answer.status = reader->status();
  answer.headers = std::move(reader->headers());
}

void Client::State::take_piece(ByteView piece) {
  if (call->sink && answer.status / 100 == 2) {
    if (auto kept = call->sink(piece); !kept) settle(std::move(kept).error());
    return;
  }
  if (answer.body.size() + piece.size() > call->body_max)
    return settle(Error{Fault::exhausted,
                        "the answer is larger than " + std::to_string(call->body_max) + " bytes",
                        ""});
  answer.body.append(text_of(piece));
}

bool Client::State::on_end() {
  if (!call) {  // the server is done with an idle connection
    stream.reset();
    open = false;
  } else if (reader->ended()) {
    settle(std::nullopt);
  }
  return false;
}

void Client::State::on_close(const Error& why) {
  Error copy = why;
  stale = !heard;
  stream.reset();
  open = false;
  settle(std::move(copy));
}

// --- the front ---

Client::Client(Loop& loop, std::string host, std::uint16_t port, TlsContext* tls)
    : state_(std::make_unique<State>(loop, std::move(host), port, tls)) {}
Client::~Client() = default;

Task<Result<Answer>> Client::call(Call call) {
  State& s = *state_;
  if (s.calling) co_return fail(Fault::conflict, "this client already has a call under way");
  struct Calling {
    bool& flag;
    ~Calling() { flag = false; }
  } calling{s.calling = true};
  const bool repeatable = call.method == "GET" || call.method == "HEAD";
  const bool reused = s.stream != nullptr;
  auto answer = co_await s.attempt(&call);
  if (!answer && reused && repeatable && s.stale)
    co_return co_await s.attempt(&call);  // the kept connection had gone stale
  co_return answer;
}

}  // namespace muster::net::http
