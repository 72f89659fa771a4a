#include "net/internal/http_connection.h"

#include <algorithm>

#include "base/log.h"
#include "net/internal/http_exchange.h"
#include "net/internal/http_text.h"

namespace muster::net::http::internal {
namespace {

constexpr std::size_t crowded_at = 64 * 1024;     // bytes unread by the client
constexpr std::size_t pause_at = 64 * 1024;       // pipelined bytes waiting for their turn
constexpr std::uint64_t pace_bytes = 256 * 1024;  // of a body: each earns body_within anew

// What a service gets as its Respond. Dropped unused, it answers that there is no answer.
class Reply {
 public:
  Reply(std::shared_ptr<Mailbox> box, std::uint64_t connection, std::uint64_t exchange)
      : box_(std::move(box)), connection_(connection), exchange_(exchange) {}
  Reply(Reply&&) = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (box_) (*this)(plain(503, "the service gave no answer; try again"));
  }
  void operator()(Response response) {
    const auto box = std::move(box_);
    box_.reset();
    if (!box) return;
    Mailbox::send(box, connection_,
                  [e = exchange_, r = std::move(response)](Connection& c) mutable {
                    c.answer(e, std::move(r));
                  });
  }

 private:
  std::shared_ptr<Mailbox> box_;
  std::uint64_t connection_, exchange_;
};

}  // namespace

Connection::Connection(Door& door, std::uint64_t number, int fd) : door_(door), number_(number) {
  stream_ = std::make_unique<Stream>(door.loop, *this, fd, door.tls, &door.newcomers);
}

Connection::~Connection() {
  door_.loop.cancel(timer_);
  if (exchange_) exchange_->detach();
}

void Connection::on_open() {
  open_ = true;
  set_deadline(door_.limits.idle);
  wait_for_request(false);
  if (door_.draining) drain();
}

// --- reading ---

std::size_t Connection::on_bytes(ByteView bytes) {
  std::size_t used = 0;
  in_bytes_ = true;
  while (takes_bytes()) {
    if (!exchange_) {
      if (used == bytes.size()) break;
      if ((waits_for_room_ = crowded())) break;
      begin_head();
    }
    const Taken taken = exchange_->reader.take(bytes.subspan(used));
    used += taken.used;
    if (taken.step == Step::more) {
      wait_for_rest();
      break;
    }
    if (taken.step == Step::bad) {
      const auto& why = exchange_->reader.refusal();
      refuse(plain(why.status, why.reason));
    }
    if (taken.step == Step::head) admit();
    if (taken.step == Step::body) take_body(exchange_->reader.piece());
    if (taken.step == Step::done) serve();
  }
  in_bytes_ = false;
  if (phase_ == Phase::ending || phase_ == Phase::events) return bytes.size();
  unread_ = used < bytes.size();
  if (bytes.size() - used > pause_at && (!takes_bytes() || waits_for_room_))
    stream_->pause_reading(true);
  if (peer_ended_ && takes_bytes() && !waits_for_room_) stream_->finish();  // no more will come
  return used;
}

bool Connection::crowded() const {
  return stream_->outbox() > crowded_at;
}

void Connection::begin_head() {
  exchange_ = std::make_unique<Exchange>();
  phase_ = Phase::head;
}

void Connection::wait_for_request(bool spoke) {
  door_.waiting.join(*this, stream_->peer_network(), spoke);
}

void Connection::give_way() {
  gave_way_ = true;
  ++door_.leaving;
  stream_->close({Fault::exhausted, "there was no room, and no request of it under way", ""});
}

// Most messages come whole; only one that does not needs a deadline.
void Connection::wait_for_rest() {
  if (exchange_->timed == phase_) return;
  exchange_->timed = phase_;
  if (phase_ == Phase::body) wait_for_request(true);
  set_deadline(phase_ == Phase::head ? door_.limits.head_within : door_.limits.body_within);
}

void Connection::admit() {
  Exchange& e = *exchange_;
  Head& head = e.reader.head();
  head.peer_certificate = stream_->peer_certificate();
  head.peer_address = stream_->peer_address();
  if (door_.limits.whole_peer) {
    if (head.peer_certificate) head.peer_issuers = stream_->peer_issuers();
    head.channel_binding = stream_->channel_binding();
  }
  e.keep = e.reader.keep_alive();
  e.method = head.method;
  if (const std::string* range = head.header("Range")) e.range = *range;
  if (const std::string* condition = head.header("If-Range")) e.if_range = *condition;
  auto admission = door_.service.admit(head);
  if (!admission) return refuse(std::move(admission).error());
  e.admission = std::move(*admission);
  e.room.open(door_, e.admission.stranger);
  if (head.content_length > e.admission.body_max)
    return refuse(plain(
        413, "the body may have at most " + std::to_string(e.admission.body_max) + " bytes here"));
  if (!e.admission.spool_to.empty()) {
    auto spool = Spool::open(e.admission.spool_to);
    if (!spool) {
      log::error("net", spool.error().message);
      return refuse(plain(507, "the body cannot be kept now"));
    }
    e.spool = std::move(*spool);
  }
  const std::string* expectation = head.header("Expect");
  if (expectation && !same_name(*expectation, "100-continue"))
    return refuse(plain(417, "Expect: only 100-continue is understood"));
  if (expectation && e.reader.has_body() && !e.reader.http10())
    write("HTTP/1.1 100 Continue\r\n\r\n");
  phase_ = Phase::body;
}

