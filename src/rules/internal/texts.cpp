#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "rules/internal/functions.h"
#include "rules/internal/regex.h"

namespace muster::rules {
namespace {

using F = Function;
using Text = std::string_view;

const Value no_overload = Value::error(Trouble::no_overload);
const Value bad_argument = Value::error(Trouble::argument);
const Value no_memory = Value::error(Trouble::memory);

std::int64_t points(Text s) {
  std::int64_t n = 0;
  for (char c : s) n += (c & 0xc0) != 0x80;
  return n;
}

// The octet at which the code point of this number begins; the end for one past the last.
std::optional<std::size_t> octet_of(Text s, std::int64_t point) {
  if (point < 0) return {};
  std::size_t at = 0;
  for (; point > 0; --point) {
    if (at >= s.size()) return {};
    at += first_code_point(s.substr(at)).octets;
  }
  return at;
}

Value position(Text s, std::size_t octet) {
  return Value::of(octet == Text::npos ? std::int64_t{-1} : points(s.substr(0, octet)));
}

// Writes into the scratch what does not fit a view.
class Writer {
 public:
  Writer(Scratch& scratch, std::size_t most) : begin_(scratch.text(most)), at_(begin_) {}
  bool ok() const { return begin_ != nullptr; }
  void put(Text s) { at_ = std::ranges::copy(s, at_).out; }
  void put(char c) { *at_++ = c; }
  Value done() const { return Value::of(Text(begin_, static_cast<std::size_t>(at_ - begin_))); }

