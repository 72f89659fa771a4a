#include "rules/internal/lexer.h"

#include <algorithm>

#include "rules/internal/ast.h"
#include "wire/utf8.h"

namespace muster::rules {
namespace {

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
int hex(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::unexpected<Error> refuse_at(std::size_t octet, const std::string& what) {
  return fail(Fault::invalid, "column " + std::to_string(octet + 1) + ": " + what);
}

bool is_reserved(std::string_view word) {
  static constexpr std::string_view words[] = {
      "as",       "break",     "const",  "continue", "else", "false", "for",
      "function", "if",        "import", "in",       "let",  "loop",  "null",
      "package",  "namespace", "return", "true",     "var",  "void",  "while"};
  return std::ranges::find(words, word) != std::end(words);
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t octet) { out.push_back(static_cast<char>(octet)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6)), put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3f)), put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3f)), put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

void Lexer::skip() {
  while (pos_ < text_.size()) {
    const char c = text_[pos_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++pos_;
    } else if (c == '/' && at(pos_ + 1) == '/') {
      while (pos_ < text_.size() && text_[pos_] != '\n') ++pos_;
    } else {
      return;
    }
  }
}

Result<Token> Lexer::next() {
  skip();
  Token token;
  token.at = static_cast<std::uint16_t>(pos_);
  if (pos_ == text_.size()) return token;
  const char c = text_[pos_];
  const std::size_t start = pos_;
  if (c == '"' || c == '\'') return quoted(false, false, start);
  if (digit(c) || (c == '.' && digit(at(pos_ + 1)))) return number();
  if (c == '`') return backticks();
  if (letter(c)) {
    while (letter(at(pos_)) || digit(at(pos_))) ++pos_;
    token.text = text_.substr(start, pos_ - start);
    if ((at(pos_) == '"' || at(pos_) == '\'') && token.text.size() <= 2) {
      std::string low;
      for (char l : token.text) low.push_back(static_cast<char>(l | 0x20));
      if (low == "r") return quoted(true, false, start);
      if (low == "b") return quoted(false, true, start);
      if (low == "rb" || low == "br") return quoted(true, true, start);
    }
    token.kind = Token::Kind::name;
    return token;
  }
  static constexpr std::string_view signs[] = {"&&", "||", "==", "!=", "<=", ">=", "<", ">",
                                               "+",  "-",  "*",  "/",  "%",  "!",  "?", ":",
                                               ".",  ",",  "(",  ")",  "[",  "]",  "{", "}"};
  for (std::string_view sign : signs)
    if (text_.substr(pos_).starts_with(sign)) {
      pos_ += sign.size();
      token.kind = Token::Kind::sign;
      token.text = sign;
      return token;
    }
  if (c == '=') return refuse_at(pos_, "'=' is no operator; write == to compare");
  if (c == '&' || c == '|')
    return refuse_at(pos_, std::string("'") + c + "' is no operator; write it twice");
  return refuse_at(pos_, "a character that no expression holds; remove it, or put it into quotes");
}

Result<Token> Lexer::number() {
  Token token{Token::Kind::integer, static_cast<std::uint16_t>(pos_)};
  const std::size_t start = pos_;
  if (at(pos_) == '0' && (at(pos_ + 1) == 'x' || at(pos_ + 1) == 'X')) {
    pos_ += 2;
    while (hex(at(pos_)) >= 0) ++pos_;
    if (pos_ == start + 2) return refuse_at(start, "0x without digits; write them");
  } else {
    while (digit(at(pos_))) ++pos_;
    if (at(pos_) == '.' && digit(at(pos_ + 1))) {
      token.kind = Token::Kind::real;
      for (++pos_; digit(at(pos_));) ++pos_;
    }
    const std::size_t sign = at(pos_ + 1) == '+' || at(pos_ + 1) == '-' ? 1 : 0;
    if ((at(pos_) == 'e' || at(pos_) == 'E') && digit(at(pos_ + 1 + sign))) {
      token.kind = Token::Kind::real;
      for (pos_ += 1 + sign; digit(at(pos_));) ++pos_;
    }
  }
  token.text = text_.substr(start, pos_ - start);
  if (token.kind == Token::Kind::integer && (at(pos_) == 'u' || at(pos_) == 'U')) {
    token.kind = Token::Kind::natural;
    ++pos_;
  }
  if (letter(at(pos_)) || digit(at(pos_)))
    return refuse_at(pos_, "a number runs into a name; put a space or an operator between them");
  return token;
}

