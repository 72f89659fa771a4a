// signer/remote -- an Issuer over a stream socket to a signer in another process.
//
// One thread of its own sends orders as they come, without waiting for answers, and answers on that
// thread. When the line breaks it asks `connect` for another, again and again with growing pauses,
// and sends again what is still unanswered: the signer answers an order it knows with what it
// signed, so nothing is signed twice. An order that is not answered within its limit is told
// `unavailable`; one too many at once is told `exhausted`, inside the call.
//
// issue() and its like: any thread, also from inside an answer. The destructor tells whatever is
// unanswered `unavailable`, and joins the thread: not from inside an answer. Limits are measured by
// monotonic_ns().
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/descriptor.h"
#include "signer/issuer.h"

namespace muster::signer {

// A connected stream socket, on the remote's thread; it may take a while.
using Connect = std::move_only_function<Result<Descriptor>()>;

struct RemoteSettings {
  Duration order_limit = 5s;
  Duration list_limit = 60s;  // a list of a million entries takes its time
  Duration pause_first = 20ms, pause_max = 2s;
  std::size_t unanswered_max = 16'384;
  std::size_t octets_max = 192 * 1024 * 1024;  // of what is unanswered
};

class RemoteIssuer final : public Issuer {
 public:
  explicit RemoteIssuer(Connect, RemoteSettings = {});
  ~RemoteIssuer() override;

  void issue(const Order&, Answer<Bytes>) override;
  void make_list(const CrlOrder&, Answer<Bytes>) override;
  void since(std::uint64_t index, std::uint32_t limit, Answer<std::vector<Issuance>>) override;
  void chain(Answer<std::vector<crypto::Certificate>>) override;
  void roll_over(RolloverOrder, Answer<Authorities>) override;
  void authorities(Answer<Authorities>) override;

 private:
  class Line;
  std::unique_ptr<Line> line_;
};

}  // namespace muster::signer
