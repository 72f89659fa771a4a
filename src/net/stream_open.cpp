// How a stream comes to be open: names, addresses, and the handshake.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/internal/stream_state.h"
#include "net/internal/tls_state.h"

namespace muster::net {
namespace {

constexpr Duration open_within = 10s;

void prepare(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // What a slow peer has not been sent yet waits with us, not in the kernel.
  const int unsent_max = 32 * 1024;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof unsent_max);
}

// What the certificate must be for, and what the server must be told (SNI is for names only,
// RFC 6066 section 3).
bool expect_name(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(
      rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (internal::numeric_endpoint(host, 0))
    return X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1;
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

void Stream::State::accepted(int descriptor, Crowd* newcomers) {
  fd = descriptor;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
      (address.ss_family == AF_INET || address.ss_family == AF_INET6))
    peer = internal::endpoint_of(reinterpret_cast<const sockaddr*>(&address));
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  prepare(fd);
  phase = Phase::handshaking;
  loop.watch(fd, interest = EPOLLIN, this);
  if (tls) return begin_tls(newcomers);
  phase = Phase::open;
  opening = true;
  loop.at_turn_end(this);
}

void Stream::State::Newcomer::give_way() {
  state.shut({Fault::exhausted, "no handshake while others waited for its place", ""});
}

bool Stream::State::Newcomer::is_owed() const {
  int waiting = 0;
  return ::ioctl(state.fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

void Stream::State::resolve(const std::string& host, std::uint16_t port) {
  plan = std::make_unique<Plan>(host);
  phase = Phase::resolving;
  watch_over(open_within, "no connection within 10 s");
  if (auto endpoint = internal::numeric_endpoint(host, port)) {
    plan->endpoints.push_back(*endpoint);
    return try_next("");
  }
  fd = internal::start_resolving(host, port);
  if (fd < 0) return shut({Fault::unavailable, "host names cannot be resolved now", ""});
  loop.watch(fd, EPOLLIN, this);
}

void Stream::State::resolved() {
  plan->endpoints = internal::finish_resolving(fd);
  if (plan->endpoints.empty())
    return shut({Fault::unavailable, "there is no host " + plan->host, ""});
  try_next("");
}

void Stream::State::try_next(std::string reason) {
  if (fd >= 0) {
    loop.forget(fd, this);
    ::close(fd);
    fd = -1;
  }
  while (plan->next < plan->endpoints.size()) {
    peer = plan->endpoints[plan->next++];
    sockaddr_storage address;
    const socklen_t size = internal::fill(peer, address);
    fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ||
                    errno == EINPROGRESS)) {
      phase = Phase::connecting;
      return loop.watch(fd, interest = EPOLLOUT, this);
    }
    reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  shut({Fault::unavailable, "cannot connect to " + internal::show(peer) + ": " + reason, ""});
}

void Stream::State::connected() {
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return try_next(std::strerror(failure));
  prepare(fd);
  if (tls) return begin_tls();
  call_off();
  plan.reset();
  phase = Phase::open;
  opening = true;
  loop.change(fd, interest = EPOLLIN, this);
  loop.at_turn_end(this);
}

void Stream::State::begin_tls(Crowd* newcomers) {
  phase = Phase::handshaking;
  ERR_clear_error();
  ssl = SSL_new(tls->state_->context.get());
  if (!ssl || SSL_set_fd(ssl, fd) != 1 || (plan && !expect_name(ssl, plan->host)))
    return shut({Fault::internal, "TLS cannot start: " + internal::openssl_reason(), ""});
  if (plan) {
    SSL_set_connect_state(ssl);
    return shake();
  }
  SSL_set_accept_state(ssl);
  watch_over(open_within, "no TLS handshake within 10 s");
  if (!newcomers) return;
  newcomer = std::make_unique<Newcomer>(*this);
  newcomers->join(*newcomer, internal::network_of(peer), false);
}

void Stream::State::shake() {
  if (newcomer) newcomer->speak();
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl);
  if (result != 1) {
    const int code = SSL_get_error(ssl, result);
    std::uint32_t wanted = 0;
    if (code == SSL_ERROR_WANT_READ) wanted = EPOLLIN;
    if (code == SSL_ERROR_WANT_WRITE) wanted = EPOLLOUT;
    if (wanted == 0) return shut(handshake_failure(code));
    if (wanted != interest) loop.change(fd, interest = wanted, this);
    return;
  }
  call_off();
  plan.reset();
  newcomer.reset();
  phase = Phase::open;
  opening = again = true;  // the peer's first bytes may have been read ahead
  loop.at_turn_end(this);
}

Error Stream::State::handshake_failure(int code) {
  const auto verdict = SSL_get_verify_result(ssl);
  std::string reason;
  if (verdict != X509_V_OK)
    reason =
        std::string("the peer's certificate is refused: ") + X509_verify_cert_error_string(verdict);
  else if (code == SSL_ERROR_SYSCALL)
    reason = errno != 0 ? std::strerror(errno) : "the peer hung up";
  else
    reason = internal::openssl_reason();
  ERR_clear_error();
  return {verdict != X509_V_OK ? Fault::unauthorized : Fault::unavailable,
          "TLS handshake: " + reason, ""};
}

}  // namespace muster::net
