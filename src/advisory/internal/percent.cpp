#include "advisory/internal/percent.h"

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

int hex(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

Result<std::string> percent_decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    char c = s[i];
    if (c == '%') {
      const int high = i + 2 < s.size() ? hex(s[i + 1]) : -1;
      const int low = i + 2 < s.size() ? hex(s[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(Fault::invalid, "a % must be followed by two hexadecimal digits");
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (c == '\0') return fail(Fault::invalid, "holds a zero octet");
    out += c;
  }
  return out;
}

std::string percent_encoded(std::string_view s, std::string_view also) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : s) {
    if (is_letter(c) || is_digit(c) ||
        std::string_view(".-_~:").find(c) != std::string_view::npos ||
        also.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
  return out;
}

}  // namespace muster::advisory
