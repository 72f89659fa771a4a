#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/internal/stream_state.h"
#include "net/internal/tls_state.h"

namespace muster::net {
namespace {

constexpr std::size_t unread_max = 2 << 20;
constexpr std::size_t record_max = 16 * 1024;
constexpr int reads_per_turn = 16;  // of one scratch buffer: no stream starves the others

Error gone_away(std::string message) {
  return {Fault::unavailable, std::move(message), ""};
}

Error system_failure(const char* what) {
  return gone_away(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Stream::State::~State() {
  if (gone) *gone = true;
  release();
  loop.forget(this);
}

void Stream::State::on_ready(std::uint32_t ready) {
  switch (phase) {
    case Phase::resolving:
      return resolved();
    case Phase::connecting:
      return connected();
    case Phase::handshaking:
      return shake();
    case Phase::lingering:
      return discard();
    case Phase::closed:
      return;
    case Phase::open:
      break;
  }
  if (opening) return;
  if ((ready & (EPOLLERR | EPOLLHUP)) && !reading()) return shut(gone_away("the peer is gone"));
  if (ready & EPOLLOUT) {
    blocked = false;
    if (!flush()) return;
  }
  if (ready & ~std::uint32_t{EPOLLOUT}) read();
}

void Stream::State::on_turn_end() {
  if (phase == Phase::closed) {
    const Error reason = why ? std::move(*why) : gone_away("closed");
    return events.on_close(reason);  // the owner may have destroyed us: nothing follows
  }
  if (opening) {
    opening = false;
    if (!tell([&] { events.on_open(); })) return;
    if (finishing && phase == Phase::open)
      watch_over(30s, "the peer did not take the last bytes in time");
    show_interest();
  }
  if (!flush()) return;
  if (!std::exchange(again, false) || phase != Phase::open || paused) return;
  if (!unread.empty() && !offer({})) return;
  read();
}

// --- reading ---

void Stream::State::read() {
  const auto scratch = loop.scratch();
  for (int round = 0; round < reads_per_turn; ++round) {
    if (phase != Phase::open || !reading()) return;
    std::size_t got = 0;
    const Got outcome = receive(scratch, got);
    const std::string reason = outcome == Got::failed && ssl ? internal::openssl_reason() : "";
    const int code = errno;
    if (got > 0 && !offer(scratch.first(got))) return;
    if (phase != Phase::open || outcome == Got::dry) return;
    if (outcome == Got::ended) return peer_ended();
    if (outcome == Got::failed)
      return shut(gone_away("the connection was cut: " +
                            (ssl ? reason : std::string(std::strerror(code)))));
  }
  again = true;
  loop.at_turn_end(this);
}

Stream::State::Got Stream::State::receive(std::span<std::uint8_t> into, std::size_t& got) {
  if (ssl) return receive_tls(into, got);
  const auto n = ::recv(fd, into.data(), into.size(), 0);
  if (n == 0) return Got::ended;
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Got::dry : Got::failed;
  got = static_cast<std::size_t>(n);
  return got < into.size() ? Got::dry : Got::more;
}

Stream::State::Got Stream::State::receive_tls(std::span<std::uint8_t> into, std::size_t& got) {
  do {
    internal::forget_openssl_errors();
    std::size_t n = 0;
    if (SSL_read_ex(ssl, into.data() + got, into.size() - got, &n) == 1) {
      got += n;
      continue;
    }
    switch (SSL_get_error(ssl, 0)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return Got::dry;
      case SSL_ERROR_ZERO_RETURN:
        return Got::ended;
      default:
        return Got::failed;
    }
  } while (got < into.size() && SSL_has_pending(ssl));
  // What stays in the kernel is reported again by epoll; what OpenSSL read ahead is not.
  return SSL_has_pending(ssl) ? Got::more : Got::dry;
}

bool Stream::State::offer(ByteView fresh) {
  std::size_t used = 0;
  if (unread.empty()) {
    if (!tell([&] { used = events.on_bytes(fresh); })) return false;
    unread.assign(fresh.begin() + static_cast<std::ptrdiff_t>(used), fresh.end());
  } else {
    unread.insert(unread.end(), fresh.begin(), fresh.end());
    if (!tell([&] { used = events.on_bytes(unread); })) return false;
    unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(used));
  }
  if (unread.empty()) std::vector<std::uint8_t>().swap(unread);
  if (unread.size() > unread_max)
    shut({Fault::exhausted, "the peer sent more than can be kept unread", ""});
  return true;
}

void Stream::State::peer_ended() {
  ended = true;
  show_interest();
  bool keep = false;
  if (!tell([&] { keep = events.on_end(); }) || phase != Phase::open) return;
  if (!keep) finish();
}

// --- writing ---

bool Stream::State::flush() {
  if (phase != Phase::open) return true;
  while (sent < outbox.size() && !blocked && phase == Phase::open)
    if (!send_some()) break;
  if (phase != Phase::open) return true;
  if (sent == outbox.size() && !emptied()) return false;
  if (phase == Phase::open) show_interest();
  return true;
}

bool Stream::State::send_some() {
  const std::size_t n = hand_over(outbox.data() + sent, outbox.size() - sent);
  sent += n;
  return n > 0;
}

std::size_t Stream::State::hand_over(const char* from, std::size_t left) {
  if (!ssl) {
    ssize_t taken;
    do taken = ::send(fd, from, left, MSG_NOSIGNAL);
    while (taken < 0 && errno == EINTR);
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno == EAGAIN)
      blocked = true;
    else
      shut(system_failure("the connection was cut"));
    return 0;
  }
  internal::forget_openssl_errors();
  std::size_t n = 0;
  if (SSL_write_ex(ssl, from, left, &n) == 1) return n;
  const int code = SSL_get_error(ssl, 0);
  if (code == SSL_ERROR_WANT_WRITE || code == SSL_ERROR_WANT_READ)
    blocked = true;
  else
    shut(gone_away("the connection was cut: " + (code == SSL_ERROR_SYSCALL
                                                     ? std::string(std::strerror(errno))
                                                     : internal::openssl_reason())));
  return 0;
}

bool Stream::State::emptied() {
  if (!outbox.empty()) std::string().swap(outbox);
  sent = 0;
  if (std::exchange(large, false) && !finishing)
    if (!tell([&] { events.on_drained(); })) return false;
  if (outbox.empty() && !blocked && phase == Phase::open && std::exchange(wants_room, false))
    if (!tell([&] { events.on_writable(); })) return false;
  if (finishing && outbox.empty() && phase == Phase::open) goodbye();
  return true;
}

// --- ending ---

void Stream::State::finish() {
  if (finishing) return;
  finishing = true;
  if (phase != Phase::open) return;  // it will, once it is open
  watch_over(30s, "the peer did not take the last bytes in time");
  loop.at_turn_end(this);
}

void Stream::State::goodbye() {
  if (ssl) {
    ERR_clear_error();
    SSL_shutdown(ssl);
  }
  ::shutdown(fd, SHUT_WR);
  if (ended) return shut(gone_away("closed"));
  phase = Phase::lingering;  // or the kernel would reset what is still on its way to the peer
  watch_over(1s, "closed");
  show_interest();
}

void Stream::State::discard() {
  const auto scratch = loop.scratch();
  const auto n = ::recv(fd, scratch.data(), scratch.size(), 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) shut(gone_away("closed"));
}

void Stream::State::shut(Error reason) {
  if (phase == Phase::closed) return;
  why = std::make_unique<Error>(std::move(reason));
  release();
  loop.at_turn_end(this);
}

void Stream::State::release() {
  call_off();
  phase = Phase::closed;
  std::string().swap(outbox);
  sent = 0;
  plan.reset();
  newcomer.reset();
  if (fd < 0) return;
  loop.forget(fd, this);
  if (ssl) SSL_free(ssl);
  ssl = nullptr;
  ::close(fd);
  fd = -1;
}

void Stream::State::show_interest() {
  if (fd < 0) return;
  std::uint32_t wanted = 0;
  if (phase == Phase::lingering || (phase == Phase::open && reading())) wanted |= EPOLLIN;
  if (phase == Phase::open && blocked) wanted |= EPOLLOUT;
  if (wanted != interest) loop.change(fd, wanted, this);
  interest = wanted;
}

void Stream::State::watch_over(Duration limit, const char* what) {
  call_off();
  timer = loop.after(limit, [this, what] { shut(gone_away(what)); });
}

// --- the front ---

Stream::Stream(Loop& loop, Events& events, const std::string& host, std::uint16_t port,
               TlsContext* tls)
    : state_(std::make_unique<State>(loop, events)) {
  state_->tls = tls;
  state_->resolve(host, port);
}

Stream::Stream(Loop& loop, Events& events, int fd, TlsContext* tls, Crowd* newcomers)
    : state_(std::make_unique<State>(loop, events)) {
  state_->tls = tls;
  state_->accepted(fd, newcomers);
}

Stream::~Stream() = default;

void Stream::write(ByteView bytes) {
  State& s = *state_;
  if (s.phase >= State::Phase::lingering || s.finishing || bytes.empty()) return;
  if (s.sent > 256 * 1024 && s.sent > s.outbox.size() / 2) {
    s.outbox.erase(0, s.sent);
    s.sent = 0;
  }
  s.outbox.append(text_of(bytes));
  if (s.outbox.size() - s.sent > record_max) s.large = true;
  if (s.phase == State::Phase::open && !s.blocked) s.loop.at_turn_end(state_.get());
}

std::size_t Stream::write_now(ByteView bytes) {
  State& s = *state_;
  std::size_t taken = 0;
  const std::string_view text = text_of(bytes);
  if (s.phase != State::Phase::open || s.opening || s.finishing) return 0;
  while (s.outbox.empty() && !s.blocked && taken < text.size()) {
    const auto n = s.hand_over(text.data() + taken, text.size() - taken);
    if (n == 0) break;
    taken += n;
  }
  return taken;
}

void Stream::when_writable() {
  State& s = *state_;
  if (s.phase != State::Phase::open || s.finishing) return;
  s.wants_room = true;
  if (!s.blocked) s.loop.at_turn_end(state_.get());
}

std::size_t Stream::outbox() const {
  return state_->outbox.size() - state_->sent;
}

void Stream::pause_reading(bool paused) {
  State& s = *state_;
  s.paused = paused;
  if (s.phase != State::Phase::open || s.opening) return;
  s.show_interest();
  if (paused) return;
  s.again = true;
  s.loop.at_turn_end(state_.get());
}

void Stream::close(Error why) {
  state_->shut(std::move(why));
}

void Stream::finish() {
  State& s = *state_;
  if (s.phase < State::Phase::lingering) s.finish();
}

std::optional<Bytes> Stream::peer_certificate() const {
  if (!state_->ssl) return std::nullopt;
  X509* certificate = SSL_get0_peer_certificate(state_->ssl);
  if (!certificate) return std::nullopt;
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  auto* to = der.data();
  i2d_X509(certificate, &to);
  return der;
}

std::vector<Bytes> Stream::peer_issuers() const {
  std::vector<Bytes> out;
  if (!state_->ssl) return out;
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(state_->ssl);  // a server's is without the leaf
  for (int i = 0; chain && i < sk_X509_num(chain); ++i) {
    const int size = i2d_X509(sk_X509_value(chain, i), nullptr);
    if (size <= 0) continue;
    Bytes der(static_cast<std::size_t>(size));
    auto* to = der.data();
    i2d_X509(sk_X509_value(chain, i), &to);
    out.push_back(std::move(der));
  }
  return out;
}

Bytes Stream::channel_binding() const {
  if (!state_->ssl) return {};
  Bytes out(EVP_MAX_MD_SIZE);
  if (SSL_version(state_->ssl) <= TLS1_2_VERSION) {  // no resumption: the client finishes first
    out.resize(SSL_get_peer_finished(state_->ssl, out.data(), out.size()));
    return out;
  }
  constexpr std::string_view label = "EXPORTER-Channel-Binding";
  out.resize(32);
  if (SSL_export_keying_material(state_->ssl, out.data(), out.size(), label.data(), label.size(),
                                 nullptr, 0, 1) != 1)
    out.clear();
  return out;
}

std::string Stream::peer_address() const {
  return internal::show(state_->peer);
}

std::uint64_t Stream::peer_network() const {
  return internal::network_of(state_->peer);
}

std::string Stream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  if (state_->ssl) SSL_get0_alpn_selected(state_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace muster::net
