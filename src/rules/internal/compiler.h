// rules/internal/compiler -- one walk over the tree: finds what each name means, types and costs
// each part, and writes the program. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/internal/ast.h"
#include "rules/internal/functions.h"
#include "rules/internal/program.h"

namespace muster::rules {

class Compiler {
 public:
  Compiler(const Tree& tree, const Schema& schema, const CompileOptions& options)
      : tree_(tree), schema_(schema), options_(options) {}
  Result<std::unique_ptr<const Program>> compile();

 private:
  using Id = std::uint32_t;
  struct Part {  // what is known of a piece of the tree once its code is written
    Type type;
    Size size = {};
    std::uint64_t cost = 1;
  };
  struct Local {
    std::string name;
    Type type;
    Size size;
    std::uint32_t place;
  };
  struct Constant {  // until the texts and lists stand where they stay
    Value value;
    std::uint32_t offset = 0, list = 0;
  };

  const Node& node(Id id) const { return tree_.nodes[id]; }
  Result<Part> write(Id);
  Result<Part> literal(const Node&);
  Result<Part> name(const Node&, const std::string& dotted);
  Result<Part> select(const Node&);
  Result<Part> index(const Node&);
  Result<Part> list(const Node&);
  Result<Part> map(const Node&);
  Result<Part> logic(const Node&);
  Result<Part> choice(const Node&);
  Result<Part> call(const Node&);
  Result<Part> equality(const Node&, Function, const std::vector<Part>&);
  Result<Part> matches(const Node&);
  Result<Part> comprehension(const Node&);
  Result<Part> loop_result(const Node&, const Part& range, const Part& body, const Part* condition);
  Result<Part> resolved(const Node&, const std::vector<Part>&, bool member);
  // The Part of something that fails when it is evaluated; or, when strict, the refusal.
  // It takes the place of so many values that are on the stack already.
  Result<Part> fails(const Node&, Trouble, const std::string& why, std::uint32_t instead_of = 0);

  std::string dotted(Id) const;  // "a.b.c" if the node is nothing but names; else empty
  const Local* local(const std::string&) const;
  std::optional<std::uint32_t> variable(const std::string& dotted, bool rooted) const;
  Result<Part> declared(const Node&, std::uint32_t slot);
  Result<void> wants(const Node&, const Part&, Kind, const std::string& what);

  std::uint32_t emit(Op, const Node&, std::uint32_t a = 0, std::uint8_t n = 0);
  void patch(std::uint32_t at) { program_->code[at].a = here(); }
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_->code.size()); }
  Result<void> push(const Node&, std::uint32_t places = 1);
  void pop(std::uint32_t places = 1) { depth_ -= places; }
  std::uint32_t constant(const Value&, std::string_view text = {});
  void settle();  // gives constants their final addresses
  std::optional<std::vector<Constant>> constant_items(const Node&);

  const Tree& tree_;
  const Schema& schema_;
  const CompileOptions& options_;
  std::unique_ptr<Program> program_;
  std::vector<Constant> constants_;
  std::vector<std::vector<Constant>> lists_;
  std::string texts_;
  std::vector<Local> locals_;
  std::uint32_t depth_ = 0;
};

// a and b may stand for each other: equal, or one of them not known yet.
bool agree(const Type& a, const Type& b);
Size inner(const Type& item, const Size& of);  // of an item of this list or map
Type common(const Type& a, const Type& b);     // dyn when they do not agree

}  // namespace muster::rules
