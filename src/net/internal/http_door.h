// net/internal/http_door -- what connections need of their server, and the way back to a
// connection from any thread.
//
// A Respond or an EventChannel may outlive its connection, its server and their loop's run. It
// holds a Mailbox and two numbers, never a pointer: whom the numbers no longer name gets nothing.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "net/crowd.h"
#include "net/http.h"

namespace muster::net::http::internal {

class Connection;
class Mailbox;

// Octets of bodies in memory, of those that one server may hold.
struct BodyRoom {
  const std::size_t most;
  std::size_t taken = 0;
  bool has(std::size_t octets) const { return octets <= most - taken; }
};

struct Door {
  Door(Loop& l, TlsContext* t, Service& s, ServerLimits m)
      : loop(l),
        tls(t),
        service(s),
        limits(m),
        newcomers(m.handshakes_max),
        waiting(m.connections_max, {.silent = 1s, .greedy = 1s, .speaking = 10s}),
        strangers_bodies{.most = m.strangers_bodies_max},
        bodies{.most = m.bodies_max} {}
  virtual Connection* connection(std::uint64_t number) = 0;  // null when it is gone
  virtual void gone(std::uint64_t number) = 0;               // destroys the connection
  const std::string& date();                                 // of this second, for the Date header

  Loop& loop;
  TlsContext* tls;
  Service& service;
  const ServerLimits limits;
  std::shared_ptr<Mailbox> mailbox;
  bool draining = false;
  Crowd newcomers;          // their handshake is not done
  Crowd waiting;            // no request of theirs is being answered
  std::size_t leaving = 0;  // gave way, and are not gone yet
  BodyRoom strangers_bodies, bodies;

 protected:
  ~Door() = default;

 private:
  std::string date_;
  std::int64_t date_second_ = -1;
};

class Mailbox {
 public:
  explicit Mailbox(Door& door) : loop_(&door.loop), door_(&door) {}
  void close();  // the server is going

  // Runs the work on the loop with the connection, if both are still there; at once when the
  // caller is already on the loop.
  using Use = std::move_only_function<void(Connection&)>;
  static void send(const std::shared_ptr<Mailbox>&, std::uint64_t connection, Use);

 private:
  static void use(Mailbox&, std::uint64_t connection, Use&);
  std::mutex mutex_;
  Loop* loop_;  // guarded: null once closed
  Door* door_;  // the loop's thread only
};

}  // namespace muster::net::http::internal
