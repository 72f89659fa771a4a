// rules/expression -- one expression of the rules' language, a subset of CEL: checked when it is
// saved, evaluated without surprises afterwards.
//
//   metrics.voltage > 253.0 && device.model.startsWith("meter-") && !("test" in device.groups)
//
// compile() refuses what does not parse, does not type-check against the schema, or could cost more
// than it may, with the column, the reason and what to do. evaluate() takes memory from nothing but
// its Scratch, always ends, and answers with a value or an error value; it never throws. The whole
// language is in docs/reference/rules.md. An Expression is immutable: any thread may evaluate it,
// each with its own Scratch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/schema.h"
#include "rules/value.h"

namespace muster::rules {

struct Program;

struct ExpressionLimits {
  std::size_t octets = 4096;    // of the text
  std::size_t nodes = 1024;     // of its tree
  std::size_t depth = 100;      // of its tree; a chain of operators is as deep as it is long
  std::uint64_t cost = 20'000;  // units of the worst evaluation; about 5 ns each
};

struct CompileOptions {
  ExpressionLimits limits = {};
  // False: what the checker cannot type is left to the evaluation, and fails there.
  bool strict = true;
  std::string container = {};  // names are looked up below it first, as CEL's namespaces
};

class Expression {
 public:
  static Result<Expression> compile(std::string_view text, const Schema&, CompileOptions = {});
  // The same, and its value must be of this type.
  static Result<Expression> compile_as(const Type&, std::string_view text, const Schema&,
                                       CompileOptions = {});
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  // slots: one value for each variable of the schema, by number; absent ones are Value(). The
  // answer may be a view into slots, this expression, or the scratch, which is not cleared here.
  Value evaluate(std::span<const Value> slots, Scratch&) const;
  const Type& type() const;
  std::uint64_t cost() const;                           // units, at worst
  std::size_t octets() const;                           // of memory that it holds
  const std::vector<std::uint16_t>& variables() const;  // slots it reads, ascending
  // An error value for a person: "column 12: division by zero".
  static std::string explain(const Value& error);

 private:
  explicit Expression(std::unique_ptr<const Program>);
  std::unique_ptr<const Program> program_;
};

}  // namespace muster::rules
