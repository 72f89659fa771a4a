// net/internal/http_connection -- one client of a Server: reads a request, has it answered, writes
// the answer, and only then looks at the next one, so that pipelined requests keep their order.
//
// Between requests it holds no buffer and no parser. It has one timer at most, armed for the
// earliest deadline it has had; a deadline that moved away is looked at when the timer runs. Loop
// thread.
#pragma once

#include <memory>
#include <optional>

#include "net/internal/http_door.h"
#include "net/internal/http_reader.h"
#include "net/internal/http_text.h"
#include "net/internal/spool.h"
#include "net/stream.h"

namespace muster::net::http::internal {

class Channel;

class Connection final : public Stream::Events, private Crowd::Member {
 public:
  Connection(Door&, std::uint64_t number, int fd);
  ~Connection();
  Connection(const Connection&) = delete;

  bool open() const { return open_; }
  bool gave_way() const { return gave_way_; }
  void answer(std::uint64_t exchange, Response);  // ignored when it is not the one being served
  void drain();                                   // ends at the next good moment

  // Of an event stream; false closes it.
  bool deliver(std::string_view events);
  void end_events();

 private:
  enum class Phase : std::uint8_t { idle, head, body, serving, sending, events, ending };
  struct Exchange;  // http_connection.cpp: one request and its answer

  void on_open() override;
  std::size_t on_bytes(ByteView) override;
  void on_writable() override;
  void on_drained() override;
  bool on_end() override;
  void on_close(const Error&) override;
  void give_way() override;

  bool takes_bytes() const { return phase_ <= Phase::body; }
  bool crowded() const;  // the client must read before it may ask again
  void begin_head();
  void wait_for_rest();
  void wait_for_request(bool spoke);
  void admit();
  void take_body(ByteView);
  void serve();
  void refuse(Response);  // and the connection ends: the rest of the request is unread

  void write_head(const Response&, std::optional<std::uint64_t> length, bool keep);
  void send_file(const Response&);
  std::optional<Slice> slice_for(Response&, std::uint64_t whole) const;
  void pump();
  void start_events(Response&);
  void beat();
  void answered(bool keep);
  void write(std::string_view);

  void set_deadline(Duration);
  void on_timer();
  void on_deadline();
  bool moved();  // whether the client has read anything since the last call

  Door& door_;
  const std::uint64_t number_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<Stream> stream_;
  std::uint64_t exchanges_ = 0;  // served so far
  std::uint64_t written_ = 0, taken_ = 0;
  std::int64_t deadline_ = 0, armed_for_ = 0;  // monotonic ns; 0: none
  Loop::TimerId timer_;
  Phase phase_ = Phase::idle;
  bool open_ = false, peer_ended_ = false, unread_ = false, waits_for_room_ = false;
  bool in_bytes_ = false, gave_way_ = false;
};

}  // namespace muster::net::http::internal
