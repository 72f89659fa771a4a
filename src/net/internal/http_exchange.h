// net/internal/http_exchange -- one request and its answer, for as long as they last.
#pragma once

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

struct Connection::Exchange {
  RequestReader reader;
  Admission admission;
  std::unique_ptr<Spool> spool;
  std::string body, method, range, if_range;
  std::uint64_t body_bytes = 0, pace = 0;
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