 private:
  char *begin_, *at_;
};

Value size_of(const Value& v) {
  if (v.is(Kind::string)) return Value::of(points(v.view()));
  const bool counted = v.is(Kind::bytes) || v.is(Kind::list) || v.is(Kind::map);
  return counted ? Value::of(std::int64_t{v.count}) : no_overload;
}

Value mapped(Text s, char low, char high, int shift, Scratch& scratch) {
  Writer out(scratch, s.size());
  if (!out.ok()) return no_memory;
  for (char c : s) out.put(c >= low && c <= high ? static_cast<char>(c + shift) : c);
  return out.done();
}

Value char_at(Text s, std::int64_t point) {
  auto at = octet_of(s, point);
  if (!at) return bad_argument;
  const Text rest = s.substr(*at);
  return Value::of(rest.substr(0, rest.empty() ? 0 : first_code_point(rest).octets));
}

Value index_of(F f, std::span<const Value> in) {
  const Text s = in[0].view(), wanted = in[1].view();
  if (in.size() == 2) return position(s, f == F::index_of ? s.find(wanted) : s.rfind(wanted));
  auto from = octet_of(s, in[2].integer);
  if (!from) return bad_argument;
  return position(s, f == F::index_of ? s.find(wanted, *from) : s.rfind(wanted, *from));
}

Value substring(std::span<const Value> in) {
  const Text s = in[0].view();
  auto from = octet_of(s, in[1].integer);
  auto to = in.size() > 2 ? octet_of(s, in[2].integer) : std::optional(s.size());
  if (!from || !to || *from > *to) return bad_argument;
  return Value::of(s.substr(*from, *to - *from));
}

// Unicode's white space, as far as trim() is defined.
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

Value trimmed(Text s) {
  while (!s.empty()) {
    auto [c, octets] = first_code_point(s);
    if (!is_space(c)) break;
    s.remove_prefix(octets);
  }
  while (!s.empty()) {
    std::size_t last = s.size() - 1;
    while (last > 0 && (s[last] & 0xc0) == 0x80) --last;
    if (!is_space(first_code_point(s.substr(last)).c)) break;
    s.remove_suffix(s.size() - last);
  }
  return Value::of(s);
}

Value reversed(Text s, Scratch& scratch) {
  char* out = scratch.text(s.size());
  if (!out) return no_memory;
  std::size_t at = s.size();
  for (Text rest = s; !rest.empty();) {
    const std::size_t octets = first_code_point(rest).octets;
    at -= octets;
    std::copy_n(rest.data(), octets, out + at);
    rest.remove_prefix(octets);
  }
  return Value::of(Text(out, s.size()));
}

Value quoted(Text s, Scratch& scratch) {
  Writer out(scratch, s.size() * 2 + 2);
  if (!out.ok()) return no_memory;
  static constexpr Text special = "\a\b\f\n\r\t\v\\\"", letters = "abfnrtv\\\"";
  out.put('"');
  for (char c : s) {
    const auto i = special.find(c);
    if (i != Text::npos) out.put('\\');
    out.put(i != Text::npos ? letters[i] : c);
  }
  out.put('"');
  return out.done();
}

// Where the next piece ends; an empty separator stands after each code point.
std::size_t cut(Text s, Text separator) {
  if (!separator.empty()) return s.find(separator);
  const std::size_t first = s.empty() ? 0 : first_code_point(s).octets;
  return first < s.size() ? first : Text::npos;
}

Value replaced(std::span<const Value> in, Scratch& scratch) {
  Text s = in[0].view();
  const Text old = in[1].view(), fresh = in[2].view();
  std::int64_t left = in.size() > 3 ? in[3].integer : -1;
  const auto times = [&](auto&& found, auto&& rest) {  // one walk to count, one to write
    std::int64_t n = left;
    Text at = s;
    if (old.empty() && n != 0) found(Text()), --n;
    while (n != 0 && !at.empty()) {
      const std::size_t end = old.empty() ? first_code_point(at).octets : at.find(old);
      if (end == Text::npos) break;
      found(at.substr(0, end));
      at.remove_prefix(end + old.size());
      --n;
    }
    rest(at);
  };
  std::size_t octets = 0;
  times([&](Text before) { octets += before.size() + fresh.size(); },
        [&](Text rest) { octets += rest.size(); });
  Writer out(scratch, octets);
  if (!out.ok()) return no_memory;
  times([&](Text before) { out.put(before), out.put(fresh); }, [&](Text rest) { out.put(rest); });
  return out.done();
}

Value split(std::span<const Value> in, Scratch& scratch) {
  Text s = in[0].view();
  const Text separator = in[1].view();
  const std::int64_t most = in.size() > 2 ? in[2].integer : -1;
  if (most == 0 || (s.empty() && separator.empty())) return Value::list(std::span<const Value>());
  std::size_t pieces = 1;
  for (Text at = s; most < 0 || static_cast<std::int64_t>(pieces) < most; ++pieces) {
    const std::size_t end = cut(at, separator);
    if (end == Text::npos) break;
    at.remove_prefix(end + separator.size());
  }
  Value* out = scratch.values(pieces);
  if (!out) return no_memory;
  for (std::size_t i = 0; i + 1 < pieces; ++i) {
    const std::size_t end = cut(s, separator);
    out[i] = Value::of(s.substr(0, end));
    s.remove_prefix(end + separator.size());
  }
  out[pieces - 1] = Value::of(s);
  return Value::list({out, pieces});
}

Value joined(std::span<const Value> in, Scratch& scratch) {
  const Text separator = in.size() > 1 ? in[1].view() : Text();
  std::size_t octets = 0;
  for (const Value& v : in[0].list()) {
    if (!v.is(Kind::string)) return no_overload;
    octets += v.count + separator.size();
  }
  Writer out(scratch, octets);
  if (!out.ok()) return no_memory;
  bool first = true;
  for (const Value& v : in[0].list()) {
    if (!first) out.put(separator);
    out.put(v.view());
    first = false;
  }
  return out.done();
}

// What the checker could not know is asked here: may this overload take these values?
bool typed(F f, std::span<const Value> in) {
  for (const Overload& o : overloads()) {
    if (o.function != f || o.arguments.size() != in.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const char c = o.arguments[i];
      fits = fits && in[i].is(c == 's' ? Kind::string : c == 'i' ? Kind::integer : Kind::list);
    }
    if (fits) return true;
  }
  return false;
}

}  // namespace

Value apply_text(Function f, std::span<const Value> in, Scratch& scratch) {
  if (f == F::size) return size_of(in[0]);
  if (f <= F::contains) {
    if (!in[0].is(Kind::string) || !in[1].is(Kind::string)) return no_overload;
    if (f == F::starts_with) return Value::of(in[0].view().starts_with(in[1].view()));
    if (f == F::ends_with) return Value::of(in[0].view().ends_with(in[1].view()));
    return Value::of(in[0].view().find(in[1].view()) != Text::npos);
  }
  if (!typed(f, in)) return no_overload;
  switch (f) {
    case F::char_at:
      return char_at(in[0].view(), in[1].integer);
    case F::index_of:
    case F::last_index_of:
      return index_of(f, in);
    case F::lower:
      return mapped(in[0].view(), 'A', 'Z', 32, scratch);
    case F::upper:
      return mapped(in[0].view(), 'a', 'z', -32, scratch);
    case F::replace:
      return replaced(in, scratch);
    case F::split:
      return split(in, scratch);
    case F::join:
      return joined(in, scratch);
    case F::substring:
      return substring(in);
    case F::trim:
      return trimmed(in[0].view());
    case F::reverse:
      return reversed(in[0].view(), scratch);
    case F::quote:
      return quoted(in[0].view(), scratch);
    default:
      return no_overload;
  }
}

}  // namespace muster::rules
