#include "textproto.h"

#include <cctype>
#include <stdexcept>

namespace muster {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Proto message(char close) {
    Proto out;
    for (skip(); peek() != close; skip()) {
      if (take(',') || take(';')) continue;
      std::string name = peek() == '[' ? bracketed() : word();
      skip();
      const bool colon = take(':');
      skip();
      if (peek() == '{' || peek() == '<') {
        const char end = text_[at_++] == '{' ? '}' : '>';
        out.fields.push_back({name, message(end)});
        ++at_;
      } else if (colon && peek() == '[') {
        ++at_;
        for (skip(); !take(']'); skip()) {
          out.fields.push_back({name, scalar()});
          skip();
          take(',');
        }
      } else if (colon) {
        out.fields.push_back({name, scalar()});
      } else {
        throw std::runtime_error("no value for " + name);
      }
    }
    return out;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void skip() {
    while (at_ < text_.size() &&
           (std::isspace(static_cast<unsigned char>(peek())) || peek() == '#'))
      if (peek() == '#')
        while (at_ < text_.size() && peek() != '\n') ++at_;
      else
        ++at_;
  }
  std::string bracketed() {
    const auto end = text_.find(']', at_);
    std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  std::string word() {
    const std::size_t start = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) ||
           std::string_view("_.+-").contains(peek())) {
      if (at_ >= text_.size()) break;
      ++at_;
    }
    if (at_ == start) throw std::runtime_error("unexpected text at " + std::to_string(at_));
    return std::string(text_.substr(start, at_ - start));
  }
  Proto scalar() {
    Proto out;
    if (peek() != '"' && peek() != '\'') {
      out.scalar = word();
      return out;
    }
    for (; peek() == '"' || peek() == '\''; skip()) {  // neighbours are one text
      const char quote = text_[at_++];
      while (peek() != quote) {
        if (at_ >= text_.size()) throw std::runtime_error("a text without its end");
        if (peek() == '\\')
          escape(out.scalar);
        else
          out.scalar.push_back(text_[at_++]);
      }
      ++at_;
    }
    return out;
  }
  unsigned long number(std::size_t most, int base) {
    std::size_t n = 0;
    while (n < most && at_ + n < text_.size() &&
           (base == 16 ? std::isxdigit(static_cast<unsigned char>(text_[at_ + n])) != 0
                       : text_[at_ + n] >= '0' && text_[at_ + n] <= '7'))
      ++n;
    const auto value = std::stoul(std::string(text_.substr(at_, n)), nullptr, base);
    at_ += n;
    return value;
  }
  void escape(std::string& out) {
    const char c = text_[++at_];
    static constexpr std::string_view plain = "abfnrtv\\'\"?", stands_for = "\a\b\f\n\r\t\v\\'\"?";
    if (auto i = plain.find(c); i != std::string_view::npos) {
      ++at_;
      out.push_back(stands_for[i]);
    } else if (c == 'x' || c == 'X') {
      ++at_;
      out.push_back(static_cast<char>(number(2, 16)));
    } else if (c == 'u' || c == 'U') {
      ++at_;
      utf8(out, number(c == 'u' ? 4 : 8, 16));
    } else {
      out.push_back(static_cast<char>(number(3, 8)));
    }
  }
  static void utf8(std::string& out, unsigned long c) {
    const auto put = [&](unsigned long octet) { out.push_back(static_cast<char>(octet)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
    if (c < 0x10000)
      return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const Proto* Proto::find(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (key == name) return &value;
  return nullptr;
}

std::string Proto::text(std::string_view name) const {
  const Proto* found = find(name);
  return found ? found->scalar : "";
}

Proto read_textproto(std::string_view text) {
  return Reader(text).message('\0');
}

}  // namespace muster
