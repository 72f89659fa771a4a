#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/clock.h"

namespace muster::log {
namespace {

std::atomic<Level> threshold{Level::info};

void quote(std::string& line, std::string_view value) {
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;  // no forged lines
  }
  line += '"';
}

}  // namespace

void set_level(Level level) {
  threshold = level;
}

void write(Level level, std::string_view module, std::string_view words,
           std::initializer_list<Field> fields) {
  if (level < threshold) return;
  constexpr std::string_view names[] = {"debug", "info", "warning", "error"};
  std::string line = rfc3339(SystemClock{}.now());
  line.append(" ")
      .append(names[static_cast<int>(level)])
      .append(" ")
      .append(module)
      .append(": ")
      .append(words);
  for (const auto& [key, value] : fields) {
    line.append(" ").append(key).append("=");
    quote(line, value);
  }
  line += '\n';
  [[maybe_unused]] auto written =
      ::write(STDERR_FILENO, line.data(), line.size());  // one call: lines do not mix
}

}  // namespace muster::log
