// muster-swarm/watch -- what the main thread waits for: the next second, a line of commands, a
// signal.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace muster {

class Watch {
 public:
  // Reads standard input and, unless empty, `control`: a file, or a FIFO that may be written to
  // again and again. Holds SIGTERM and SIGINT for all threads made after it.
  static Result<Watch> open(const std::filesystem::path& control);
  Watch(Watch&&) = default;

  struct Seen {
    std::vector<std::string> lines;
    bool second = false, stop = false;
  };
  Seen next_second();  // returns early when there are lines or a signal

 private:
  struct Source {
    int fd = -1;
    std::string partial;
  };
  Watch() = default;
  static std::optional<std::vector<std::string>> read(Source&);  // none: it has ended

  std::vector<Source> sources_;
  int signals_ = -1;
  std::int64_t due_ns_ = 0;
};

}  // namespace muster
