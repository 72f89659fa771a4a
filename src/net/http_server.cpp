#include <unordered_map>

#include "net/http.h"
#include "net/internal/http_connection.h"
#include "net/internal/http_text.h"

namespace muster::net::http {

namespace internal {

const std::string& Door::date() {
  const Instant now = SystemClock{}.now();
  const std::int64_t second = millis(now) / 1000;
  if (second != std::exchange(date_second_, second)) date_ = http_date(now);
  return date_;
}

void Mailbox::close() {
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
  door_ = nullptr;
}

void Mailbox::send(const std::shared_ptr<Mailbox>& box, std::uint64_t connection, Use work) {
  bool here;
  {
    std::lock_guard lock(box->mutex_);
    if (!box->loop_) return;
    here = box->loop_->here();
    if (!here)
      box->loop_->post(
          [box, connection, w = std::move(work)]() mutable { use(*box, connection, w); });
  }
  if (here) use(*box, connection, work);
}

void Mailbox::use(Mailbox& box, std::uint64_t connection, Use& work) {
  if (!box.door_) return;
  if (Connection* found = box.door_->connection(connection)) work(*found);
}

}  // namespace internal

namespace {
constexpr Duration drain_within = 5s;
}

struct Server::State final : internal::Door {
  using Door::Door;
  ~State() {
    loop.cancel(drain_limit);
    mailbox->close();
  }

  internal::Connection* connection(std::uint64_t number) override {
    auto found = connections.find(number);
    return found == connections.end() ? nullptr : found->second.get();
  }
  void accept(int fd) {
    connections.emplace(++last, std::make_unique<internal::Connection>(*this, last, fd));
  }
  bool room(Listener::Need need) {
    if (need == Listener::Need::descriptor) return newcomers.make_way() || waiting.make_way();
    if (newcomers.size() > limits.handshakes_max && !newcomers.make_way()) return false;
    return connections.size() - leaving <= limits.connections_max || waiting.make_way();
  }
  void gone(std::uint64_t number) override {
    auto found = connections.find(number);
    if (found->second->gave_way()) --leaving;
    connections.erase(found);
    if (connections.empty()) drained();
  }
  void drained() {
    if (!when_drained) return;
    loop.cancel(drain_limit);
    loop.post(std::exchange(when_drained, nullptr));
  }

  std::unique_ptr<Listener> listener;
  std::uint16_t port = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<internal::Connection>> connections;
  std::uint64_t last = 0;
  Work when_drained;
  Loop::TimerId drain_limit;
};

Result<std::unique_ptr<Server>> Server::open(Loop& loop, const std::string& address,
                                             std::uint16_t port, TlsContext* tls, Service& service,
                                             ServerLimits limits) {
  auto state = std::make_unique<State>(loop, tls, service, limits);
  state->mailbox = std::make_shared<internal::Mailbox>(*state);
  TRY(state->listener, Listener::open(
                           loop, address, port, [s = state.get()](int fd) { s->accept(fd); },
                           [s = state.get()](Listener::Need need) { return s->room(need); }));
  state->port = state->listener->port();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

std::uint16_t Server::port() const {
  return state_->port;
}

std::size_t Server::connections() const {
  return state_->connections.size();
}

void Server::drain(Work done) {
  State& s = *state_;
  s.listener.reset();
  s.draining = true;
  s.when_drained = std::move(done);
  for (auto& [number, connection] : s.connections)
    if (connection->open()) connection->drain();
  s.drain_limit = s.loop.after(drain_within, [&s] {
    s.connections.clear();
    s.drained();
  });
  if (s.connections.empty()) s.drained();
}

}  // namespace muster::net::http
