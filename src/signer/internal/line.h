// line -- the thread behind a RemoteIssuer: questions in, frames out, answers back under their
// numbers. Its owner's thread asks, the thread of its own answers. Making one throws
// std::system_error when descriptors are used up, as net::Loop does.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "signer/frame.h"
#include "signer/remote.h"

namespace muster::signer {

class RemoteIssuer::Line {
 public:
  Line(Connect connect, RemoteSettings settings);
  ~Line();

  void ask(FrameType, Bytes content, Duration limit, Answer<Bytes>);
  const RemoteSettings& settings() const { return settings_; }

 private:
  struct Question {
    FrameType type = FrameType::issue;
    Bytes content;
    std::int64_t until = 0;  // monotonic_ns()
    Answer<Bytes> answer;
  };

  const char* refuse_or_take(Question&);  // null: taken
  void run();
  bool take_new();  // false: time to go
  void try_to_connect();
  void hang_up(const char* why);
  void expire();
  void wait();
  void read();
  void read_answers();
  void send();
  void close_question(std::map<std::uint64_t, Question>::iterator, Result<Bytes>);

  Connect connect_;
  const RemoteSettings settings_;
  Descriptor wake_;

  std::mutex mutex_;  // of these four
  std::vector<Question> new_;
  std::size_t unanswered_ = 0, octets_ = 0;
  bool stopping_ = false;

  // of the thread alone
  Descriptor socket_;
  std::optional<FrameBuffer> in_;
  Bytes out_;
  std::size_t sent_ = 0;
  std::map<std::uint64_t, Question> asked_;
  std::uint64_t last_number_ = 0;
  std::int64_t next_expiry_ = INT64_MAX, next_try_ = 0;
  Duration pause_;
  std::thread thread_;
};

}  // namespace muster::signer
