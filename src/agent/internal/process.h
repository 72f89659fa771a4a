// agent/internal/process -- runs one program and waits for its end, on the loop.
//
// No shell takes part. The program gets no standard input and a process group of its own, which is
// killed when it takes longer than it may. Of what it prints (both outputs) the first octets are
// kept, as many as were asked for, and the rest is read and dropped, so that it never waits for us.
// It knows nothing of updates. Loop thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster::agent {

struct Program {
  std::vector<std::string> words;             // the first is looked for in PATH
  std::vector<std::string> environment = {};  // NAME=value, beside our own
  Duration within = 60s;
  std::size_t output_max = 0;  // octets to keep; 0: it prints where we do
};

struct Ended {
  int code = -1;      // as it said; -1: it was killed
  int signal = 0;     // by which
  bool late = false;  // by us, for taking too long
  std::string output = {};
};

// Unavailable when it could not be started.
net::Task<Result<Ended>> run_program(net::Loop*, Program);

// What became of it, in words for a person; with the end of what it printed, without controls.
std::string account_of(const std::string& what, const Ended&, Duration within);

}  // namespace muster::agent
