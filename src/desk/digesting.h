// desk/digesting -- SHA-1 and MD5 of artifacts, which update clients ask for beside SHA-256: read
// on a thread of its own, since a file takes its time, one file after the other.
//
// step() on the domain's thread. The result comes back as a question to the desk, which outlives
// it.
#pragma once

#include <memory>

#include "desk/domain.h"

namespace muster::desk {

class Desk;

class Digesting {
 public:
  explicit Digesting(Desk&);
  ~Digesting();  // waits for the file it is at
  Digesting(const Digesting&) = delete;

  void step(const Domain&);  // begins what is wanted and not under way

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::desk
