#include "rules/internal/regex.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "wire/utf8.h"

namespace muster::rules {

using Op = RegexStep::Op;

namespace {

constexpr char32_t none = 0x110000;  // before the text and after it
enum Check : std::uint8_t { text_start, text_end, line_start, line_end, word_edge, no_word_edge };

bool is_word(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

char32_t folded(char32_t c) {
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool holds(std::uint8_t check, char32_t before, char32_t after) {
  switch (check) {
    case text_start:
      return before == none;
    case text_end:
      return after == none;
    case line_start:
      return before == none || before == '\n';
    case line_end:
      return after == none || after == '\n';
    default:
      return (is_word(before) != is_word(after)) == (check == word_edge);
  }
}

}  // namespace

CodePoint first_code_point(std::string_view s) {
  const std::size_t n = wire::utf8_length(s);
  const auto octet = [&](std::size_t i) { return static_cast<char32_t>(s[i] & 0x3f); };
  if (n == 1) return {static_cast<char32_t>(s[0]), 1};
  if (n == 2) return {(static_cast<char32_t>(s[0] & 0x1f) << 6) | octet(1), 2};
  if (n == 3) return {(static_cast<char32_t>(s[0] & 0x0f) << 12) | (octet(1) << 6) | octet(2), 3};
  if (n == 4)
    return {
        (static_cast<char32_t>(s[0] & 0x07) << 18) | (octet(1) << 12) | (octet(2) << 6) | octet(3),
        4};
  return {0xfffd, 1};
}

// Writes steps while it reads; jumps are relative, so that a piece may be moved and repeated.
class RegexReader {
 public:
  RegexReader(std::string_view pattern, Regex& out) : rest_(pattern), all_(pattern), out_(out) {}

  Result<void> read() {
    if (all_.size() > 512) return refuse("is longer than 512 octets; shorten it");
    TRY_VOID(alternatives(0));
    if (!rest_.empty()) return refuse("has a ) without its (; write \\) for the character");
    emit({.op = Op::match});
    return {};
  }

 private:
  struct Flags {
    bool fold = false, dot_all = false, lines = false;
  };

  std::unexpected<Error> refuse(std::string why) const {
    const std::size_t at = all_.size() - rest_.size() + 1;
    return fail(Fault::invalid,
                "the pattern " + why + " (at its octet " + std::to_string(at) + ")");
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  char32_t next() {
    auto [c, n] = first_code_point(rest_);
    rest_.remove_prefix(n);
    return c;
  }
  auto& steps() { return out_.steps_; }
  void emit(RegexStep step) { steps().push_back(step); }
  void insert(std::size_t at, RegexStep step) {
    steps().insert(steps().begin() + static_cast<std::ptrdiff_t>(at), step);
  }
  static std::int16_t far(std::size_t n) { return static_cast<std::int16_t>(n); }

  Result<void> alternatives(int depth) {
    if (depth > 8) return refuse("nests more than 8 groups; flatten it");
    const Flags before = flags_;
    const std::size_t start = steps().size();
    TRY_VOID(sequence(depth));
    while (take("|")) {
      const std::size_t left = steps().size() - start;
      insert(start, {.op = Op::split, .x = 1, .y = far(left + 2)});
      const std::size_t jump = steps().size();
      emit({.op = Op::jump});
      TRY_VOID(sequence(depth));
      steps()[jump].x = far(steps().size() - jump);
    }
    flags_ = before;
    return {};
  }

  Result<void> sequence(int depth) {
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      const std::size_t start = steps().size();
      TRY_VOID(atom(depth));
      TRY_VOID(repeats(start));
      if (steps().size() > Regex::most_steps)
        return refuse("is too large; use fewer or smaller repetitions");
    }
    return {};
  }

  Result<void> atom(int depth) {
    if (take("(")) return group(depth);
    if (take("[")) return bracket();
    if (take("\\")) return escape();
    if (take(".")) return emit({.op = flags_.dot_all ? Op::any : Op::line}), Result<void>();
    if (take("^")) return check(flags_.lines ? line_start : text_start);
    if (take("$")) return check(flags_.lines ? line_end : text_end);
    if (std::string_view("*+?").contains(rest_.front()))
      return refuse("repeats nothing; write a character before *, + or ?, or escape it");
    literal(next());
    return {};
  }

  Result<void> check(std::uint8_t which) {
    emit({.op = Op::check, .count = which});
    return {};
  }

  void literal(char32_t c) {
    if (flags_.fold)
      emit({.op = Op::fold, .c = folded(c)});
    else
      emit({.op = Op::one, .c = c});
  }

  Result<void> group(int depth) {
    const Flags outside = flags_;
    if (take("?P<")) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos) return refuse("names a group without a >");
      rest_.remove_prefix(end + 1);
    } else if (take("?") && !take(":")) {
      while (!rest_.empty() && rest_.front() != ')' && rest_.front() != ':') {
        if (take("i"))
          flags_.fold = true;
        else if (take("s"))
          flags_.dot_all = true;
        else if (take("m"))
          flags_.lines = true;
        else
          return refuse("has a group that is not known; only (?: ), (?i), (?s), (?m) are");
      }
      if (take(")")) return {};  // for the rest of the group around it
      if (!take(":")) return refuse("has a ( without its )");
    }
    TRY_VOID(alternatives(depth + 1));
    if (!take(")")) return refuse("has a ( without its ); write \\( for the character");
    flags_ = outside;
    return {};
  }

