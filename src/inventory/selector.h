// inventory/selector -- which devices: a subset of the Common Expression Language over one device.
//
//   model == "meter-1" && ("north" in groups || risk == "high") && firmware != "1.2.0" &&
//   id.startsWith("m-")
//
// Fields: id, model, state, risk, firmware, serial (strings), groups (list), online (bool).
// Operators: == != in && || ! and parentheses; .startsWith(), .endsWith(), .contains(); literals
// "text", 'text', true, false. "all" means true. At most 2,048 characters and 128 operators; a
// mistake is refused with its column. Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::inventory {

struct Device;

class Selector {
 public:
  static Result<Selector> parse(std::string_view);
  static Selector everything();
  bool matches(const Device&) const;
  const std::string& text() const { return text_; }

 private:
  struct Node;
  std::shared_ptr<const Node> root_;  // immutable; null: everything
  std::string text_;
};

}  // namespace muster::inventory
