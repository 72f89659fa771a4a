// rules/internal/regex -- regular expressions in the manner of RE2: no back references, no look
// around, and so the time of a match is bounded by the text times the pattern.
//
// Syntax: literals, . [classes] \d \w \s \D \W \S \b \B \A \z ^ $ ( ) (?: ) (?i) (?s) (?m) | * + ?
// {n} {n,} {n,m} and their lazy forms, \t \n \r \f \v \a \xHH \x{H...}. Works on code points; (?i)
// folds ASCII letters only. A match is anywhere in the text unless the pattern is anchored. At most
// 512 octets, 8 levels of groups, 1,000 instructions. Immutable; any thread; a match takes no
// memory but its stack.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace muster::rules {

struct RegexStep {
  enum class Op : std::uint8_t { one, fold, any, line, of, not_of, split, jump, check, match };
  Op op;
  std::uint8_t count = 0;  // ranges of a class; which check
  std::int16_t x = 0;      // relative target; first range of a class
  std::int16_t y = 0;      // relative target
  std::uint16_t pad = 0;
  char32_t c = 0;
};

class Regex {
 public:
  static constexpr std::size_t most_steps = 1000;
  static Result<Regex> compile(std::string_view pattern);
  bool matches(std::string_view text) const;
  std::size_t steps() const { return steps_.size(); }
  std::size_t octets() const;

 private:
  friend class RegexReader;
  struct Range {
    char32_t from, to;
  };
  struct Threads;
  bool takes(const RegexStep&, char32_t) const;
  void add(Threads&, std::uint16_t at, char32_t before, char32_t after) const;

  std::vector<RegexStep> steps_;
  std::vector<Range> ranges_;
};

// The code point at the start and its length; U+FFFD and 1 for an octet that begins none.
struct CodePoint {
  char32_t c;
  std::size_t octets;
};
CodePoint first_code_point(std::string_view);

}  // namespace muster::rules