Result<Token> Lexer::backticks() {
  Token token{Token::Kind::quoted_name, static_cast<std::uint16_t>(pos_)};
  const std::size_t start = ++pos_;
  while (letter(at(pos_)) || digit(at(pos_)) || std::string_view(".-/ ").contains(at(pos_))) {
    if (pos_ == text_.size()) break;
    ++pos_;
  }
  if (at(pos_) != '`' || pos_ == start)
    return refuse_at(token.at,
                     "a name in backticks holds letters, digits and _ . - / and spaces, "
                     "and ends with a backtick");
  token.text = text_.substr(start, pos_++ - start);
  return token;
}

Result<Token> Lexer::quoted(bool raw, bool bytes, std::size_t start) {
  Token token{bytes ? Token::Kind::bytes : Token::Kind::string, static_cast<std::uint16_t>(start)};
  const char quote = text_[pos_];
  const std::string three(3, quote);
  const bool triple = text_.substr(pos_).starts_with(three);
  const std::string_view close =
      triple ? std::string_view(three) : std::string_view(three).substr(2);
  pos_ += close.size();
  while (!text_.substr(pos_).starts_with(close)) {
    if (pos_ >= text_.size())
      return refuse_at(start, "a text that does not end; close it with " + std::string(close));
    const char c = text_[pos_];
    if (!triple && (c == '\n' || c == '\r'))
      return refuse_at(pos_, "a line break within a text; write \\n, or use three quotes");
    if (c == '\\' && !raw) {
      TRY_VOID(escape(bytes, token.text));
    } else {
      if (c == '\\' && pos_ + 1 < text_.size()) token.text.push_back(text_[pos_++]);
      token.text.push_back(text_[pos_++]);
    }
  }
  pos_ += close.size();
  return token;
}

Result<void> Lexer::escape(bool bytes, std::string& out) {
  const std::size_t start = pos_++;
  const char c = at(pos_++);
  static constexpr std::string_view plain = "\\?\"'`abfnrtv";
  static constexpr std::string_view stands_for = "\\?\"'`\a\b\f\n\r\t\v";
  if (auto i = plain.find(c); c != '\0' && i != std::string_view::npos) {
    out.push_back(stands_for[i]);
    return {};
  }
  std::size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  char32_t code = 0;
  if (digits == 0 && c >= '0' && c <= '3') {
    code = static_cast<char32_t>(c - '0');
    for (int i = 0; i < 2; ++i) {
      if (at(pos_) < '0' || at(pos_) > '7')
        return refuse_at(start, "an octal escape has three digits, \\000 to \\377");
      code = code * 8 + static_cast<char32_t>(text_[pos_++] - '0');
    }
  } else if (digits > 0) {
    for (; digits > 0; --digits) {
      const int v = hex(at(pos_));
      if (v < 0) return refuse_at(start, "write \\xHH, \\uHHHH or \\UHHHHHHHH");
      code = code * 16 + static_cast<char32_t>(v);
      ++pos_;
    }
  } else {
    return refuse_at(start, "an escape that is not known; write \\\\ for a backslash");
  }
  const bool point = c == 'u' || c == 'U';
  if (bytes && point) return refuse_at(start, "octets hold no code points; write \\xHH");
  if (bytes) return out.push_back(static_cast<char>(code)), Result<void>();
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return refuse_at(start, "there is no such code point");
  append_utf8(out, code);
  return {};
}

}  // namespace muster::rules
