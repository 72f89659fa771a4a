#include <algorithm>

#include "rules/internal/compiler.h"

namespace muster::rules {
namespace {

Kind kind_of(char letter) {
  switch (letter) {
    case 'b':
      return Kind::boolean;
    case 'i':
      return Kind::integer;
    case 'u':
      return Kind::natural;
    case 'd':
      return Kind::real;
    case 's':
      return Kind::string;
    case 'y':
      return Kind::bytes;
    case 'n':
      return Kind::null;
    case 't':
      return Kind::timestamp;
    case 'r':
      return Kind::duration;
    case 'L':
    case 'S':
      return Kind::list;
    case 'M':
      return Kind::map;
    case 'T':
      return Kind::type;
    default:
      return Kind::dyn;
  }
}

std::optional<Function> comparison(std::string_view sign) {
  static constexpr std::pair<std::string_view, Function> all[] = {
      {"==", Function::equal},   {"!=", Function::unequal}, {"<", Function::less},
      {"<=", Function::at_most}, {">", Function::more},     {">=", Function::at_least},
      {"in", Function::in}};
  auto found = std::ranges::find(all, sign, &std::pair<std::string_view, Function>::first);
  return found == std::end(all) ? std::nullopt : std::optional(found->second);
}

bool is_numeric(const Type& t) {
  return t.is(Kind::integer) || t.is(Kind::natural) || t.is(Kind::real);
}

// CEL compares numbers of different types, and only them, across types.
bool comparable(Function f, const Type& a, const Type& b) {
  if (f == Function::in) {
    if (b.is(Kind::list) || b.is(Kind::map)) return b.of.empty() || agree(a, b.of[0]);
    return b.is(Kind::dyn);
  }
  if (f == Function::equal || f == Function::unequal) return agree(a, b);
  const auto ordered = [](const Type& t) {
    return !t.is(Kind::list) && !t.is(Kind::map) && !t.is(Kind::null) && !t.is(Kind::type);
  };
  return ordered(a) && ordered(b) && (agree(a, b) || (is_numeric(a) && is_numeric(b)));
}

}  // namespace

Result<Compiler::Part> Compiler::equality(const Node& it, Function f,
                                          const std::vector<Part>& parts) {
  const Type &a = parts[0].type, &b = parts[1].type;
  pop();
  if (options_.strict && !comparable(f, a, b))
    return refuse_at(it.at, "'" + it.text + "' does not take a " + show(a) + " and a " + show(b) +
                                "; convert one of them, for example by " +
                                (is_numeric(a) ? show(a) : std::string("string")) + "()");
  emit(Op::call, it, static_cast<std::uint32_t>(f), 2);
  const Size sizes[] = {parts[0].size, parts[1].size};
  return Part{{Kind::boolean}, {}, parts[0].cost + parts[1].cost + 1 + cost_of(f, sizes)};
}

Result<Compiler::Part> Compiler::resolved(const Node& it, const std::vector<Part>& parts,
                                          bool member) {
  const Overload* chosen = nullptr;
  bool known = false, clear = true;
  for (const Overload& o : overloads()) {
    if (o.name != it.text || o.member != member) continue;
    known = true;
    if (o.arguments.size() != parts.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; i < parts.size(); ++i)
      fits = fits && agree(parts[i].type, {kind_of(o.arguments[i])});
    if (!fits) continue;
    if (chosen)
      clear = clear && chosen->result == o.result;
    else
      chosen = &o;
  }
  std::string types;
  for (const Part& p : parts) types += (types.empty() ? "" : ", ") + show(p.type);
  const auto count = static_cast<std::uint32_t>(parts.size());
  if (!known)
    return fails(it, Trouble::no_name,
                 "there is no function '" + it.text.substr(0, 64) +
                     (member ? "' to call on a value" : "'") + "; see the list of functions",
                 count);
  if (!chosen) {
    std::string sign = it.text;
    if (sign.ends_with('_')) sign.pop_back();
    return fails(it, Trouble::no_overload,
                 "'" + sign + "' does not take (" + types + "); convert the arguments", count);
  }
  emit(Op::call, it, static_cast<std::uint32_t>(chosen->function),
       static_cast<std::uint8_t>(parts.size()));
  pop(count);
  TRY_VOID(push(it));
  std::vector<Size> sizes;
  Part out;
  for (const Part& p : parts) sizes.push_back(p.size), out.cost += p.cost;
  out.cost += cost_of(chosen->function, sizes);
  out.size = size_of(chosen->function, sizes);
  if (clear) out.type = {kind_of(chosen->result)};
  if (chosen->result == '1') out.type = common(parts[0].type, parts.back().type);
  if (chosen->result == 'S') out.type = Type::list({Kind::string});
  if (chosen->function == Function::to_type) out.type.of = {parts[0].type};
  if (parts.size() == 2 && (parts[0].type.is(Kind::dyn) || parts[1].type.is(Kind::dyn)) &&
      chosen->result == '1')
    out.type = {};
  return out;
}

Result<Compiler::Part> Compiler::call(const Node& call) {
  Node it = call;
  std::vector<Id> arguments = it.kids;
  bool member = it.n != 0;
  if (member) {  // strings.quote(x): the target is a namespace
    const std::string before = dotted(arguments[0]);
    const std::string full = before + "." + it.text;
    const bool function = !before.empty() && std::ranges::any_of(overloads(), [&](auto& o) {
      return !o.member && o.name == full;
    });
    if (function) {
      it.text = full;
      arguments.erase(arguments.begin());
      member = false;
    }
  }
  if (arguments.size() > 8) return refuse_at(it.at, "no function takes more than 8 arguments");
  std::vector<Part> parts;
  for (Id kid : arguments) {
    TRY(Part part, write(kid));
    parts.push_back(std::move(part));
  }
  if (auto f = comparison(it.text); f && parts.size() == 2) return equality(it, *f, parts);
  return resolved(it, parts, member);
}

Result<Compiler::Part> Compiler::matches(const Node& it) {
  if (it.kids.size() != 2)
    return fails(it, Trouble::no_overload, "matches() takes a text and a pattern");
  TRY(Part text, write(it.kids[0]));
  const Node& pattern = node(it.kids[1]);
  if (pattern.kind != Node::Kind::string || !agree(text.type, {Kind::string})) {
    return fails(
        it, Trouble::no_overload,
        "matches() takes a text and a pattern written as a text, so that its cost is known", 1);
  }
  auto regex = Regex::compile(pattern.text);
  if (!regex) return refuse_at(pattern.at, regex.error().message);
  const std::uint64_t cost = text.cost + 1 + text.size.most * (4 + regex->steps()) / 16;
  emit(Op::match, it, static_cast<std::uint32_t>(program_->patterns.size()));
  program_->patterns.push_back(std::move(*regex));
  return Part{{Kind::boolean}, {}, cost};
}

// On the stack: range, accumulator, index, first and second variable.
Result<Compiler::Part> Compiler::comprehension(const Node& it) {
  TRY(Part range, write(it.kids[0]));
  const bool two = !it.text2.empty();
  const bool is_map = range.type.is(Kind::map), is_list = range.type.is(Kind::list);
  if (!is_map && !is_list && !range.type.is(Kind::dyn)) {
    return fails(it, Trouble::no_overload,
                 "a loop goes over a list or a map's keys, not over a " + show(range.type), 1);
  }
  const auto item = [&](std::size_t i) {
    return range.type.of.size() > i ? range.type.of[i] : Type{};
  };
  const std::uint32_t begin = emit(Op::iterate, it, 0, it.n);
  TRY_VOID(push(it, 4));
  const std::uint32_t again = emit(Op::next, it, 0, two ? 2 : 1);
  const std::size_t outer = locals_.size();
  const Type first = is_list && two ? Type{Kind::integer} : item(0);
  const Type second = is_list ? item(0) : item(1);
  locals_.push_back({it.text, first, inner(first, range.size), depth_ - 2});
  if (two) locals_.push_back({it.text2, second, inner(second, range.size), depth_ - 1});
  std::optional<Part> condition;
  if (it.kids.size() > 2) {
    TRY(condition, write(it.kids[2]));
    TRY_VOID(wants(node(it.kids[2]), *condition, Kind::boolean, "a loop's condition"));
    emit(Op::keep, it, again, it.n);
    pop();
  }
  TRY(Part body, write(it.kids[1]));
  const std::uint32_t fold = emit(Op::fold, it, 0, it.n);
  pop();
  emit(Op::jump, it, again);
  patch(begin), patch(again), patch(fold);
  emit(Op::finish, it, 0, it.n);
  pop(4);
  locals_.resize(outer);
  return loop_result(it, range, body, condition ? &*condition : nullptr);
}

Result<Compiler::Part> Compiler::loop_result(const Node& it, const Part& range, const Part& body,
                                             const Part* condition) {
  const auto kind = static_cast<Fold>(it.n);
  const bool maps = kind == Fold::map || kind == Fold::to_map;
  if (!maps) TRY_VOID(wants(node(it.kids[1]), body, Kind::boolean, "a loop's condition"));
  const std::uint64_t turn = 3 + body.cost + (condition ? condition->cost : 0);
  Part out{{Kind::boolean}, {}, 0};
  if (__builtin_mul_overflow(turn, range.size.most, &out.cost) ||
      __builtin_add_overflow(out.cost, range.cost + 3, &out.cost))
    out.cost = ~std::uint64_t{0} >> 8;
  out.cost = std::min(out.cost, ~std::uint64_t{0} >> 8);
  const Type item = range.type.of.empty() ? Type{} : range.type.of[0];
  if (kind == Fold::map) out.type = Type::list(body.type);
  if (kind == Fold::filter) out.type = Type::list(item);
  if (kind == Fold::to_map)
    out.type = Type::map(range.type.is(Kind::list) ? Type{Kind::integer} : item, body.type);
  if (maps) out.size = {range.size.most, body.size.most};
  if (kind == Fold::filter) out.size = range.size;
  return out;
}

}  // namespace muster::rules