  // What \d \w \s stand for; true if c is one of them.
  bool named(char c, std::vector<Regex::Range>& into) const {
    if (c == 'd')
      into.insert(into.end(), {{'0', '9'}});
    else if (c == 'w')
      into.insert(into.end(), {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
    else if (c == 's')
      into.insert(into.end(), {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}});
    else
      return false;
    return true;
  }

  Result<char32_t> escaped() {
    if (rest_.empty()) return refuse("ends with a \\; write \\\\ for the character");
    static constexpr std::pair<char, char32_t> plain[] = {{'t', '\t'}, {'n', '\n'}, {'r', '\r'},
                                                          {'f', '\f'}, {'v', '\v'}, {'a', '\a'}};
    for (auto [name, c] : plain)
      if (take({&name, 1})) return c;
    if (take("x")) return hexadecimal();
    const char32_t c = next();
    if (c < 0x80 && is_word(c) && c != '_')
      return refuse("has an escape that is not known; see the list of the language");
    return c;
  }

  Result<char32_t> hexadecimal() {
    const bool braces = take("{");
    char32_t c = 0;
    std::size_t digits = 0;
    for (; digits < (braces ? 8u : 2u) && !rest_.empty(); ++digits) {
      const char h = rest_.front();
      const int v = h >= '0' && h <= '9'   ? h - '0'
                    : h >= 'a' && h <= 'f' ? h - 'a' + 10
                    : h >= 'A' && h <= 'F' ? h - 'A' + 10
                                           : -1;
      if (v < 0) break;
      c = c * 16 + static_cast<char32_t>(v);
      rest_.remove_prefix(1);
    }
    if (digits == 0 || (!braces && digits != 2) || (braces && !take("}")) || c > 0x10ffff)
      return refuse("has a \\x without its code; write \\xHH or \\x{HHHH}");
    return c;
  }

  Result<void> escape() {
    if (rest_.empty()) return refuse("ends with a \\; write \\\\ for the character");
    static constexpr std::pair<char, std::uint8_t> edges[] = {
        {'b', word_edge}, {'B', no_word_edge}, {'A', text_start}, {'z', text_end}};
    for (auto [name, which] : edges)
      if (take({&name, 1})) return check(which);
    std::vector<Regex::Range> set;
    const char c = rest_.front();
    if (named(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c, set)) {
      rest_.remove_prefix(1);
      return ranges(set, c >= 'A' && c <= 'Z');
    }
    TRY(char32_t plain, escaped());
    literal(plain);
    return {};
  }

  Result<void> ranges(const std::vector<Regex::Range>& set, bool negated) {
    if (set.size() > 255 || out_.ranges_.size() + set.size() > 2000)
      return refuse("has a class with too many ranges; use fewer");
    emit({.op = negated ? Op::not_of : Op::of,
          .count = static_cast<std::uint8_t>(set.size()),
          .x = far(out_.ranges_.size())});
    out_.ranges_.insert(out_.ranges_.end(), set.begin(), set.end());
    return {};
  }

  Result<void> bracket() {
    const bool negated = take("^");
    std::vector<Regex::Range> set;
    for (bool first = true; first || !take("]"); first = false) {
      if (rest_.empty()) return refuse("has a [ without its ]");
      if (take("[:")) return refuse("has a named class; write its ranges, such as a-z");
      if (rest_.size() > 1 && rest_[0] == '\\' && named(rest_[1], set)) {
        rest_.remove_prefix(2);
        continue;
      }
      char32_t from, to;
      TRY(from, in_bracket());
      to = from;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        TRY(to, in_bracket());
        if (to < from) return refuse("has a range that ends before it begins; turn it round");
      }
      add_range(set, from, to);
    }
    return ranges(set, negated);
  }

