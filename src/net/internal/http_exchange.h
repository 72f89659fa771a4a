// net/internal/http_exchange -- one request and its answer, for as long as they last. Loop
// thread.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "net/internal/http_connection.h"
#include "net/internal/http_events.h"

namespace muster::net::http::internal {

struct OpenFile {
  int fd = -1;
  std::uint64_t at = 0, end = 0;
  ~OpenFile();
};

// What one body has taken of its server's room; gives it back at its end.
class BodyShare {
 public:
  BodyShare() = default;
  ~BodyShare() { give_back(); }
  BodyShare(const BodyShare&) = delete;
  void open(Door& door, bool stranger) {
    rooms_ = {&door.bodies, stranger ? &door.strangers_bodies : nullptr};
  }
  bool take(std::size_t octets) {
    for (const BodyRoom* room : rooms_)
      if (room && !room->has(octets)) return false;
    for (BodyRoom* room : rooms_)
      if (room) room->taken += octets;
    taken_ += octets;
    return true;
  }
  void give_back() {
    for (BodyRoom* room : rooms_)
      if (room) room->taken -= taken_;
    taken_ = 0;
  }

 private:
  std::array<BodyRoom*, 2> rooms_{};
  std::size_t taken_ = 0;
};

struct Connection::Exchange {
  RequestReader reader;
  Admission admission;
  std::unique_ptr<Spool> spool;
  std::string body, method, range, if_range;
  std::uint64_t body_bytes = 0, pace = 0;
  BodyShare room;
  bool keep = false;
  Phase timed = Phase::idle;  // the last phase that was given a deadline
  std::unique_ptr<OpenFile> file;
  std::weak_ptr<Channel> channel;
  unsigned beats_stalled = 0;

  void detach() {  // the client is gone or going
    if (auto c = channel.lock()) c->shut();
  }
};

}  // namespace muster::net::http::internal
