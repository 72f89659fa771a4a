// rules/internal/program -- what an expression is compiled to: eight octets an instruction, a
// table of constants and one of regular expressions. Values only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "rules/internal/regex.h"
#include "rules/schema.h"
#include "rules/value.h"

namespace muster::rules {

enum class Op : std::uint8_t {
  constant,   // a: index; pushes it
  load,       // a: slot; pushes it
  has_slot,   // a: slot; pushes whether it is there
  local,      // a: place on the stack; pushes a copy
  fail,       // n: Trouble; a: values that an error takes the place of
  select,     // a: constant with the name; map -> value
  has_field,  // a: constant with the name; map -> bool
  make_list,  // a: items
  make_map,   // a: entries
  unless,     // a: target; jumps when the top is false and leaves it
  when,       // a: target; jumps when the top is true and leaves it
  both,       // &&
  either,     // ||
  branch,     // a: where the other side begins; pops; the jump before it leads past it
  jump,       // a: target
  call,       // n: arguments, a: Function
  match,      // a: regex; string -> bool
  iterate,    // n: Fold; a: target past the loop; range -> range, accumulator, index, v1, v2
  next,       // n: 1 or 2 variables; a: target past the loop
  fold,       // n: Fold; a: target past the loop; pops the body's value
  keep,       // a: where the next turn begins; pops a condition; false: jumps there
  finish,     // n: Fold; drops the loop's variables, leaves its result
};

enum class Fold : std::uint8_t { all, exists, exists_one, map, filter, to_map };

struct Instruction {
  Op op;
  std::uint8_t n = 0;
  std::uint16_t at = 0;  // octets into the text, for errors
  std::uint32_t a = 0;
};
static_assert(sizeof(Instruction) == 8);

struct Program {
  std::vector<Instruction> code;
  std::vector<Value> constants;   // views into texts and lists
  std::unique_ptr<char[]> texts;  // one block
  std::vector<std::unique_ptr<Value[]>> lists;
  std::vector<Regex> patterns;
  std::vector<std::uint16_t> variables;
  Type type;
  std::uint64_t cost = 0;
  std::uint32_t text_octets = 0, list_values = 0;
};

}  // namespace muster::rules
