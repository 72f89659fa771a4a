// musterd/packer -- makes the smaller forms of artifacts (release/forms), one after the other, when
// releases come.
//
// A thread of its own at a low priority, so that it gives way to whoever else wants the processors;
// memory as delta says. It asks the domain what is to be made, makes it in the spool,
// and gives it to the domain; what was being made when the program ended is begun anew.
#pragma once

#include <memory>

#include "desk/desk.h"

namespace muster {

class Packer {
 public:
  Packer(desk::Desk&, bool wanted);  // not wanted: there is no thread
  ~Packer();                         // stops within a second

 private:
  struct Bench;
  std::unique_ptr<Bench> bench_;
};

}  // namespace muster
