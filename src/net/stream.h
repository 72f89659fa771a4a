// net/stream -- one TCP connection, plain or TLS on the descriptor itself, with its outbox.
//
// Callbacks, one thread (its Loop's). Bytes that on_bytes leaves unread are kept and offered again
// with the next ones; an idle stream keeps no buffer. write() appends to the outbox; the outbox is
// flushed once at the end of the loop's turn, so that many small writes cost one record and one
// system call. close() may be called from any callback: the stream tells on_close exactly once,
// from the loop, never from inside the caller.
//
// Bounds: 10 s to connect and shake hands; 2 MiB of bytes left unread by on_bytes, then the stream
// closes; 30 s for finish() to flush and 1 s for the peer's own goodbye. Everything beyond is the
// owner's: who writes without looking at outbox() fills memory. Host names are resolved off the
// loop, and each address is tried in turn.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/crowd.h"
#include "net/loop.h"
#include "net/tls.h"

namespace muster::net {

class Stream {
 public:
  struct Events {
    virtual void on_open() {}                    // connected and, with TLS, the handshake is done
    virtual std::size_t on_bytes(ByteView) = 0;  // returns how many it used
    virtual void on_writable() {}                // once, after when_writable()
    virtual void on_drained() {}  // the outbox ran empty after having been over a record's size
    // The peer has finished sending (FIN or close_notify). True: the stream stays open for what we
    // still have to write, and finish() or close() is up to the owner. False: finish() follows.
    virtual bool on_end() { return false; }
    virtual void on_close(
        const Error&) = 0;  // the last call; the Stream may be destroyed in it or after

   protected:
    ~Events() = default;
  };

  // A client's: connects, then handshakes when `tls` is given (checks `host` against the server
  // certificate).
  Stream(Loop&, Events&, const std::string& host, std::uint16_t port, TlsContext* tls);
  // A server's: takes an accepted descriptor. Until its handshake is done it is one of the
  // newcomers, who may have to give way; the crowd outlives the stream.
  Stream(Loop&, Events&, int fd, TlsContext* tls, Crowd* newcomers = nullptr);
  ~Stream();  // closes at once, without on_close
  Stream(const Stream&) = delete;

  void write(ByteView);
  void write(std::string_view text) { write(bytes_of(text)); }
  // For who can read its octets anew, as those of a file: nothing is kept here, so that a slow peer
  // costs one TLS record and no copy. on_writable() follows once the outbox is empty and the kernel
  // takes something; write_now(), from there only, returns how much that was. The rest is offered
  // again in the next on_writable(), beginning with the same octets, and by nothing else before.
  void when_writable();
  std::size_t write_now(ByteView);
  std::size_t outbox() const;  // bytes not yet handed to the kernel
  // Back-pressure. pause_reading(false) also offers what on_bytes left unread once more, at the end
  // of the turn.
  void pause_reading(bool);
  void close(Error why = {Fault::unavailable, "closed", ""});  // drops what is unsent
  void finish();  // flushes, says goodbye (close_notify), then closes

  std::optional<Bytes> peer_certificate() const;  // DER; after on_open
  std::vector<Bytes> peer_issuers() const;        // DER; what the peer sent with it, in its order
  // What ties words to this very connection: tls-unique (RFC 5929) in TLS 1.2, tls-exporter
  // (RFC 9266) in TLS 1.3; empty without TLS. After on_open, a server's only.
  Bytes channel_binding() const;
  std::string peer_address() const;  // "127.0.0.1:40312", also once closed
  // The peer's IPv4 address, or the /64 of its IPv6 address: what one host can have many of counts
  // once. Also once closed.
  std::uint64_t peer_network() const;
  std::string protocol() const;  // what ALPN chose; empty if nothing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Accepts on one address; every loop thread has a Listener of its own on the same port
// (SO_REUSEPORT). Whether there is room is asked after each accept, so that who waits in the
// kernel's backlog can displace who has no right to stay (Crowd). While there is none, nobody is
// accepted, and it is asked again after 10 ms. When the process has no descriptor left, it is asked
// to give one back.
class Listener {
 public:
  using Accept = std::function<void(int fd)>;
  enum class Need : std::uint8_t { place, descriptor };
  using Room = std::function<bool(Need)>;  // whether there is one now
  static Result<std::unique_ptr<Listener>> open(Loop&, const std::string& address,
                                                std::uint16_t port, Accept, Room = {});
  ~Listener();
  std::uint16_t port() const;  // the real one when 0 was asked
  void hold(bool);             // stop and go on accepting

 private:
  struct State;
  explicit Listener(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::net
