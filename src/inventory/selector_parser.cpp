#include <array>
#include <optional>

#include "inventory/internal/condition.h"
#include "inventory/inventory.h"

namespace muster::inventory {
namespace {

using Node = std::unique_ptr<const Condition>;
using Op = Condition::Op;
using Type = Condition::Type;
using Field = Condition::Field;

constexpr std::size_t octets_max = 2048;
constexpr int operators_max = 128;
constexpr int depth_max = 32;

struct FieldName {
  std::string_view name;
  Field field;
  Type type;
};
constexpr std::array fields{
    FieldName{"id", Field::id, Type::text},
    FieldName{"model", Field::model, Type::text},
    FieldName{"state", Field::state, Type::text},
    FieldName{"risk", Field::risk, Type::text},
    FieldName{"serial", Field::serial, Type::text},
    FieldName{"firmware", Field::firmware, Type::text},
    FieldName{"groups", Field::groups, Type::list},
    FieldName{"online", Field::online, Type::truth},
};

struct Call {
  std::string_view name;
  Op op;
};
constexpr std::array calls{Call{"startsWith", Op::starts_with}, Call{"endsWith", Op::ends_with},
                           Call{"contains", Op::contains}};

const char* spoken(Type type) {
  switch (type) {
    case Type::truth:
      return "true or false";
    case Type::text:
      return "a text";
    case Type::list:
      return "a list";
  }
  return "?";
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

Node literal(bool truth) {
  return std::make_unique<const Condition>(Condition{.truth = truth});
}

// One method per rule of the grammar, loosest binding first. Each leaves at_ after what it read.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  Result<Node> whole();

 private:
  Result<Node> either();
  Result<Node> both();
  Result<Node> relation();
  Result<Node> negation();
  Result<Node> member();
  Result<Node> primary();
  Result<Node> parentheses();
  Result<Node> word();
  Result<Node> quoted();
  Result<Node> call(Node subject, std::size_t column);
  Result<Node> compare(Op, Node left, Node right, std::size_t column) const;
  Result<Node> join(Op, Node left, Node right, std::size_t column);

  std::optional<Op> relation_sign();
  bool take(std::string_view sign);
  std::string_view take_word();
  void skip_space();
  Result<void> count_operator(std::size_t column);
  Result<void> want(Type, const Node&, std::size_t column) const;
  std::unexpected<Error> wrong(std::string what, std::size_t column) const;
  std::size_t column();  // of the next token

  std::string_view text_;
  std::size_t at_ = 0;
  int operators_ = 0;
  int depth_ = 0;
};

std::unexpected<Error> Parser::wrong(std::string what, std::size_t column) const {
  return fail(Fault::invalid, "selector, column " + std::to_string(column) + ": " + std::move(what),
              "selector");
}

void Parser::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
    ++at_;
}

std::size_t Parser::column() {
  skip_space();
  return at_ + 1;
}

bool Parser::take(std::string_view sign) {
  skip_space();
  if (!text_.substr(at_).starts_with(sign)) return false;
  at_ += sign.size();
  return true;
}

std::string_view Parser::take_word() {
  skip_space();
  std::size_t end = at_;
  if (end < text_.size() && is_letter(text_[end]))
    while (end < text_.size() && is_word(text_[end])) ++end;
  const auto word = text_.substr(at_, end - at_);
  at_ = end;
  return word;
}

Result<void> Parser::count_operator(std::size_t column) {
  if (++operators_ > operators_max)
    return wrong("more than " + std::to_string(operators_max) +
                     " operators; put the devices in a group and select that",
                 column);
  return {};
}

Result<void> Parser::want(Type type, const Node& node, std::size_t column) const {
  if (node->type == type) return {};
  return wrong(
      std::string("this is ") + spoken(node->type) + " where " + spoken(type) + " is needed",
      column);
}

Result<Node> Parser::whole() {
  if (text_.size() > octets_max)
    return wrong("longer than " + std::to_string(octets_max) + " octets", octets_max + 1);
  const auto start = column();
  if (at_ == text_.size()) return wrong("it is empty; \"all\" selects every device", start);
  TRY(auto node, either());
  if (const auto rest = column(); at_ < text_.size())
    return wrong("expected ==, !=, in, &&, || or the end", rest);
  TRY_VOID(want(Type::truth, node, start));
  return node;
}

Result<Node> Parser::join(Op op, Node left, Node right, std::size_t column) {
  TRY_VOID(count_operator(column));
  return std::make_unique<const Condition>(
      Condition{.op = op, .left = std::move(left), .right = std::move(right)});
}

Result<Node> Parser::either() {
  const auto left_column = column();
  TRY(auto left, both());
  for (auto sign = column(); take("||"); sign = column()) {
    TRY_VOID(want(Type::truth, left, left_column));
    const auto right_column = column();
    TRY(auto right, both());
    TRY_VOID(want(Type::truth, right, right_column));
    TRY(left, join(Op::either, std::move(left), std::move(right), sign));
  }
  return left;
}

Result<Node> Parser::both() {
  const auto left_column = column();
  TRY(auto left, relation());
  for (auto sign = column(); take("&&"); sign = column()) {
    TRY_VOID(want(Type::truth, left, left_column));
    const auto right_column = column();
    TRY(auto right, relation());
    TRY_VOID(want(Type::truth, right, right_column));
    TRY(left, join(Op::both, std::move(left), std::move(right), sign));
  }
  return left;
}

std::optional<Op> Parser::relation_sign() {
  if (take("==")) return Op::equal;
  if (take("!=")) return Op::differ;
  const auto before = at_;
  if (take_word() == "in") return Op::member;
  at_ = before;
  return std::nullopt;
}

Result<Node> Parser::relation() {
  TRY(auto left, negation());
  for (auto sign = column();; sign = column()) {
    const auto op = relation_sign();
    if (!op) return left;
    TRY(auto right, negation());
    TRY(left, compare(*op, std::move(left), std::move(right), sign));
    TRY_VOID(count_operator(sign));
  }
}

// A state or a risk that does not exist would select nothing, in silence.
Result<void> refuse_unknown_value(const Condition& field, const Condition& value) {
  if (field.op != Op::field || value.op != Op::literal) return {};
  if (field.field == Field::state) {
    TRY_VOID(parse_lifecycle(value.text));
  } else if (field.field == Field::risk) {
    TRY_VOID(parse_risk(value.text));
  }
  return {};
}

Result<Node> Parser::compare(Op op, Node left, Node right, std::size_t column) const {
  if (op == Op::member) {
    if (left->type != Type::text || right->type != Type::list)
      return wrong("in needs a text on its left and groups on its right", column);
  } else {
    if (left->type != right->type || left->type == Type::list)
      return wrong(
          std::string("cannot compare ") + spoken(left->type) + " with " + spoken(right->type) +
              (left->type == Type::list || right->type == Type::list ? "; write \"name\" in groups"
                                                                     : ""),
          column);
    for (auto [field, value] : {std::pair{&*left, &*right}, std::pair{&*right, &*left}})
      if (auto known = refuse_unknown_value(*field, *value); !known)
        return wrong(known.error().message, column);
  }
  return std::make_unique<const Condition>(
      Condition{.op = op, .left = std::move(left), .right = std::move(right)});
}

Result<Node> Parser::negation() {
  std::size_t signs = 0;
  std::size_t sign = column();
  skip_space();
  while (at_ < text_.size() && text_[at_] == '!' && !text_.substr(at_).starts_with("!=")) {
    ++at_;
    ++signs;
    TRY_VOID(count_operator(sign));
    sign = column();
  }
  TRY(auto node, member());
  if (signs) TRY_VOID(want(Type::truth, node, sign));
  if (signs % 2 == 0) return node;
  return std::make_unique<const Condition>(Condition{.op = Op::negate, .left = std::move(node)});
}

Result<Node> Parser::member() {
  const auto start = column();
  TRY(auto node, primary());
  while (take(".")) {
    TRY_VOID(want(Type::text, node, start));
    const auto name = column();
    TRY(node, call(std::move(node), name));
  }
  return node;
}

Result<Node> Parser::call(Node subject, std::size_t column_of_name) {
  const auto name = take_word();
  for (const auto& known : calls) {
    if (known.name != name) continue;
    if (!take("(")) return wrong("expected ( after " + std::string(name), column());
    const auto start = column();
    if (++depth_ > depth_max) return wrong("nested too deep", start);
    TRY(auto argument, either());
    --depth_;
    TRY_VOID(want(Type::text, argument, start));
    if (!take(")")) return wrong("expected )", column());
    return join(known.op, std::move(subject), std::move(argument), column_of_name);
  }
  return wrong("there is startsWith, endsWith and contains after a point", column_of_name);
}

Result<Node> Parser::primary() {
  const auto start = column();
  if (at_ == text_.size()) return wrong("it ends where a value is needed", start);
  const char c = text_[at_];
  if (c == '(') return parentheses();
  if (c == '"' || c == '\'') return quoted();
  if (is_letter(c)) return word();
  return wrong("expected a field, a quoted text, true, false, all, ! or (", start);
}

Result<Node> Parser::parentheses() {
  const auto start = column();
  ++at_;
  if (++depth_ > depth_max)
    return wrong("more than " + std::to_string(depth_max) + " levels of parentheses", start);
  TRY(auto node, either());
  --depth_;
  if (!take(")")) return wrong("expected ) for the ( at column " + std::to_string(start), column());
  return node;
}

Result<Node> Parser::word() {
  const auto start = column();
  const auto name = take_word();
  if (name == "true" || name == "all") return literal(true);
  if (name == "false") return literal(false);
  for (const auto& known : fields)
    if (known.name == name)
      return std::make_unique<const Condition>(
          Condition{.op = Op::field, .type = known.type, .field = known.field});
  return wrong("there is no field \"" + std::string(name.substr(0, 32)) +
                   "\"; fields are id, model, state, risk, firmware, serial, groups and online; a "
                   "text stands in quotes",
               start);
}

Result<Node> Parser::quoted() {
  const auto start = column();
  const char mark = text_[at_++];
  std::string value;
  for (; at_ < text_.size() && text_[at_] != mark; ++at_) {
    if (static_cast<unsigned char>(text_[at_]) < 0x20)
      return wrong("a control character in a text", at_ + 1);
    if (text_[at_] == '\\') {
      ++at_;
      if (at_ == text_.size() || (text_[at_] != '\\' && text_[at_] != '"' && text_[at_] != '\''))
        return wrong("after a backslash comes \\, \" or '", at_ + 1);
    }
    value += text_[at_];
  }
  if (at_ == text_.size()) return wrong("the text is not closed", start);
  ++at_;
  return std::make_unique<const Condition>(Condition{.type = Type::text, .text = std::move(value)});
}

}  // namespace

Result<std::unique_ptr<const Condition>> parse_condition(std::string_view text) {
  return Parser(text).whole();
}

}  // namespace muster::inventory
