#include "rules/expression.h"

#include "rules/internal/ast.h"
#include "rules/internal/compiler.h"
#include "rules/internal/machine.h"

namespace muster::rules {

Expression::Expression(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::compile(std::string_view text, const Schema& schema,
                                       CompileOptions options) {
  TRY(Tree tree, parse(text, options.limits));
  TRY(auto program, Compiler(tree, schema, options).compile());
  return Expression(std::move(program));
}

Result<Expression> Expression::compile_as(const Type& wanted, std::string_view text,
                                          const Schema& schema, CompileOptions options) {
  TRY(Expression e, compile(text, schema, std::move(options)));
  if (agree(e.type(), wanted)) return e;
  return fail(Fault::invalid, "the expression is a " + show(e.type()) + " where a " + show(wanted) +
                                  " is wanted; compare or convert its value");
}

Value Expression::evaluate(std::span<const Value> slots, Scratch& scratch) const {
  return run(*program_, slots, scratch);
}

const Type& Expression::type() const {
  return program_->type;
}
std::uint64_t Expression::cost() const {
  return program_->cost;
}
const std::vector<std::uint16_t>& Expression::variables() const {
  return program_->variables;
}

std::size_t Expression::octets() const {
  const Program& p = *program_;
  std::size_t n = sizeof *this + sizeof p + p.code.capacity() * sizeof(Instruction);
  n += p.constants.capacity() * sizeof(Value) + p.text_octets + p.list_values * sizeof(Value);
  n += p.variables.capacity() * sizeof(std::uint16_t) + p.lists.capacity() * sizeof(void*);
  for (const Regex& r : p.patterns) n += sizeof r + r.octets();
  return n;
}

std::string Expression::explain(const Value& error) {
  return "column " + std::to_string(error.at + 1) + ": " + name_of(error.trouble);
}

}  // namespace muster::rules
