// inventory/internal/condition -- the tree a selector is parsed into.
//
// The parser checks the types, so that evaluation cannot fail. Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::inventory {

struct Device;

struct Condition {
  enum class Op {
    literal,
    field,
    negate,
    both,
    either,
    equal,
    differ,
    member,
    starts_with,
    ends_with,
    contains
  };
  enum class Type { truth, text, list };
  enum class Field { id, model, state, risk, firmware, serial, groups, online };

  Op op = Op::literal;
  Type type = Type::truth;
  Field field = Field::id;  // of Op::field
  bool truth = true;        // of a literal
  std::string text = {};    // of a literal
  std::unique_ptr<const Condition> left = {}, right = {};

  bool holds(const Device&) const;                // type is truth
  std::string_view text_in(const Device&) const;  // type is text; lives as long as both
};

Result<std::unique_ptr<const Condition>> parse_condition(std::string_view);

}  // namespace muster::inventory