  Result<char32_t> in_bracket() {
    if (rest_.empty()) return refuse("has a [ without its ]");
    if (take("\\")) return escaped();
    return next();
  }

  void add_range(std::vector<Regex::Range>& set, char32_t from, char32_t to) const {
    set.push_back({from, to});
    if (!flags_.fold) return;
    const auto both = [&](char32_t low, char32_t high, int shift) {
      const char32_t a = std::max(from, low), b = std::min(to, high);
      if (a <= b)
        set.push_back({static_cast<char32_t>(static_cast<int>(a) + shift),
                       static_cast<char32_t>(static_cast<int>(b) + shift)});
    };
    both('a', 'z', -32);
    both('A', 'Z', 32);
  }

  std::optional<unsigned> count() {
    unsigned n = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && digits < 4 && rest_[digits] >= '0' && rest_[digits] <= '9';
         ++digits)
      n = n * 10 + static_cast<unsigned>(rest_[digits] - '0');
    if (digits == 0) return {};
    rest_.remove_prefix(digits);
    return n;
  }

  Result<void> repeats(std::size_t start) {
    for (int times = 0; !rest_.empty(); ++times) {
      unsigned least, most = 0;
      bool endless = false;
      if (take("*"))
        least = 0, endless = true;
      else if (take("+"))
        least = 1, endless = true;
      else if (take("?"))
        least = 0, most = 1;
      else if (take("{")) {
        auto n = count();
        if (!n) return refuse("has a { without a count; write \\{ for the character");
        least = most = *n;
        if (take(",")) {
          auto m = count();
          endless = !m;
          most = m.value_or(0);
        }
        if (!take("}") || (!endless && most < least) || least > 100 || most > 100)
          return refuse("has a repetition that is not {n}, {n,} or {n,m} with n <= m <= 100");
      } else {
        return {};
      }
      take("?");  // lazy: the same for a match that only says yes or no
      if (times > 2) return refuse("repeats a repetition of a repetition; simplify it");
      TRY_VOID(repeat(start, least, most, endless));
    }
    return {};
  }

  Result<void> repeat(std::size_t start, unsigned least, unsigned most, bool endless) {
    const std::vector<RegexStep> piece(steps().begin() + static_cast<std::ptrdiff_t>(start),
                                       steps().end());
    steps().resize(start);
    const std::size_t copies = endless ? std::max(least, 1u) : most;
    if (start + copies * (piece.size() + 2) > Regex::most_steps)
      return refuse("is too large; use fewer or smaller repetitions");
    const auto copy = [&] { steps().insert(steps().end(), piece.begin(), piece.end()); };
    for (unsigned i = 0; i < least; ++i) copy();
    if (endless && least > 0) {
      emit({.op = Op::split, .x = static_cast<std::int16_t>(-far(piece.size())), .y = 1});
    } else if (endless) {
      emit({.op = Op::split, .x = 1, .y = far(piece.size() + 2)});
      copy();
      emit({.op = Op::jump, .x = static_cast<std::int16_t>(-far(piece.size() + 1))});
    } else {
      for (unsigned i = least; i < most; ++i) {
        emit({.op = Op::split, .x = 1, .y = far(piece.size() + 1)});
        copy();
      }
    }
    return {};
  }

