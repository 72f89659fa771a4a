// rules/internal/lexer -- the tokens of an expression, one at a time. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::rules {

struct Token {
  enum class Kind : std::uint8_t {
    end,
    name,
    quoted_name,
    integer,
    natural,
    real,
    string,
    bytes,
    sign  // sign: one of the operators
  };
  Kind kind = Kind::end;
  std::uint16_t at = 0;
  std::string text = {};  // a name, a sign, a literal's value; of a number its digits
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Result<Token> next();

 private:
  void skip();
  Result<Token> number();
  Result<Token> quoted(bool raw, bool bytes, std::size_t start);
  Result<void> escape(bool bytes, std::string& out);
  Result<Token> backticks();
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  std::string_view text_;
  std::size_t pos_ = 0;
};

void append_utf8(std::string&, char32_t);
bool is_reserved(std::string_view);  // words that CEL keeps for later

}  // namespace muster::rules
