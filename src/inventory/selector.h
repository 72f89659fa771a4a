// inventory/selector -- which devices: a subset of the Common Expression Language over one device.
//
//   model == "meter-1" && ("north" in groups || risk == "high") && firmware != "1.2.0" &&
//   id.startsWith("m-")
//
// Fields: id, model, state, risk, firmware, serial (strings), groups (list), online (bool).
// Operators: == != in && || ! and parentheses; .startsWith(), .endsWith(), .contains(); literals
// "text", 'text', true, false. "all" means true. Escapes in a text: \\ \" \'. At most 2,048 octets,
// 128 operators and 32 levels of parentheses; a mistake is refused with its column (counted in
// octets, from 1). So is a state or a risk that does not exist. matches() allocates nothing. Pure;
// any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::inventory {

struct Device;
struct Condition;

class Selector {
 public:
  static Result<Selector> parse(std::string_view);
  static Selector everything();
  bool matches(const Device&) const;
  bool selects_everything() const { return !root_; }
  const std::string& text() const { return text_; }

 private:
  std::shared_ptr<const Condition> root_;  // immutable; null: everything
  std::string text_;
};

}  // namespace muster::inventory
