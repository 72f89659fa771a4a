// net/internal/http_events -- the application's end of an event stream. Any thread.
#pragma once

#include <atomic>
#include <memory>

#include "net/internal/http_door.h"

namespace muster::net::http::internal {

constexpr std::size_t events_unread_max = 1 << 20;

class Channel final : public EventChannel, public std::enable_shared_from_this<Channel> {
 public:
  Channel(std::shared_ptr<Mailbox> box, std::uint64_t connection)
      : box_(std::move(box)), connection_(connection) {}
  ~Channel() override;  // ends the stream: nobody can send any more
  bool send(std::string_view event, std::string_view data, std::string_view id) override;
  bool open() const override { return open_; }
  void shut() { open_ = false; }

 private:
  const std::shared_ptr<Mailbox> box_;
  const std::uint64_t connection_;
  std::atomic<bool> open_{true};
  std::atomic<std::size_t> under_way_{0};  // bytes handed to the loop and not yet in the outbox
};

}  // namespace muster::net::http::internal
