#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "rules/internal/ast.h"
#include "rules/internal/lexer.h"
#include "wire/utf8.h"

namespace muster::rules {
namespace {

using Id = std::uint32_t;
using Is = Token::Kind;

struct Binary {
  std::string_view sign;
  int strength;
};
constexpr Binary binaries[] = {{"||", 1}, {"&&", 2}, {"<", 3},  {"<=", 3}, {">", 3},
                               {">=", 3}, {"==", 3}, {"!=", 3}, {"in", 3}, {"+", 4},
                               {"-", 4},  {"*", 5},  {"/", 5},  {"%", 5}};

struct Macro {
  std::string_view name;
  Fold fold;
  std::size_t variables, arguments;  // the variables are among the arguments
};
constexpr Macro macros[] = {{"all", Fold::all, 1, 2},
                            {"all", Fold::all, 2, 3},
                            {"exists", Fold::exists, 1, 2},
                            {"exists", Fold::exists, 2, 3},
                            {"exists_one", Fold::exists_one, 1, 2},
                            {"exists_one", Fold::exists_one, 2, 3},
                            {"existsOne", Fold::exists_one, 1, 2},
                            {"existsOne", Fold::exists_one, 2, 3},
                            {"map", Fold::map, 1, 2},
                            {"map", Fold::map, 1, 3},
                            {"filter", Fold::filter, 1, 2},
                            {"transformList", Fold::map, 2, 3},
                            {"transformList", Fold::map, 2, 4},
                            {"transformMap", Fold::to_map, 2, 3},
                            {"transformMap", Fold::to_map, 2, 4}};

class Parser {
 public:
  Parser(std::string_view text, const ExpressionLimits& limits) : lexer_(text), limits_(limits) {}

  Result<Tree> parse() {
    TRY_VOID(advance());
    TRY(tree_.root, expression());
    if (!at_end()) return refuse_at(token_.at, unexpected("an operator or the end"));
    return std::move(tree_);
  }

 private:
  bool at_end() const { return token_.kind == Is::end; }
  bool is_sign(std::string_view s) const { return token_.kind == Is::sign && token_.text == s; }
  Result<void> advance() {
    TRY(token_, lexer_.next());
    return {};
  }
  std::string unexpected(const std::string& wanted) const {
    if (at_end()) return "the expression ends where " + wanted + " was expected; complete it";
    return "'" + token_.text.substr(0, 32) + "' where " + wanted + " was expected";
  }
  Result<bool> take(std::string_view sign) {
    if (!is_sign(sign)) return false;
    TRY_VOID(advance());
    return true;
  }
  Result<void> need(std::string_view sign) {
    if (!is_sign(sign)) return refuse_at(token_.at, unexpected("'" + std::string(sign) + "'"));
    return advance();
  }

  Result<Id> add(Node node) {
    for (Id kid : node.kids)
      node.height = std::max(node.height, static_cast<std::uint16_t>(tree_.nodes[kid].height + 1));
    if (node.height > limits_.depth) return too_deep(node.at);
    if (tree_.nodes.size() >= limits_.nodes)
      return refuse_at(node.at, "the expression has more than " + std::to_string(limits_.nodes) +
                                    " parts; split the rule, or compare with a list by 'in'");
    tree_.nodes.push_back(std::move(node));
    return static_cast<Id>(tree_.nodes.size() - 1);
  }
  std::unexpected<Error> too_deep(std::size_t at) const {
    return refuse_at(at, "the expression is nested more than " + std::to_string(limits_.depth) +
                             " deep; split the rule, or compare with a list by 'in'");
  }

  Result<Id> expression() {
    if (++depth_ > limits_.depth) return too_deep(token_.at);
    TRY(Id condition, binary(1));
    const std::uint16_t at = token_.at;
    TRY(bool choice, take("?"));
    if (choice) {
      TRY(Id yes, binary(1));
      TRY_VOID(need(":"));
      TRY(Id no, expression());
      TRY(condition, add({.kind = Node::Kind::choice, .at = at, .kids = {condition, yes, no}}));
    }
    --depth_;
    return condition;
  }

  const Binary* operation() const {
    if (token_.kind != Is::sign && !(token_.kind == Is::name && token_.text == "in"))
      return nullptr;
    auto found = std::ranges::find(binaries, token_.text, &Binary::sign);
    return found == std::end(binaries) ? nullptr : found;
  }

  Result<Id> binary(int strength) {
    TRY(Id left, unary());
    while (const Binary* op = operation()) {
      if (op->strength < strength) break;
      const std::uint16_t at = token_.at;
      TRY_VOID(advance());
      if (++depth_ > limits_.depth) return too_deep(at);
      TRY(Id right, binary(op->strength + 1));
      --depth_;
      const auto kind = op->strength == 1   ? Node::Kind::either
                        : op->strength == 2 ? Node::Kind::both
                                            : Node::Kind::call;
      TRY(left,
          add({.kind = kind, .at = at, .kids = {left, right}, .text = std::string(op->sign)}));
    }
    return left;
  }

