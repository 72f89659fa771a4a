#include "rules/internal/machine.h"

#include <algorithm>

#include "rules/internal/functions.h"

namespace muster::rules {
namespace {

// Values are as large as the schema promises, so a program ends within its cost; should somebody
// break the promise, it ends here.
constexpr std::uint32_t most_steps = 200'000;

struct Machine {
  const Program& program;
  std::span<const Value> slots;
  Scratch& scratch;
  Value* top;  // past the last value
  std::uint32_t at = 0, steps = 0;

  Value error(Trouble t, const Instruction& i) const { return Value::error(t, i.at); }
  Value placed(Value v, const Instruction& i) const {
    if (v.is_error()) v.at = i.at;
    return v;
  }
  void make_list(const Instruction&);
  void make_map(const Instruction&);
  void field(const Instruction&);
  void logic(const Instruction&);
  void branch(const Instruction&);
  void call(const Instruction&);
  void match(const Instruction&);
  void iterate(const Instruction&);
  void next(const Instruction&);
  void fold(const Instruction&);
  void gather(const Instruction&, const Value& body);
  void keep(const Instruction&);
  void finish(const Instruction&);
  void step(const Instruction&);
  Value run();
};

void Machine::make_list(const Instruction& i) {
  Value* first = top - i.a;
  auto bad = std::find_if(first, top, [](const Value& v) { return v.is_error(); });
  Value out = bad != top ? *bad : Value();
  if (bad == top) {
    Value* items = scratch.values(i.a);
    if (items) std::copy(first, top, items);
    out = items ? Value::list({items, i.a}) : error(Trouble::memory, i);
  }
  top = first;
  *top++ = out;
}

bool may_be_key(const Value& v) {
  return v.is(Kind::boolean) || v.is(Kind::string) || v.is(Kind::integer) || v.is(Kind::natural);
}

void Machine::make_map(const Instruction& i) {
  const std::size_t count = std::size_t{i.a} * 2;
  Value* first = top - count;
  auto bad = std::find_if(first, top, [](const Value& v) { return v.is_error(); });
  Value out = bad != top ? *bad : Value();
  Value* items = bad == top ? scratch.values(count) : nullptr;
  if (bad == top && !items) out = error(Trouble::memory, i);
  if (items) {
    std::copy(first, top, items);
    out = Value::map({items, count});
    for (std::size_t k = 0; k < count && !out.is_error(); k += 2) {
      Value before = Value::map({items, k});
      if (!may_be_key(items[k]))
        out = error(Trouble::no_overload, i);
      else if (find(before, items[k]))
        out = error(Trouble::repeated_key, i);
    }
    steps += static_cast<std::uint32_t>(count * count / 8);
  }
  top = first;
  *top++ = out;
}

void Machine::field(const Instruction& i) {
  Value& v = top[-1];
  if (v.is_error()) return;
  const bool has = i.op == Op::has_field;
  if (!v.is(Kind::map)) {
    v = error(Trouble::no_overload, i);
    return;
  }
  const Value* found = find(v, program.constants[i.a]);
  if (has)
    v = Value::of(found != nullptr);
  else
    v = found ? *found : error(Trouble::no_field, i);
}

// Either side may decide alone, whatever the other one is; only then does an error count.
void Machine::logic(const Instruction& i) {
  Value right = *--top;
  Value& left = top[-1];
  const bool both = i.op == Op::both;
  const auto decides = [&](const Value& v) { return both ? v.is_false() : v.is_true(); };
  if (decides(left)) return;
  if (decides(right))
    left = right;
  else if (left.is_error())
    return;
  else if (right.is_error())
    left = right;
  else if (!left.is(Kind::boolean) || !right.is(Kind::boolean))
    left = error(Trouble::no_overload, i);
}

void Machine::branch(const Instruction& i) {
  const Value condition = *--top;
  if (condition.is(Kind::boolean)) {
    if (!condition.truth) at = i.a;
    return;
  }
  *top++ = condition.is_error() ? condition : error(Trouble::no_overload, i);
  at = i.a - 1;  // the jump that leads past both sides
}

void Machine::call(const Instruction& i) {
  Value* first = top - i.n;
  auto bad = std::find_if(first, top, [](const Value& v) { return v.is_error(); });
  const auto function = static_cast<Function>(i.a);
  const Value out = bad != top ? *bad : placed(apply(function, {first, i.n}, scratch), i);
  if (function == Function::in && i.n == 2 && first[1].is(Kind::list)) steps += first[1].count / 4;
  top = first;
  *top++ = out;
}

void Machine::match(const Instruction& i) {
  Value& v = top[-1];
  if (v.is_error()) return;
  const Regex& regex = program.patterns[i.a];
  if (!v.is(Kind::string)) {
    v = error(Trouble::no_overload, i);
    return;
  }
  steps += static_cast<std::uint32_t>(
      std::min<std::uint64_t>(most_steps, std::uint64_t{v.count} * regex.steps() / 16));
  v = steps > most_steps ? error(Trouble::steps, i) : Value::of(regex.matches(v.view()));
}

// range -> range, accumulator, index, first, second.
void Machine::iterate(const Instruction& i) {
  Value range = top[-1];
  const auto kind = static_cast<Fold>(i.n);
  Value start = Value::of(kind == Fold::all);
  if (kind == Fold::exists_one) start = Value::of(std::int64_t{0});
  bool ok = range.is(Kind::list) || range.is(Kind::map);
  if (!ok) {
    start = range.is_error() ? range : error(Trouble::no_overload, i);
  } else if (kind >= Fold::map) {
    const std::size_t each = kind == Fold::to_map ? 2 : 1;
    Value* items = scratch.values(range.count * each);
    start = items ? Value::list({items, 0}) : error(Trouble::memory, i);
    ok = items != nullptr;
  }
  *top++ = start;
  *top++ = Value::of(std::int64_t{0});
  *top++ = Value::null();
  *top++ = Value::null();
  if (!ok) at = i.a;
}

void Machine::next(const Instruction& i) {
  const Value& range = top[-5];
  std::int64_t& index = top[-3].integer;
  if (index >= range.count) {
    at = i.a;
    return;
  }
  const auto n = static_cast<std::size_t>(index++);
  if (range.is(Kind::map)) {
    top[-2] = range.items[n * 2];
    top[-1] = range.items[n * 2 + 1];
  } else if (i.n == 2) {
    top[-2] = Value::of(static_cast<std::int64_t>(n));
    top[-1] = range.items[n];
  } else {
    top[-2] = range.items[n];
  }
}

void Machine::fold(const Instruction& i) {
  Value body = *--top;
  Value& sum = top[-4];
  const auto kind = static_cast<Fold>(i.n);
  const bool truth_wanted = kind != Fold::map && kind != Fold::to_map;
  if (truth_wanted && !body.is_error() && !body.is(Kind::boolean))
    body = error(Trouble::no_overload, i);
  if (kind == Fold::all || kind == Fold::exists) {
    const bool decided = kind == Fold::all ? body.is_false() : body.is_true();
    if (decided)
      sum = body, at = i.a;
    else if (body.is_error() && !sum.is_error())
      sum = body;
    return;
  }
  if (body.is_error()) {
    sum = body;
    at = i.a;
    return;
  }
  gather(i, body);
}

void Machine::gather(const Instruction& i, const Value& body) {
  Value& sum = top[-4];
  const auto kind = static_cast<Fold>(i.n);
  if (kind == Fold::exists_one) {
    sum.integer += body.truth;
    return;
  }
  Value* items = const_cast<Value*>(sum.items);  // taken from the scratch by iterate()
  if (kind == Fold::map) items[sum.count++] = body;
  if (kind == Fold::filter && body.truth) items[sum.count++] = top[-2];
  if (kind == Fold::to_map) {
    items[sum.count++] = top[-2];
    items[sum.count++] = body;
  }
}

void Machine::keep(const Instruction& i) {
  const Value condition = *--top;
  if (condition.is_true()) return;
  if (condition.is_false()) {
    at = i.a;
    return;
  }
  top[-4] = condition.is_error() ? condition : error(Trouble::no_overload, i);
  at = program.code[i.a].a;  // where the loop's turn leads when nothing is left
}

void Machine::finish(const Instruction& i) {
  Value sum = top[-4];
  const auto kind = static_cast<Fold>(i.n);
  if (kind == Fold::exists_one && !sum.is_error()) sum = Value::of(sum.integer == 1);
  if (kind == Fold::to_map && !sum.is_error()) sum = Value::map({sum.items, sum.count});
  top -= 4;
  top[-1] = sum;
}

void Machine::step(const Instruction& i) {
  switch (i.op) {
    case Op::constant:
      *top++ = program.constants[i.a];
      break;
    case Op::load:
      *top++ = placed(i.a < slots.size() ? slots[i.a] : Value(), i);
      break;
    case Op::has_slot: {
      const bool absent =
          i.a >= slots.size() || (slots[i.a].is_error() && slots[i.a].trouble == Trouble::absent);
      *top++ = Value::of(!absent);
      break;
    }
    case Op::local:
      *top = scratch.stack()[i.a];
      ++top;
      break;
    case Op::fail:
      top -= i.a;
      *top++ = error(static_cast<Trouble>(i.n), i);
      break;
    case Op::select:
    case Op::has_field:
      return field(i);
    case Op::make_list:
      return make_list(i);
    case Op::make_map:
      return make_map(i);
    case Op::unless:
    case Op::when:
      if (i.op == Op::unless ? top[-1].is_false() : top[-1].is_true()) at = i.a;
      break;
    case Op::both:
    case Op::either:
      return logic(i);
    case Op::branch:
      return branch(i);
    case Op::jump:
      at = i.a;
      break;
    case Op::call:
      return call(i);
    case Op::match:
      return match(i);
    case Op::iterate:
      return iterate(i);
    case Op::next:
      return next(i);
    case Op::fold:
      return fold(i);
    case Op::keep:
      return keep(i);
    case Op::finish:
      return finish(i);
  }
}

Value Machine::run() {
  while (at < program.code.size()) {
    const Instruction& i = program.code[at++];
    if (++steps > most_steps) return error(Trouble::steps, i);
    step(i);
  }
  return top[-1];
}

}  // namespace

Value run(const Program& program, std::span<const Value> slots, Scratch& scratch) {
  return Machine{program, slots, scratch, scratch.stack().data()}.run();
}

}  // namespace muster::rules
