// tests/vectors/textproto -- as much of protocol buffers' text format as the CEL cases use: nested
// messages, repeated fields, texts with escapes, names and numbers. Values only; a test's reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster {

struct Proto {
  struct Field;
  std::vector<Field> fields;  // of a message, in order
  std::string scalar;         // unescaped
  const Proto* find(std::string_view name) const;
  std::string text(std::string_view name) const;  // empty when it is not there
};
struct Proto::Field {
  std::string name;
  Proto value;
};

Proto read_textproto(std::string_view);  // throws std::runtime_error where it cannot go on

}  // namespace muster
