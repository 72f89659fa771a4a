#include "net/internal/http_events.h"

#include "net/internal/http_connection.h"
#include "net/internal/http_text.h"

namespace muster::net::http::internal {

Channel::~Channel() {
  if (open_) Mailbox::send(box_, connection_, [](Connection& c) { c.end_events(); });
}

bool Channel::send(std::string_view event, std::string_view data, std::string_view id) {
  if (!open_) return false;
  std::string text = event_text(event, data, id);
  const std::size_t size = text.size();
  if (under_way_.fetch_add(size) + size > events_unread_max) {
    shut();
    Mailbox::send(box_, connection_, [](Connection& c) { c.end_events(); });
    return false;
  }
  Mailbox::send(box_, connection_,
                [self = shared_from_this(), size, t = std::move(text)](Connection& c) {
                  self->under_way_ -= size;
                  if (self->open_ && !c.deliver(t)) self->shut();
                });
  return open_;
}

}  // namespace muster::net::http::internal
