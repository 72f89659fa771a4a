// gateway/questions -- one thread's way to the controller: what it answers comes home to the loop
// that asked, so that the domain's thread does none of the doors' work.
//
// Loop thread; the controller answers from any. An answer that comes when the loop has ended is
// dropped; the loop itself must outlive every answer.
#pragma once

#include <functional>

#include "link/link.h"
#include "net/loop.h"

namespace muster::gateway {

class Questions {
 public:
  using Then = std::move_only_function<void(Result<link::Reply>)>;

  Questions(net::Loop& loop, link::Controller& controller) : loop_(loop), controller_(controller) {}
  Questions(const Questions&) = delete;

  void ask(link::Request, Then then);  // `then` runs on the loop, never inside this call
  void report(link::Request);          // nobody waits for the answer: a refusal is logged

 private:
  net::Loop& loop_;
  link::Controller& controller_;
};

}  // namespace muster::gateway
