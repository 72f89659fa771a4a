#include "load/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace muster::load {

Tls::Tls() : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context_, 1);
  SSL_CTX_set1_groups_list(context_, "X25519");
  SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256");
}

Tls::~Tls() {
  SSL_CTX_free(context_);
}

SSL* Tls::connection(int fd, const Identity& who) const {
  SSL* ssl = SSL_new(context_);
  SSL_use_certificate(ssl, who.certificate.get());
  SSL_use_PrivateKey(ssl, who.key.get());
  SSL_set_fd(ssl, fd);
  SSL_set_connect_state(ssl);
  return ssl;
}

Connection::Connection(net::Loop& loop, const Tls& tls, const Identity& identity,
                       std::uint16_t port, int window)
    : loop_(loop), identity_(identity) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) give_up({Fault::exhausted, std::string("no socket: ") + std::strerror(errno), ""});
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (window > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  sockaddr_in to{.sin_family = AF_INET,
                 .sin_port = htons(port),
                 .sin_addr = {htonl(INADDR_LOOPBACK)},
                 .sin_zero = {}};
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
    give_up({Fault::unavailable, std::string("cannot connect: ") + std::strerror(errno), ""});
  ssl_ = tls.connection(fd_, identity);
  loop_.watch(fd_, interest_ = EPOLLOUT, this);
}

Connection::~Connection() {
  if (fd_ < 0) return;
  loop_.forget(fd_, this);
  SSL_free(ssl_);
  ::close(fd_);
}

void Connection::on_ready(std::uint32_t) {
  if (!open_) return shake();
  if (!outbox_.empty()) flush();
  if (alive()) read();
}

void Connection::shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    open_ = true;
    loop_.change(fd_, interest_ = EPOLLIN, this);
    opened();
    return alive() ? read() : void();
  }
  const int code = SSL_get_error(ssl_, result);
  if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE) return end("the TLS handshake");
  const std::uint32_t wanted = code == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
  if (wanted != interest_) loop_.change(fd_, interest_ = wanted, this);
}

void Connection::read() {
  const auto room = loop_.scratch();
  std::size_t got = 0, n = 0;
  ERR_clear_error();
  while (got < room.size() && SSL_read_ex(ssl_, room.data() + got, room.size() - got, &n) == 1) {
    got += n;
    if (!SSL_has_pending(ssl_)) break;
  }
  if (got == 0) {
    const int code = SSL_get_error(ssl_, 0);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return;
    return end(code == SSL_ERROR_ZERO_RETURN ? "the server said goodbye" : "cut");
  }
  const ByteView fresh = room.first(got);
  if (unread_.empty()) {
    const std::size_t used = received(fresh);
    unread_.assign(fresh.begin() + static_cast<std::ptrdiff_t>(used), fresh.end());
  } else {
    unread_.insert(unread_.end(), fresh.begin(), fresh.end());
    const std::size_t used = received(unread_);
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(used));
  }
}

void Connection::write(ByteView bytes) {
  if (!alive()) return;
  outbox_.append(text_of(bytes));
  flush();
}

void Connection::flush() {
  std::size_t sent = 0, n = 0;
  ERR_clear_error();
  while (sent < outbox_.size() &&
         SSL_write_ex(ssl_, outbox_.data() + sent, outbox_.size() - sent, &n) == 1)
    sent += n;
  outbox_.erase(0, sent);
  const std::uint32_t wanted = outbox_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  if (wanted != interest_) loop_.change(fd_, interest_ = wanted, this);
}

void Connection::hold(bool held) {
  const std::uint32_t wanted = held ? 0 : EPOLLIN;
  if (alive() && wanted != interest_) loop_.change(fd_, interest_ = wanted, this);
}

void Connection::end(const std::string& reason) {
  if (!alive()) return;
  loop_.forget(fd_, this);
  SSL_free(ssl_);
  ::close(fd_);
  fd_ = -1;
  ended(reason);
}

}  // namespace muster::load
