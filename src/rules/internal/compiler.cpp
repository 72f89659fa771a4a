#include "rules/internal/compiler.h"

#include <algorithm>
#include <utility>

namespace muster::rules {
namespace {

bool unknown(const Type& t) {
  return t.is(Kind::dyn) || t.is(Kind::open);
}

}  // namespace

bool agree(const Type& a, const Type& b) {
  if (unknown(a) || unknown(b)) return true;
  if (a.kind != b.kind) return false;
  if (a.is(Kind::type)) return true;
  for (std::size_t i = 0; i < std::min(a.of.size(), b.of.size()); ++i)
    if (!agree(a.of[i], b.of[i])) return false;
  return true;
}

Type common(const Type& a, const Type& b) {
  if (a.is(Kind::open)) return b;
  if (b.is(Kind::open)) return a;
  if (a.is(Kind::dyn) || b.is(Kind::dyn) || !agree(a, b)) return {};
  Type out = a;
  for (std::size_t i = 0; i < std::min(a.of.size(), b.of.size()); ++i)
    out.of[i] = common(a.of[i], b.of[i]);
  return out;
}

Size inner(const Type& item, const Size& of) {
  if (item.is(Kind::string) || item.is(Kind::bytes)) return {of.item, 1};
  if (item.is(Kind::list) || item.is(Kind::map)) return {of.item, 256};
  return unknown(item) ? Size{of.item, of.item} : Size{};
}

Result<std::unique_ptr<const Program>> Compiler::compile() {
  program_ = std::make_unique<Program>();
  TRY(Part whole, write(tree_.root));
  if (whole.cost > options_.limits.cost)
    return fail(Fault::invalid,
                "the expression may cost " + std::to_string(whole.cost) + " units, at most " +
                    std::to_string(options_.limits.cost) +
                    " are allowed; loop over shorter lists, nest fewer loops, or declare smaller "
                    "sizes for the variables");
  program_->cost = whole.cost;
  program_->type = std::move(whole.type);
  settle();
  auto& used = program_->variables;
  std::ranges::sort(used);
  used.erase(std::ranges::unique(used).begin(), used.end());
  used.shrink_to_fit();
  program_->code.shrink_to_fit();
  return std::unique_ptr<const Program>(std::move(program_));
}

std::uint32_t Compiler::emit(Op op, const Node& node, std::uint32_t a, std::uint8_t n) {
  program_->code.push_back({op, n, node.at, a});
  return here() - 1;
}

Result<void> Compiler::push(const Node& node, std::uint32_t places) {
  depth_ += places;
  if (depth_ > Scratch::stack_size - 8)
    return refuse_at(node.at, "the expression holds too many values at once; shorten its lists");
  return {};
}

Result<Compiler::Part> Compiler::fails(const Node& node, Trouble trouble, const std::string& why,
                                       std::uint32_t instead_of) {
  if (options_.strict) return refuse_at(node.at, why);
  emit(Op::fail, node, instead_of, static_cast<std::uint8_t>(trouble));
  pop(instead_of);
  TRY_VOID(push(node));
  return Part{};
}

Result<Compiler::Part> Compiler::write(Id id) {
  const Node& it = node(id);
  using K = Node::Kind;
  switch (it.kind) {
    case K::name:
      return name(it, it.text);
    case K::select:
    case K::has:
      return select(it);
    case K::index:
      return index(it);
    case K::call:
      return it.text == "matches" ? matches(it) : call(it);
    case K::list:
      return list(it);
    case K::map:
      return map(it);
    case K::both:
    case K::either:
      return logic(it);
    case K::choice:
      return choice(it);
    case K::comprehension:
      return comprehension(it);
    default:
      return literal(it);
  }
}

std::uint32_t Compiler::constant(const Value& value, std::string_view text) {
  constants_.push_back({value, static_cast<std::uint32_t>(texts_.size())});
  texts_ += text;
  return static_cast<std::uint32_t>(constants_.size() - 1);
}

namespace {

Value value_of(const Node& it) {
  using K = Node::Kind;
  switch (it.kind) {
    case K::boolean:
      return Value::of(it.integer != 0);
    case K::integer:
      return Value::of(it.integer);
    case K::natural:
      return Value::of(static_cast<std::uint64_t>(it.integer));
    case K::real:
      return Value::of(it.real);
    case K::string:
      return Value::of(std::string_view(it.text));
    case K::bytes:
      return Value::bytes(it.text);
    default:
      return Value::null();
  }
}

bool is_literal(const Node& it) {
  return it.kind <= Node::Kind::bytes;
}

}  // namespace

Result<Compiler::Part> Compiler::literal(const Node& it) {
  const Value value = value_of(it);
  emit(Op::constant, it, constant(value, it.text));
  TRY_VOID(push(it));
  return Part{{value.kind}, {std::max<std::uint64_t>(1, it.text.size())}};
}

void Compiler::settle() {
  Program& p = *program_;
  p.texts = std::make_unique<char[]>(texts_.size());
  std::ranges::copy(texts_, p.texts.get());
  p.text_octets = static_cast<std::uint32_t>(texts_.size());
  const auto settled = [&](const Constant& c) {
    Value v = c.value;
    if (v.is(Kind::string) || v.is(Kind::bytes)) v.text = p.texts.get() + c.offset;
    if (v.is(Kind::list)) v.items = p.lists[c.list].get();
    return v;
  };
  for (const auto& list : lists_) {
    auto items = std::make_unique<Value[]>(list.size());
    std::ranges::transform(list, items.get(), settled);
    p.list_values += static_cast<std::uint32_t>(list.size());
    p.lists.push_back(std::move(items));
  }
  p.lists.shrink_to_fit();
  p.constants.reserve(constants_.size());
  for (const Constant& c : constants_) p.constants.push_back(settled(c));
}

std::string Compiler::dotted(Id id) const {
  const Node& it = node(id);
  if (it.kind == Node::Kind::name) return it.text;
  if (it.kind != Node::Kind::select || it.n) return "";
  const std::string before = dotted(it.kids[0]);
  return before.empty() ? "" : before + "." + it.text;
}

const Compiler::Local* Compiler::local(const std::string& name) const {
  for (auto it = locals_.rbegin(); it != locals_.rend(); ++it)
    if (it->name == name) return &*it;
  return nullptr;
}

std::optional<std::uint32_t> Compiler::variable(const std::string& name, bool rooted) const {
  for (std::string at = rooted ? "" : options_.container; !at.empty();) {
    if (auto slot = schema_.find(at + "." + name)) return slot;
    const auto dot = at.rfind('.');
    at.resize(dot == std::string::npos ? 0 : dot);
  }
  return schema_.find(name);
}

Result<Compiler::Part> Compiler::declared(const Node& it, std::uint32_t slot) {
  const Variable& v = schema_.at(slot);
  emit(Op::load, it, slot);
  TRY_VOID(push(it));
  program_->variables.push_back(static_cast<std::uint16_t>(slot));
  Size size;
  const auto by_kind = [](Kind k) -> std::uint64_t {
    if (k == Kind::string || k == Kind::bytes || k == Kind::dyn) return 256;
    return k == Kind::list || k == Kind::map ? 64 : 1;
  };
  size.most = v.most ? v.most : by_kind(v.type.kind);
  for (const Type& t : v.type.of) size.item = std::max(size.item, by_kind(t.kind));
  if (v.type.is(Kind::dyn)) size.item = 256;
  return Part{v.type, size};
}

Result<Compiler::Part> Compiler::name(const Node& it, const std::string& text) {
  if (const Local* l = it.n ? nullptr : local(text)) {
    emit(Op::local, it, l->place);
    TRY_VOID(push(it));
    return Part{l->type, l->size};
  }
  if (auto slot = variable(text, it.n != 0)) return declared(it, *slot);
  for (auto k = static_cast<int>(Kind::null); k <= static_cast<int>(Kind::type); ++k)
    if (text == name_of(static_cast<Kind>(k))) {
      emit(Op::constant, it, constant(Value::of_type(static_cast<Kind>(k))));
      TRY_VOID(push(it));
      return Part{{Kind::type, {{static_cast<Kind>(k)}}}};
    }
  if (schema_.has_below(text))
    return fails(it, Trouble::no_name,
                 "'" + text + "' is a group of variables; name one of them, '" + text + ".…'");
  const std::string near = schema_.nearest(text);
  return fails(
      it, Trouble::no_name,
      "'" + text.substr(0, 64) + "' is not declared; " +
          (near.empty() ? "use a variable of the schema" : "did you mean '" + near + "'?"));
}

// The longest declared name wins: a.b.c is the variable "a.b.c" before the field c of "a.b".
Result<Compiler::Part> Compiler::select(const Node& it) {
  const bool has = it.kind == Node::Kind::has;
  Node as_select = it;
  as_select.kind = Node::Kind::select;
  const std::string before = it.n ? "" : dotted(it.kids[0]);
  const std::string full = before.empty() ? "" : before + "." + it.text;
  const std::string root = full.substr(0, full.find('.'));
  const bool rooted = !before.empty() && [&] {
    Id at = it.kids[0];
    while (node(at).kind == Node::Kind::select) at = node(at).kids[0];
    return node(at).n != 0;
  }();
  if (!full.empty() && (rooted || !local(root))) {
    if (auto slot = variable(full, rooted)) {
      if (!has) return declared(it, *slot);
      TRY_VOID(push(it));
      emit(Op::has_slot, it, *slot);
      program_->variables.push_back(static_cast<std::uint16_t>(*slot));
      return Part{{Kind::boolean}};
    }
    if (full == name_of(Kind::timestamp) || full == name_of(Kind::duration)) return name(it, full);
    if (!has && schema_.has_below(before) && !variable(before, rooted)) return name(it, full);
  }
  TRY(Part operand, write(it.kids[0]));
  const Type& t = operand.type;
  if (!t.is(Kind::map) && !unknown(t))
    return fails(it, Trouble::no_overload, "a " + show(t) + " has no fields; only a map has", 1);
  if (t.is(Kind::map) && !t.of.empty() && !agree(t.of[0], {Kind::string}))
    return fails(it, Trouble::no_overload, "this map's keys are no texts; use [ ]", 1);
  emit(has ? Op::has_field : Op::select, it,
       constant(Value::of(std::string_view(it.text)), it.text));
  const std::uint64_t cost = operand.cost + 1 + operand.size.most / 2;
  if (has) return Part{{Kind::boolean}, {}, cost};
  const Type field = t.is(Kind::map) && t.of.size() > 1 ? t.of[1] : Type{};
  return Part{field, inner(field, operand.size), cost};
}

Result<Compiler::Part> Compiler::index(const Node& it) {
  TRY(Part operand, write(it.kids[0]));
  TRY(Part key, write(it.kids[1]));
  const Type& t = operand.type;
  const bool fits = unknown(t) || (t.is(Kind::list) && agree(key.type, {Kind::integer})) ||
                    (t.is(Kind::map) && (t.of.empty() || agree(key.type, t.of[0])));
  if (!fits)
    return fails(it, Trouble::no_overload,
                 "a " + show(t) + " is not indexed by a " + show(key.type) +
                     "; a list takes an int, a map its keys' type",
                 2);
  pop();
  emit(Op::call, it, static_cast<std::uint32_t>(Function::index), 2);
  const Type item = unknown(t) || t.of.empty() ? Type{} : t.of.back();
  const Size sizes[] = {operand.size, key.size};
  return Part{item, inner(item, operand.size),
              operand.cost + key.cost + 1 + cost_of(Function::index, sizes)};
}

std::optional<std::vector<Compiler::Constant>> Compiler::constant_items(const Node& it) {
  if (!std::ranges::all_of(it.kids, [&](Id kid) { return is_literal(node(kid)); })) return {};
  std::vector<Constant> items;
  for (Id kid : it.kids) {
    items.push_back({value_of(node(kid)), static_cast<std::uint32_t>(texts_.size())});
    texts_ += node(kid).text;
  }
  return items;
}

Result<Compiler::Part> Compiler::list(const Node& it) {
  Part out{Type::list({it.kids.empty() ? Kind::open : Kind::dyn}), {it.kids.size(), 1}};
  if (auto items = constant_items(it)) {
    Value v = Value::list(std::span<const Value>());
    v.count = static_cast<std::uint32_t>(items->size());
    constants_.push_back({v, 0, static_cast<std::uint32_t>(lists_.size())});
    lists_.push_back(std::move(*items));
    emit(Op::constant, it, static_cast<std::uint32_t>(constants_.size() - 1));
    TRY_VOID(push(it));
    for (std::size_t i = 0; i < it.kids.size(); ++i) {
      const Type item{value_of(node(it.kids[i])).kind};
      out.type.of[0] = i == 0 ? item : common(out.type.of[0], item);
      out.size.item = std::max<std::uint64_t>(out.size.item, node(it.kids[i]).text.size());
    }
    return out;
  }
  for (std::size_t i = 0; i < it.kids.size(); ++i) {
    TRY(Part item, write(it.kids[i]));
    out.type.of[0] = i == 0 ? item.type : common(out.type.of[0], item.type);
    out.size.item = std::max(out.size.item, item.size.most);
    out.cost += item.cost;
  }
  pop(static_cast<std::uint32_t>(it.kids.size()));
  TRY_VOID(push(it));
  emit(Op::make_list, it, static_cast<std::uint32_t>(it.kids.size()));
  return out;
}

Result<Compiler::Part> Compiler::map(const Node& it) {
  const Kind first = it.kids.empty() ? Kind::open : Kind::dyn;
  Part out{Type::map({first}, {first}), {it.kids.size() / 2, 1}};
  for (std::size_t i = 0; i < it.kids.size(); ++i) {
    TRY(Part item, write(it.kids[i]));
    Type& side = out.type.of[i % 2];
    side = i < 2 ? item.type : common(side, item.type);
    out.size.item = std::max(out.size.item, item.size.most);
    out.cost += item.cost + it.kids.size() / 4;
  }
  pop(static_cast<std::uint32_t>(it.kids.size()));
  TRY_VOID(push(it));
  emit(Op::make_map, it, static_cast<std::uint32_t>(it.kids.size() / 2));
  return out;
}

Result<void> Compiler::wants(const Node& it, const Part& part, Kind kind, const std::string& what) {
  if (!options_.strict || agree(part.type, {kind})) return {};
  return refuse_at(it.at, what + " is a " + show(part.type) + " where a " + show(Type{kind}) +
                              " is wanted; compare it with something");
}

Result<Compiler::Part> Compiler::logic(const Node& it) {
  const bool both = it.kind == Node::Kind::both;
  TRY(Part left, write(it.kids[0]));
  TRY_VOID(wants(node(it.kids[0]), left, Kind::boolean, "one side of " + it.text));
  const std::uint32_t jump = emit(both ? Op::unless : Op::when, it);
  TRY(Part right, write(it.kids[1]));
  TRY_VOID(wants(node(it.kids[1]), right, Kind::boolean, "one side of " + it.text));
  emit(both ? Op::both : Op::either, it);
  pop();
  patch(jump);
  return Part{{Kind::boolean}, {}, left.cost + right.cost + 1};
}

Result<Compiler::Part> Compiler::choice(const Node& it) {
  TRY(Part condition, write(it.kids[0]));
  TRY_VOID(wants(node(it.kids[0]), condition, Kind::boolean, "what stands before ?"));
  const std::uint32_t branch = emit(Op::branch, it);
  pop();
  TRY(Part yes, write(it.kids[1]));
  const std::uint32_t past = emit(Op::jump, it);
  patch(branch);
  pop();
  TRY(Part no, write(it.kids[2]));
  patch(past);
  if (options_.strict && !agree(yes.type, no.type))
    return refuse_at(it.at, "the two sides of : are a " + show(yes.type) + " and a " +
                                show(no.type) + "; make them the same type, or wrap one in dyn()");
  return Part{common(yes.type, no.type),
              {std::max(yes.size.most, no.size.most), std::max(yes.size.item, no.size.item)},
              condition.cost + std::max(yes.cost, no.cost) + 1};
}

}  // namespace muster::rules
