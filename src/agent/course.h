// agent/course -- takes a release that was verified to the place where it runs, or back: which call
// of the Installer follows which record of the Updater, for every kind of installer.
//
//   verified ─install─▶ staged ─activate─▶ activated ─begin_trial, settle─▶ idle
//                                              │ go back
//                                              ▼
//                                          returning ─go_home─▶ idle
//
// The record is on the disk before the call that it stands for, and moves on when that is done; so
// after a power cut anywhere the same call is made again. Whether a release is well, and whether
// the controller was reached, is for its caller to know: without both, nobody calls settle(). It
// never waits but for the installer. One loop's thread.
#pragma once

#include <string>

#include "agent/installer.h"
#include "agent/updater.h"
#include "net/task.h"

namespace muster::agent {

class Course {
 public:
  // leaving: the agent is about to end, so a program that fails was ended with it and judges
  // nothing.
  Course(Updater& updater, Installer& installer, const bool& leaving)
      : updater_(updater), installer_(installer), leaving_(leaving) {}

  // While verified. Unavailable: try again; else it has moved on, forward or to a report.
  net::Task<Result<void>> install();

  enum class Trial {
    over,   // no try is left, or it could not be switched to: it goes back
    waits,  // the device is about to restart
    runs,   // it may be judged: check()
  };
  net::Task<Result<Trial>> begin_trial();  // while activated; takes one try
  net::Task<Result<void>> check();         // by the installer's own lights
  net::Task<Result<bool>> settle();  // well, and in touch. True: confirmed; false: it goes back
  bool settles_at_once() const { return !installer_.confirms(); }

  net::Task<Result<Switched>> go_home();  // while returning

 private:
  Updater& updater_;
  Installer& installer_;
  const bool& leaving_;
  std::string last_;  // why an installation failed that was worth another try
};

}  // namespace muster::agent
