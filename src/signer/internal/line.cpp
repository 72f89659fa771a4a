#include "signer/internal/line.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/log.h"

namespace muster::signer {
namespace {

std::int64_t nanoseconds(Duration d) {
  return std::chrono::nanoseconds(d).count();
}

std::unexpected<Error> no_answer(const char* why) {
  return fail(Fault::unavailable,
              std::string("the signer did not answer: ") + why + "; ask again with the same order");
}

}  // namespace

RemoteIssuer::Line::Line(Connect connect, RemoteSettings settings)
    : connect_(std::move(connect)),
      settings_(settings),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pause_(settings.pause_first) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { run(); });
}

RemoteIssuer::Line::~Line() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_.number(), 1);
  thread_.join();
}

void RemoteIssuer::Line::ask(FrameType type, Bytes content, Duration limit, Answer<Bytes> answer) {
  Question question{type, std::move(content), monotonic_ns() + nanoseconds(limit),
                    std::move(answer)};
  if (const char* why = refuse_or_take(question))
    question.answer(fail(Fault::exhausted, std::string("not sent to the signer: ") + why));
}

const char* RemoteIssuer::Line::refuse_or_take(Question& question) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return "the program ends";
    if (unanswered_ >= settings_.unanswered_max ||
        octets_ + question.content.size() > settings_.octets_max)
      return "too much is waiting for it";
    first = new_.empty();
    ++unanswered_;
    octets_ += question.content.size();
    new_.push_back(std::move(question));
  }
  if (first) ::eventfd_write(wake_.number(), 1);
  return nullptr;
}

void RemoteIssuer::Line::run() {
  while (take_new()) {
    if (!socket_ && !asked_.empty() && monotonic_ns() >= next_try_) try_to_connect();
    if (socket_) send();
    if (monotonic_ns() >= next_expiry_) expire();
    wait();
    if (socket_) read();
  }
  while (!asked_.empty()) close_question(asked_.begin(), no_answer("the program ends"));
}

bool RemoteIssuer::Line::take_new() {
  std::vector<Question> taken;
  bool stopping = false;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(new_);
    stopping = stopping_;
  }
  for (Question& question : taken) {
    const std::uint64_t number = ++last_number_;
    next_expiry_ = std::min(next_expiry_, question.until);
    if (socket_) append_frame(out_, question.type, number, question.content);
    asked_.emplace(number, std::move(question));
  }
  return !stopping;
}

void RemoteIssuer::Line::try_to_connect() {
  auto connected = connect_();
  const bool usable = connected && ::fcntl(connected->number(), F_SETFL, O_NONBLOCK) == 0;
  if (!usable) {
    log::warning("signer", "not reached",
                 {{"because", connected ? "its socket is of no use" : connected.error().message},
                  {"again_in", show(pause_)}});
    next_try_ = monotonic_ns() + nanoseconds(pause_);
    pause_ = std::min(pause_ * 2, settings_.pause_max);
    return;
  }
  socket_ = std::move(*connected);
  in_.emplace(Side::controller);
  for (const auto& [number, question] : asked_)
    append_frame(out_, question.type, number, question.content);
}

void RemoteIssuer::Line::hang_up(const char* why) {
  log::warning("signer", "the line broke", {{"because", why}, {"again_in", show(pause_)}});
  socket_.close();
  in_.reset();
  out_.clear();
  sent_ = 0;
  next_try_ = monotonic_ns() + nanoseconds(pause_);
  pause_ = std::min(pause_ * 2, settings_.pause_max);
}

void RemoteIssuer::Line::expire() {
  const std::int64_t now = monotonic_ns();
  next_expiry_ = INT64_MAX;
  for (auto at = asked_.begin(); at != asked_.end();) {
    const auto next = std::next(at);
    if (at->second.until <= now)
      close_question(at, no_answer("it took too long"));
    else
      next_expiry_ = std::min(next_expiry_, at->second.until);
    at = next;
  }
}

void RemoteIssuer::Line::wait() {
  std::int64_t until = next_expiry_;
  if (!socket_ && !asked_.empty()) until = std::min(until, next_try_);
  const std::int64_t left =
      until == INT64_MAX ? -1 : std::max<std::int64_t>(until - monotonic_ns(), 0);
  const int milliseconds =
      left < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 60'000));
  const int writes = sent_ < out_.size() ? POLLOUT : 0;
  std::array<pollfd, 2> watched{
      {{wake_.number(), POLLIN, 0}, {socket_.number(), static_cast<short>(POLLIN | writes), 0}}};
  if (::poll(watched.data(), watched.size(), milliseconds) <= 0) return;
  eventfd_t ignored = 0;
  if (watched[0].revents) ::eventfd_read(wake_.number(), &ignored);
}

void RemoteIssuer::Line::send() {
  while (sent_ < out_.size()) {
    const auto count =
        ::send(socket_.number(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0)
      sent_ += static_cast<std::size_t>(count);
    else if (errno == EAGAIN)
      return;
    else if (errno != EINTR)
      return hang_up("it cannot be written to");
  }
  out_.clear();
  sent_ = 0;
}

// All that is there, answered between pieces.
void RemoteIssuer::Line::read() {
  std::array<std::uint8_t, 64 * 1024> buffer;
  while (socket_) {
    const auto count = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
      in_->append(ByteView(buffer).first(static_cast<std::size_t>(count)));
      read_answers();
    } else if (count < 0 && errno == EAGAIN) {
      return;
    } else if (count == 0 || errno != EINTR) {
      return hang_up("the other side has closed it");
    }
  }
}

void RemoteIssuer::Line::read_answers() {
  for (;;) {
    const auto frame = in_->next();
    if (!frame) return hang_up("it does not speak the protocol");
    if (!*frame) return;
    const auto& [type, number, content] = **frame;
    const auto at = asked_.find(number);
    if (at == asked_.end()) continue;  // told already that it took too long
    pause_ = settings_.pause_first;
    if (type == FrameType::done) {
      close_question(at, Bytes(content.begin(), content.end()));
    } else {
      auto refusal = decode_refusal(content);
      close_question(at, std::unexpected(refusal ? *refusal : refusal.error()));
    }
  }
}

void RemoteIssuer::Line::close_question(std::map<std::uint64_t, Question>::iterator at,
                                        Result<Bytes> result) {
  auto question = asked_.extract(at);
  {
    const std::scoped_lock lock(mutex_);
    --unanswered_;
    octets_ -= question.mapped().content.size();
  }
  question.mapped().answer(std::move(result));
}

}  // namespace muster::signer