  Result<Id> unary() {
    std::vector<std::pair<std::string, std::uint16_t>> signs;
    while (is_sign("!") || is_sign("-")) {
      if (signs.size() >= limits_.depth) return too_deep(token_.at);
      signs.emplace_back(token_.text + "_", token_.at);
      TRY_VOID(advance());
    }
    const bool number = token_.kind == Is::integer || token_.kind == Is::real;
    const bool negative = number && !signs.empty() && signs.back().first == "-_";
    if (negative) signs.pop_back();
    TRY(Id operand, member(negative));
    for (; !signs.empty(); signs.pop_back()) {
      TRY(operand, add({.kind = Node::Kind::call,
                        .at = signs.back().second,
                        .kids = {operand},
                        .text = signs.back().first}));
    }
    return operand;
  }

  Result<Id> member(bool negative) {
    TRY(Id operand, primary(negative));
    while (true) {
      const std::uint16_t at = token_.at;
      TRY(bool dot, take("."));
      if (dot) {
        TRY(operand, selected(operand, at));
        continue;
      }
      TRY(bool bracket, take("["));
      if (!bracket) return operand;
      TRY(Id index, expression());
      TRY_VOID(need("]"));
      TRY(operand, add({.kind = Node::Kind::index, .at = at, .kids = {operand, index}}));
    }
  }

  Result<Id> selected(Id operand, std::uint16_t at) {
    const bool quoted = token_.kind == Is::quoted_name;
    if (token_.kind != Is::name && !quoted)
      return refuse_at(token_.at, is_sign("?")
                                      ? "optional fields are no part of this language; use has()"
                                      : unexpected("a field's name"));
    const std::string name = token_.text;
    if (name == "in" || name == "true" || name == "false" || name == "null")
      if (!quoted)
        return refuse_at(token_.at, "'" + name + "' is no field; use [\"" + name + "\"]");
    TRY_VOID(advance());
    if (!is_sign("(") || quoted)
      return add(
          {.kind = Node::Kind::select, .n = quoted, .at = at, .kids = {operand}, .text = name});
    TRY_VOID(advance());
    TRY(auto arguments, list_until(")"));
    for (const Macro& macro : macros)
      if (macro.name == name && macro.arguments == arguments.size())
        return loop(macro, operand, arguments, at);
    arguments.insert(arguments.begin(), operand);
    return add({.kind = Node::Kind::call, .n = 1, .at = at, .kids = arguments, .text = name});
  }

  Result<Id> loop(const Macro& macro, Id range, const std::vector<Id>& arguments,
                  std::uint16_t at) {
    Node node{
        .kind = Node::Kind::comprehension, .n = static_cast<std::uint8_t>(macro.fold), .at = at};
    for (std::size_t i = 0; i < macro.variables; ++i) {
      const Node& variable = tree_.nodes[arguments[i]];
      if (variable.kind != Node::Kind::name || variable.n != 0)
        return refuse_at(variable.at, "the first argument of " + std::string(macro.name) +
                                          "() is the name of its variable; write a plain name");
      (i == 0 ? node.text : node.text2) = variable.text;
    }
    if (node.text == node.text2)
      return refuse_at(at, "two variables of one name; give them different names");
    node.kids = {range, arguments.back()};
    if (arguments.size() == macro.variables + 2) node.kids.push_back(arguments[macro.variables]);
    return add(std::move(node));
  }

  Result<std::vector<Id>> list_until(std::string_view close) {
    std::vector<Id> items;
    const bool trailing = close != ")";
    while (true) {
      TRY(bool done, items.empty() || trailing ? take(close) : Result<bool>(false));
      if (done) return items;
      TRY(Id item, expression());
      items.push_back(item);
      TRY(bool more, take(","));
      if (more) {
        if (!trailing && is_sign(close)) return refuse_at(token_.at, unexpected("an argument"));
        continue;
      }
      TRY_VOID(need(close));
      return items;
    }
  }

  Result<Id> map_literal(std::uint16_t at) {
    Node node{.kind = Node::Kind::map, .at = at};
    while (true) {
      TRY(bool done, take("}"));
      if (done) break;
      TRY(Id key, expression());
      TRY_VOID(need(":"));
      TRY(Id value, expression());
      node.kids.insert(node.kids.end(), {key, value});
      TRY(bool more, take(","));
      if (more) continue;
      TRY_VOID(need("}"));
      break;
    }
    return add(std::move(node));
  }

