#include "signer/serve.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/log.h"
#include "signer/frame.h"

namespace muster::signer {
namespace {

constexpr std::size_t read_at_once = 64 * 1024;
constexpr std::size_t read_in_a_turn = 512 * 1024;
constexpr std::size_t unsent_max = 1024 * 1024;  // a caller that does not read is not read either
constexpr int breath_ms = 250;                   // after a caller could not be accepted

struct Connection {
  explicit Connection(Descriptor d) : line(std::move(d)) {}
  bool full() const { return out.size() - sent > unsent_max; }
  void answer(std::uint64_t number, const Result<Bytes>& result) {
    if (result)
      append_frame(out, FrameType::done, number, *result);
    else
      append_frame(out, FrameType::refused, number, encode_refusal(result.error()));
  }

  Descriptor line;
  FrameBuffer in{Side::signer};
  Bytes out;
  std::size_t sent = 0;
  bool gone = false;
};

bool may_talk(int line, const std::optional<std::uint32_t>& allowed) {
  if (!allowed) return true;
  ucred who{};
  socklen_t size = sizeof who;
  const bool known = ::getsockopt(line, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
  if (known && who.uid == *allowed) return true;
  log::warning("signer", "hung up on a user that may not order",
               {{"uid", known ? std::to_string(who.uid) : "unknown"}});
  return false;
}

class Server {
 public:
  Server(Keeper& keeper, Doors doors, const ServeSettings& settings)
      : keeper_(keeper), doors_(std::move(doors)), settings_(settings) {
    for (Descriptor& one : doors_.connected) admit(std::move(one));
  }

  Result<void> run() {
    while (doors_.listener || !connections_.empty()) {
      if (!wait()) return {};
      for (const auto& c : connections_) read_frames(*c);
      sign_batch();
      for (const auto& c : connections_) send(*c);
      std::erase_if(connections_, [](const auto& c) { return c->gone; });
      if (keeper_.broken())
        return fail(Fault::unavailable, "the issuance log cannot be written any more");
    }
    return {};
  }

 private:
  struct Waiting {
    Connection* who;
    std::uint64_t number;
  };

  void admit(Descriptor line) {
    if (connections_.size() >= settings_.connections_max) {
      log::warning("signer", "hung up on one caller too many");
    } else if (may_talk(line.number(), settings_.allowed_user)) {
      connections_.push_back(std::make_unique<Connection>(std::move(line)));
    }
  }

  // False: time to go.
  bool wait() {
    const int listener = breathless_ ? -1 : doors_.listener.number();
    const int patience = std::exchange(breathless_, false) ? breath_ms : -1;
    std::vector<pollfd> watched{{doors_.stop, POLLIN, 0}, {listener, POLLIN, 0}};
    for (const auto& c : connections_) {
      const int reads = c->full() ? 0 : POLLIN, writes = c->sent < c->out.size() ? POLLOUT : 0;
      watched.push_back({c->line.number(), static_cast<short>(reads | writes), 0});
    }
    while (::poll(watched.data(), watched.size(), patience) < 0 && errno == EINTR) {
    }
    if (watched[0].revents != 0) return false;
    for (std::size_t i = 0; i < connections_.size(); ++i)
      if (watched[2 + i].revents & (POLLIN | POLLHUP | POLLERR)) read(*connections_[i]);
    if (watched[1].revents != 0) accept();
    return true;
  }

  // Without a descriptor to give it the caller stays in the queue, and poll() would return at once.
  void accept() {
    Descriptor line(::accept4(doors_.listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
    const int code = errno;
    if (line) {
      told_ = false;
      return admit(std::move(line));
    }
    if (code == EINTR || code == EAGAIN || code == ECONNABORTED) return;
    breathless_ = true;
    if (!std::exchange(told_, true))
      log::warning("signer", "cannot accept connections for now", {{"why", std::strerror(code)}});
  }

  void read(Connection& c) {
    std::array<std::uint8_t, read_at_once> buffer;
    for (std::size_t total = 0; total < read_in_a_turn;) {
      const auto count = ::recv(c.line.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) {
        c.in.append(ByteView(buffer).first(static_cast<std::size_t>(count)));
        total += static_cast<std::size_t>(count);
      } else {
        const bool later = count < 0 && (errno == EAGAIN || errno == EINTR);
        c.gone = !later;
        return;
      }
    }
  }

  void read_frames(Connection& c) {
    while (!c.gone) {
      const auto frame = c.in.next();
      if (!frame) {
        log::warning("signer", "hung up on a caller that does not speak the protocol",
                     {{"because", frame.error().message}});
        c.gone = true;
        return;
      }
      if (!*frame) return;
      if ((*frame)->type == FrameType::issue)
        collect(c, **frame);
      else
        c.answer((*frame)->number, answer_to(**frame));
    }
  }

  void collect(Connection& c, const Frame& frame) {
    auto order = decode_order(frame.content);
    if (!order) return c.answer(frame.number, std::unexpected(std::move(order).error()));
    // What decode_order() takes has one spelling, so these are the octets that encode() would
    // write.
    orders_.push_back({std::move(*order), crypto::sha256(frame.content)});
    waiting_.push_back({&c, frame.number});
    if (orders_.size() >= settings_.batch_max) sign_batch();
  }

  void sign_batch() {
    if (orders_.empty()) return;
    const auto answers = keeper_.issue(orders_);
    for (std::size_t i = 0; i < answers.size(); ++i)
      waiting_[i].who->answer(waiting_[i].number, answers[i]);
    orders_.clear();
    waiting_.clear();
  }

  Result<Bytes> answer_to(const Frame& frame) {
    if (frame.type == FrameType::chain) return encode_chain(keeper_.chain());
    if (frame.type == FrameType::authorities) return encode(keeper_.authorities());
    if (frame.type == FrameType::roll_over) return roll_over(frame.content);
    if (frame.type == FrameType::make_list) {
      TRY(const auto order, decode_crl_order(frame.content));
      return keeper_.make_list(order);
    }
    TRY(const auto asked, decode_since(frame.content));
    TRY(const auto found,
        keeper_.since(asked.index, std::min<std::size_t>(asked.limit, since_limit_max)));
    return encode(std::span<const Issuance>(found));
  }

  // What was ordered before it is signed before it.
  Result<Bytes> roll_over(ByteView content) {
    TRY(const auto order, decode_rollover_order(content));
    sign_batch();
    TRY(const auto state, keeper_.roll_over(order));
    log::info("signer", "a step of a rollover was taken", {{"step", name_of(order.step)}});
    return encode(state);
  }

  void send(Connection& c) {
    while (!c.gone && c.sent < c.out.size()) {
      const auto count = ::send(c.line.number(), c.out.data() + c.sent, c.out.size() - c.sent,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) {
        c.sent += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        c.gone = true;
      }
    }
    c.out.clear();
    c.sent = 0;
  }

  Keeper& keeper_;
  Doors doors_;
  const ServeSettings& settings_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Asked> orders_;     // of this batch, and
  std::vector<Waiting> waiting_;  // who asked for each
  bool breathless_ = false;       // leaves the listener alone for a breath
  bool told_ = false;             // the log knows why
};

}  // namespace

Result<void> serve(Keeper& keeper, Doors doors, const ServeSettings& settings) {
  return Server(keeper, std::move(doors), settings).run();
}

}  // namespace muster::signer
