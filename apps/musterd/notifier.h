// musterd/notifier -- delivers the notifications that `response` has written to its outbox, over
// HTTP, with back-off.
//
// A thread of its own with its own loop; it asks the domain for what is due, posts it, and reports
// what became of it. Certificates are checked against the system's anchors. A receiver gets 10
// seconds; redirects are not followed.
#pragma once

#include <memory>

#include "desk/desk.h"

namespace muster {

class Notifier {
 public:
  explicit Notifier(desk::Desk&);
  ~Notifier();  // stops; what was not delivered is due again after the next start

 private:
  struct Post;
  std::unique_ptr<Post> post_;
};

}  // namespace muster