  Result<Id> primary(bool negative) {
    const Token token = token_;
    if (token.kind == Is::integer || token.kind == Is::natural || token.kind == Is::real)
      return number(negative);
    if (token.kind == Is::string || token.kind == Is::bytes) {
      TRY_VOID(advance());
      const auto kind = token.kind == Is::string ? Node::Kind::string : Node::Kind::bytes;
      return add({.kind = kind, .at = token.at, .text = token.text});
    }
    if (token.kind == Is::name) return named(false);
    TRY(bool paren, take("("));
    if (paren) {
      TRY(Id inner, expression());
      TRY_VOID(need(")"));
      return inner;
    }
    TRY(bool bracket, take("["));
    if (bracket) {
      TRY(auto items, list_until("]"));
      return add({.kind = Node::Kind::list, .at = token.at, .kids = items});
    }
    TRY(bool brace, take("{"));
    if (brace) return map_literal(token.at);
    TRY(bool dot, take("."));
    if (dot && token_.kind == Is::name) return named(true);
    return refuse_at(token_.at, unexpected("a value"));
  }

  Result<Id> named(bool rooted) {
    const Token token = token_;
    TRY_VOID(advance());
    if (!rooted && (token.text == "true" || token.text == "false"))
      return add({.kind = Node::Kind::boolean, .at = token.at, .integer = token.text == "true"});
    if (!rooted && token.text == "null") return add({.kind = Node::Kind::null, .at = token.at});
    if (is_reserved(token.text))
      return refuse_at(token.at, "'" + token.text + "' is a reserved word; use another name");
    if (is_sign("{"))
      return refuse_at(token_.at,
                       "messages are no part of this language; use a map, {\"key\": value}");
    const bool call = is_sign("(");
    if (!call)
      return add({.kind = Node::Kind::name, .n = rooted, .at = token.at, .text = token.text});
    TRY_VOID(advance());
    TRY(auto arguments, list_until(")"));
    if (token.text != "has")
      return add({.kind = Node::Kind::call, .at = token.at, .kids = arguments, .text = token.text});
    if (arguments.size() != 1 || tree_.nodes[arguments[0]].kind != Node::Kind::select)
      return refuse_at(token.at, "has() asks for one field; write has(a.b)");
    tree_.nodes[arguments[0]].kind = Node::Kind::has;
    return arguments[0];
  }

  Result<Id> number(bool negative) {
    const Token token = token_;
    TRY_VOID(advance());
    Node node{.kind = Node::Kind::integer, .at = token.at};
    const std::string digits = (negative ? "-" : "") + token.text;
    if (token.kind == Is::real) {
      node.kind = Node::Kind::real;
      const auto end = digits.data() + digits.size();
      const auto read = std::from_chars(digits.data(), end, node.real);
      if (read.ec == std::errc::result_out_of_range) node.real = beyond(digits);
      return add(std::move(node));
    }
    const bool hex = token.text.starts_with("0x") || token.text.starts_with("0X");
    const std::string_view body = std::string_view(token.text).substr(hex ? 2 : 0);
    std::uint64_t bits = 0;
    const auto read = std::from_chars(body.data(), body.data() + body.size(), bits, hex ? 16 : 10);
    const std::uint64_t most =
        token.kind == Is::natural ? ~std::uint64_t{0} : (std::uint64_t{1} << 63) - !negative;
    if (read.ec != std::errc() || bits > most)
      return refuse_at(token.at,
                       token.kind == Is::natural
                           ? "a uint beyond 18446744073709551615; use a double"
                           : "an int beyond 64 bits; write a uint (5u) or a double (5.0)");
    if (token.kind == Is::natural) node.kind = Node::Kind::natural;
    node.integer = static_cast<std::int64_t>(negative ? std::uint64_t{0} - bits : bits);
    return add(std::move(node));
  }

  // Too small a number is 0, too large a one infinite, as IEEE 754 rounds them.
  static double beyond(const std::string& digits) {
    const double sign = digits.starts_with('-') ? -1 : 1;
    const auto e = digits.find_first_of("eE");
    const bool small = e != std::string::npos && digits[e + 1] == '-';
    return small ? sign * 0.0 : sign * HUGE_VAL;
  }

  Lexer lexer_;
  ExpressionLimits limits_;
  Token token_;
  Tree tree_;
  std::size_t depth_ = 0;
};

}  // namespace

Result<Tree> parse(std::string_view text, const ExpressionLimits& limits) {
  const std::size_t most = std::min<std::size_t>(limits.octets, 65'535);
  if (text.size() > most)
    return fail(Fault::invalid, "the expression has " + std::to_string(text.size()) +
                                    " octets, at most " + std::to_string(most) +
                                    " are taken; split the rule");
  if (!wire::is_utf8(text))
    return fail(Fault::invalid, "the expression is not UTF-8; save it as such");
  return Parser(text, limits).parse();
}

}  // namespace muster::rules