  std::string_view rest_, all_;
  Regex& out_;
  Flags flags_;
};

// The set of places where the match may be; a place is there once.
struct Regex::Threads {
  std::array<std::uint16_t, most_steps + 2> places;
  std::array<std::uint16_t, most_steps + 2> index;
  std::uint16_t count = 0;
  bool matched = false;
  bool has(std::uint16_t at) const { return index[at] < count && places[index[at]] == at; }
  void put(std::uint16_t at) {
    index[at] = count;
    places[count++] = at;
  }
};

Result<Regex> Regex::compile(std::string_view pattern) {
  Regex out;
  TRY_VOID(RegexReader(pattern, out).read());
  out.steps_.shrink_to_fit();
  out.ranges_.shrink_to_fit();
  return out;
}

std::size_t Regex::octets() const {
  return steps_.capacity() * sizeof(RegexStep) + ranges_.capacity() * sizeof(Range);
}

bool Regex::takes(const RegexStep& step, char32_t c) const {
  switch (step.op) {
    case Op::one:
      return c == step.c;
    case Op::fold:
      return folded(c) == step.c;
    case Op::any:
      return true;
    case Op::line:
      return c != '\n';
    case Op::of:
    case Op::not_of: {
      bool in = false;
      for (const Range& r :
           std::span(ranges_).subspan(static_cast<std::size_t>(step.x), step.count))
        in = in || (c >= r.from && c <= r.to);
      return in == (step.op == Op::of);
    }
    default:
      return false;
  }
}

// Follows what takes no character. Each place enters once, so the queue never outgrows the program.
void Regex::add(Threads& threads, std::uint16_t at, char32_t before, char32_t after) const {
  if (threads.has(at)) return;
  std::uint16_t done = threads.count;
  threads.put(at);
  const auto lead = [&](int to) {
    if (!threads.has(static_cast<std::uint16_t>(to))) threads.put(static_cast<std::uint16_t>(to));
  };
  for (; done < threads.count; ++done) {
    const std::uint16_t place = threads.places[done];
    const RegexStep& step = steps_[place];
    if (step.op == Op::jump || step.op == Op::split) lead(place + step.x);
    if (step.op == Op::split) lead(place + step.y);
    if (step.op == Op::check && holds(step.count, before, after)) lead(place + 1);
    if (step.op == Op::match) threads.matched = true;
  }
}

bool Regex::matches(std::string_view text) const {
  Threads first, second;
  Threads *now = &first, *then = &second;
  std::fill_n(first.index.begin(), steps_.size(), std::uint16_t{0});
  std::fill_n(second.index.begin(), steps_.size(), std::uint16_t{0});
  const bool anchored = steps_[0].op == Op::check && steps_[0].count == text_start;
  char32_t before = none;
  while (true) {
    const CodePoint next = text.empty() ? CodePoint{none, 0} : first_code_point(text);
    if (before == none || !anchored) add(*now, 0, before, next.c);
    if (now->matched) return true;
    if (text.empty() || (anchored && now->count == 0)) return false;
    text.remove_prefix(next.octets);
    const char32_t after = text.empty() ? none : first_code_point(text).c;
    then->count = 0;
    for (std::uint16_t i = 0; i < now->count; ++i)
      if (takes(steps_[now->places[i]], next.c))
        add(*then, static_cast<std::uint16_t>(now->places[i] + 1), next.c, after);
    if (then->matched) return true;
    std::swap(now, then);
    before = next.c;
  }
}

}  // namespace muster::rules
