// agent/internal/command -- runs a device's own command and waits for its end, on the loop.
//
// The command line goes to /bin/sh; `argument`, unless empty, is appended as one word. It gets no
// standard input, and our standard error for both outputs. After `within` it and its process group
// are killed. Loop thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster::agent {

// Failure: it could not start, ended with another code than 0, or took too long.
net::Task<Result<void>> run_command(net::Loop* loop, std::string line, std::string argument,
                                    Duration within);

}  // namespace muster::agent