void Connection::take_body(ByteView piece) {
  Exchange& e = *exchange_;
  e.body_bytes += piece.size();
  if (e.body_bytes > e.admission.body_max)
    return refuse(plain(
        413, "the body may have at most " + std::to_string(e.admission.body_max) + " bytes here"));
  e.pace += piece.size();
  if (e.pace >= pace_bytes) {
    e.pace = 0;
    set_deadline(door_.limits.body_within);
    wait_for_request(true);
  }
  if (!e.spool) {
    if (e.room.take(piece.size())) return void(e.body.append(text_of(piece)));
    Response full = plain(503, "too many bodies are on their way; try again");
    full.headers.emplace_back("Retry-After", "5");
    return refuse(std::move(full));
  }
  if (auto kept = e.spool->write(piece); !kept) {
    log::error("net", kept.error().message);
    refuse(plain(507, "the body cannot be kept now"));
  }
}

void Connection::serve() {
  Exchange& e = *exchange_;
  Request request;
  static_cast<Head&>(request) = std::move(e.reader.head());
  request.body = std::move(e.body);
  if (e.spool) {
    if (auto kept = e.spool->keep(); !kept) {
      log::error("net", kept.error().message);
      return refuse(plain(507, "the body cannot be kept now"));
    }
    request.spooled = e.spool->path();
    request.spooled_bytes = e.spool->size();
    request.spooled_sha256 = e.spool->sha256();
    e.spool.reset();
  }
  leave();
  phase_ = Phase::serving;
  deadline_ = 0;  // the service's own business
  door_.service.serve(std::move(request), Reply(door_.mailbox, number_, ++exchanges_));
}

void Connection::refuse(Response response) {
  exchange_->keep = exchange_->keep && phase_ == Phase::head && !exchange_->reader.has_body() &&
                    exchange_->reader.refusal().reason.empty();
  std::string().swap(exchange_->body);
  phase_ = Phase::serving;
  answer(++exchanges_, std::move(response));
}

// --- ending ---

void Connection::answered(bool keep) {
  if (!keep || door_.draining) {
    phase_ = Phase::ending;
    leave();
    exchange_->detach();
    set_deadline(door_.limits.idle);
    return stream_->finish();
  }
  exchange_.reset();
  phase_ = Phase::idle;
  wait_for_request(true);
  set_deadline(door_.limits.idle);
  if (in_bytes_) return;  // the caller goes on with what it has
  if (peer_ended_ && !unread_) return stream_->finish();
  stream_->pause_reading(false);  // and offers what was pipelined
}

bool Connection::on_end() {
  peer_ended_ = true;
  if (phase_ == Phase::serving || phase_ == Phase::sending) return true;
  return waits_for_room_;
}

void Connection::on_close(const Error& why) {
  if (!open_) log::debug("net", "a client did not get in", {{"why", why.message}});
  door_.gone(number_);  // destroys this
}

void Connection::drain() {
  if (phase_ == Phase::events) return end_events();
  if (phase_ != Phase::idle) return;  // answered() looks at the door
  phase_ = Phase::ending;
  leave();
  stream_->finish();
}

// --- time ---

void Connection::set_deadline(Duration within) {
  deadline_ = monotonic_ns() + std::chrono::nanoseconds(within).count();
  if (armed_for_ != 0 && armed_for_ <= deadline_) return;
  door_.loop.cancel(timer_);
  armed_for_ = deadline_;
  timer_ = door_.loop.after(within, [this] { on_timer(); });
}

void Connection::on_timer() {
  armed_for_ = 0;
  if (deadline_ == 0) return;
  const std::int64_t left = deadline_ - monotonic_ns();
  if (left <= 0) return on_deadline();
  armed_for_ = deadline_;
  timer_ = door_.loop.after(Duration(left / 1'000'000 + 1), [this] { on_timer(); });
}

void Connection::on_deadline() {
  switch (phase_) {
    case Phase::head:
      return refuse(plain(408, "the head did not arrive in time"));
    case Phase::body:
      exchange_->keep = false;
      return refuse(plain(408, "the body did not arrive in time"));
    case Phase::events:
      return beat();
    case Phase::idle:
    case Phase::sending:
    case Phase::ending:
    case Phase::serving:
      break;
  }
  if (stream_->outbox() == 0 && phase_ == Phase::idle) return drain();
  if (!moved()) return stream_->close({Fault::unavailable, "the client does not read", ""});
  set_deadline(door_.limits.idle);
}

bool Connection::moved() {
  const std::uint64_t taken = written_ - stream_->outbox();
  return taken != std::exchange(taken_, taken);
}

void Connection::write(std::string_view text) {
  written_ += text.size();
  stream_->write(text);
}

}  // namespace muster::net::http::internal
