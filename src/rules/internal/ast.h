// rules/internal/ast -- an expression as a tree, in one table. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/expression.h"
#include "rules/internal/program.h"

namespace muster::rules {

struct Node {
  enum class Kind : std::uint8_t {
    null,
    boolean,
    integer,
    natural,
    real,
    string,
    bytes,   // literals
    name,    // text; kids: none. A leading dot: n = 1
    select,  // kids: operand; text: field. n = 1: the field was in backticks
    has,     // the same, for has()
    index,   // kids: operand, index
    call,    // text: function; kids: arguments; n = 1: the first is the target
    list,    // kids: items
    map,     // kids: key, value, key, value
    both,
    either,
    choice,
    comprehension,  // n: Fold; text, text2: variables (the second may be empty);
                    // kids: range, body, and a condition for map and to_map that have one
  };
  Kind kind;
  std::uint8_t n = 0;
  std::uint16_t at = 0;
  std::uint16_t height = 1;
  std::vector<std::uint32_t> kids = {};
  std::string text = {}, text2 = {};
  std::int64_t integer = 0;  // also a boolean; a natural by its bits
  double real = 0;
};

struct Tree {
  std::vector<Node> nodes;
  std::uint32_t root = 0;
};

Result<Tree> parse(std::string_view text, const ExpressionLimits&);

// "column 12: what; what to do", at an octet counted from 0.
std::unexpected<Error> refuse_at(std::size_t octet, const std::string& what);

}  // namespace muster::rules
