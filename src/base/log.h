// base/log -- one line per event on stderr: time, level, module, words, then key=value pairs.
//
// For people and for journald. Never a secret, never a payload. What must be provable goes to the
// ledger, not here. Any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace muster::log {

enum class Level { debug, info, warning, error };

using Field = std::pair<std::string_view, std::string>;

void set_level(Level);  // before threads start
void write(Level, std::string_view module, std::string_view words,
           std::initializer_list<Field> fields = {});

inline void debug(std::string_view module, std::string_view words,
                  std::initializer_list<Field> f = {}) {
  write(Level::debug, module, words, f);
}
inline void info(std::string_view module, std::string_view words,
                 std::initializer_list<Field> f = {}) {
  write(Level::info, module, words, f);
}
inline void warning(std::string_view module, std::string_view words,
                    std::initializer_list<Field> f = {}) {
  write(Level::warning, module, words, f);
}
inline void error(std::string_view module, std::string_view words,
                  std::initializer_list<Field> f = {}) {
  write(Level::error, module, words, f);
}

}  // namespace muster::log
