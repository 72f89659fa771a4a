#include "inventory/selector.h"

#include "inventory/internal/condition.h"
#include "inventory/inventory.h"

namespace muster::inventory {
namespace {

std::string_view text_of(Condition::Field field, const Device& d) {
  using enum Condition::Field;
  switch (field) {
    case id:
      return d.id.text();
    case model:
      return d.model.text();
    case state:
      return name_of(d.state);
    case risk:
      return name_of(d.risk);
    case firmware:
      return d.firmware;
    case serial:
      return d.serial;
    case groups:
    case online:
      break;  // not texts: the parser has checked the types
  }
  return {};
}

}  // namespace

std::string_view Condition::text_in(const Device& d) const {
  return op == Op::literal ? std::string_view(text) : text_of(field, d);
}

bool Condition::holds(const Device& d) const {
  switch (op) {
    case Op::literal:
    case Op::field:
      return op == Op::literal ? truth : d.online;
    case Op::negate:
      return !left->holds(d);
    case Op::both:
      return left->holds(d) && right->holds(d);
    case Op::either:
      return left->holds(d) || right->holds(d);
    case Op::equal:
    case Op::differ: {
      const bool same = left->type == Type::text ? left->text_in(d) == right->text_in(d)
                                                 : left->holds(d) == right->holds(d);
      return same == (op == Op::equal);
    }
    case Op::member: {
      const auto wanted = left->text_in(d);
      for (const auto& group : d.groups)
        if (group == wanted) return true;
      return false;
    }
    case Op::starts_with:
      return left->text_in(d).starts_with(right->text_in(d));
    case Op::ends_with:
      return left->text_in(d).ends_with(right->text_in(d));
    case Op::contains:
      return left->text_in(d).find(right->text_in(d)) != std::string_view::npos;
  }
  return false;
}

Result<Selector> Selector::parse(std::string_view text) {
  TRY(auto root, parse_condition(text));
  Selector selector;
  selector.text_ = std::string(text);
  const bool all = root->op == Condition::Op::literal && root->truth;
  if (!all) selector.root_ = std::move(root);
  return selector;
}

Selector Selector::everything() {
  Selector selector;
  selector.text_ = "all";
  return selector;
}

bool Selector::matches(const Device& d) const {
  return !root_ || root_->holds(d);
}

}  // namespace muster::inventory
