// net/internal/stream_state -- the life of one connection: resolve, connect, shake hands, talk,
// linger, gone. Small on purpose: a gateway holds one per device. Loop thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "net/internal/endpoint.h"
#include "net/stream.h"

namespace muster::net {

struct Stream::State final : Loop::Watcher, Loop::TurnEnd {
  enum class Phase : std::uint8_t { resolving, connecting, handshaking, open, lingering, closed };
  enum class Got : std::uint8_t { more, dry, ended, failed };
  struct Plan {  // of a client until it is open
    std::string host;
    std::vector<internal::Endpoint> endpoints;
    std::size_t next = 0;
  };

  struct Newcomer final : Crowd::Member {  // a server's until it is open
    explicit Newcomer(State& s) : state(s) {}
    void give_way() override;
    bool is_owed() const override;
    using Member::speak;
    State& state;
  };

  State(Loop& l, Events& e) : loop(l), events(e) {}
  ~State();

  // stream.cpp: reading, writing, ending
  void on_ready(std::uint32_t ready) override;
  void on_turn_end() override;
  void read();
  Got receive(std::span<std::uint8_t> into, std::size_t& got);
  Got receive_tls(std::span<std::uint8_t> into, std::size_t& got);
  void peer_ended();
  bool send_some();  // false: the kernel takes no more now, or the stream closed
  std::size_t hand_over(const char* from, std::size_t left);  // 0: as above
  void finish();
  void goodbye();
  void discard();
  void shut(Error why);
  void release();
  void show_interest();
  void watch_over(Duration, const char* what);  // closes, unless called again or called off
  void call_off() { loop.cancel(timer); }
  bool reading() const { return !paused && !ended; }

  // These call the owner and return false when it destroyed the stream meanwhile.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool emptied();
  [[nodiscard]] bool offer(ByteView fresh);  // fresh bytes after those left unread

  // stream_open.cpp: the way to an open connection
  void accepted(int descriptor, Crowd* newcomers);
  void resolve(const std::string& host, std::uint16_t port);
  void resolved();
  void try_next(std::string why);
  void connected();
  void begin_tls(Crowd* newcomers = nullptr);
  void shake();
  Error handshake_failure(int code);

  // Calls the owner; false when it destroyed the stream meanwhile.
  template <class Call>
  bool tell(Call call) {
    bool destroyed = false;
    gone = &destroyed;
    call();
    if (destroyed) return false;
    gone = nullptr;
    return true;
  }

  Loop& loop;
  Events& events;
  SSL* ssl = nullptr;
  TlsContext* tls = nullptr;
  bool* gone = nullptr;
  std::string outbox;
  std::size_t sent = 0;  // of the outbox
  std::vector<std::uint8_t> unread;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Newcomer> newcomer;
  std::unique_ptr<Error> why;  // told by on_close
  Loop::TimerId timer;
  internal::Endpoint peer;
  int fd = -1;
  std::uint32_t interest = 0;
  Phase phase = Phase::closed;
  bool paused = false, ended = false, finishing = false;
  bool opening = false;     // on_open is still to be told
  bool again = false;       // bytes wait that the kernel will not report
  bool blocked = false;     // the kernel took only a part
  bool wants_room = false;  // on_writable() is still to be told
  bool large = false;       // the outbox was over a record's size
};

}  // namespace muster::net
