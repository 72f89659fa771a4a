// The public conformance cases of the Common Expression Language, through our own parser, checker
// and evaluator. A case is outside when it needs what the subset leaves out, for a reason that is
// named here; every other one must pass.
#include <algorithm>
#include <deque>
#include <map>
#include <regex>

#include "rules/expression.h"
#include "textproto.h"
#include "vectors.h"

using namespace muster;
using namespace muster::rules;

namespace {

struct Lifetime {  // owns what the values of one case view
  std::deque<std::string> texts;
  std::deque<std::vector<Value>> lists;
};

struct Outside {
  std::string reason;
};

Value value_of(const Proto& proto, Lifetime& keep) {
  const auto& [kind, v] = proto.fields.at(0);
  if (kind == "null_value") return Value::null();
  if (kind == "bool_value") return Value::of(v.scalar == "true");
  if (kind == "int64_value") return Value::of(static_cast<std::int64_t>(std::stoll(v.scalar)));
  if (kind == "uint64_value") return Value::of(static_cast<std::uint64_t>(std::stoull(v.scalar)));
  if (kind == "double_value") return Value::of(std::stod(v.scalar));
  if (kind == "string_value") return Value::of(std::string_view(keep.texts.emplace_back(v.scalar)));
  if (kind == "bytes_value") return Value::bytes(keep.texts.emplace_back(v.scalar));
  if (kind == "type_value") {
    for (auto k = static_cast<int>(Kind::null); k <= static_cast<int>(Kind::dyn); ++k)
      if (v.scalar == name_of(static_cast<Kind>(k))) return Value::of_type(static_cast<Kind>(k));
    throw Outside{"messages"};
  }
  auto& items = keep.lists.emplace_back();
  if (kind == "list_value") {
    for (const auto& field : v.fields) items.push_back(value_of(field.value, keep));
    return Value::list(items);
  }
  if (kind == "map_value") {
    for (const auto& field : v.fields) {
      items.push_back(value_of(*field.value.find("key"), keep));
      items.push_back(value_of(*field.value.find("value"), keep));
    }
    return Value::map(items);
  }
  if (kind == "object_value" && !v.fields.empty()) {
    const auto& [type, message] = v.fields[0];
    const auto field = [&](const char* name) {
      const std::string text = message.text(name);
      return text.empty() ? 0 : std::stoll(text);
    };
    if (type.ends_with("google.protobuf.Duration"))
      return Value::duration(field("seconds") * 1'000'000'000 + field("nanos"));
    if (type.ends_with("google.protobuf.Timestamp"))
      return Value::timestamp(field("seconds"), static_cast<std::uint32_t>(field("nanos")));
  }
  throw Outside{"messages"};
}

Type type_of(const Proto& proto) {
  const auto& [kind, v] = proto.fields.at(0);
  static const std::map<std::string, Kind> plain = {
      {"BOOL", Kind::boolean}, {"INT64", Kind::integer},       {"UINT64", Kind::natural},
      {"DOUBLE", Kind::real},  {"STRING", Kind::string},       {"BYTES", Kind::bytes},
      {"ANY", Kind::dyn},      {"TIMESTAMP", Kind::timestamp}, {"DURATION", Kind::duration}};
  if (kind == "primitive" || kind == "well_known") return {plain.at(v.scalar)};
  if (kind == "dyn") return {};
  if (kind == "null") return {Kind::null};
  if (kind == "list_type") return Type::list(type_of(*v.find("elem_type")));
  if (kind == "map_type")
    return Type::map(type_of(*v.find("key_type")), type_of(*v.find("value_type")));
  if (kind == "type") return {Kind::type};
  if (kind == "message_type" && v.scalar == "google.protobuf.Duration") return {Kind::duration};
  if (kind == "message_type" && v.scalar == "google.protobuf.Timestamp") return {Kind::timestamp};
  throw Outside{kind == "message_type" || kind == "wrapper" ? "messages" : "declared functions"};
}

// What a case asks for that the subset leaves out on purpose.
std::string left_out(const Proto& test) {
  const std::string expr = test.text("expr");
  const auto has = [&](const char* pattern) {
    return std::regex_search(expr, std::regex(pattern, std::regex::optimize));
  };
  if (has("optional\\.|\\.\\?|\\[\\?|optMap")) return "optional values";
  if (has("TestAll|[A-Z]\\w*\\{|google\\.protobuf\\.(\\w*Value|Any|Struct|Empty|FieldMask)"))
    return "messages";
  if (has("Enum\\b|GlobalEnum|NestedEnum")) return "messages";
  if (has("\\.format\\(")) return "format()";
  if (has("'[A-Z]\\w+/\\w+'")) return "named time zones";
  for (const auto& [name, env] : test.fields)
    if (name == "type_env" && env.find("function")) return "declared functions";
  return "";
}

Type erased(Type t) {  // the element of [] is anything
  if (t.kind == Kind::open) t.kind = Kind::dyn;
  if (t.kind == Kind::type) t.of.clear();
  for (Type& part : t.of) part = erased(part);
  return t;
}

bool same(const Value& got, const Value& wanted) {
  if (got.kind != wanted.kind) return false;
  if (got.is(Kind::real))
    return got.real == wanted.real || (got.real != got.real && wanted.real != wanted.real);
  if (got.is(Kind::list)) {
    bool all = got.count == wanted.count;
    for (std::uint32_t i = 0; all && i < got.count; ++i) all = same(got.items[i], wanted.items[i]);
    return all;
  }
  return equal(got, wanted);
}

// Empty when the case passes, else what went wrong. Throws Outside.
std::string run_case(const Proto& test) {
  if (std::string why = left_out(test); !why.empty()) throw Outside{why};
  Lifetime keep;
  std::vector<Variable> variables;
  std::map<std::string, Value> bound;
  for (const auto& [name, field] : test.fields) {
    if (name == "type_env")
      if (const Proto* ident = field.find("ident"))
        variables.push_back({field.text("name"), type_of(*ident->find("type"))});
    if (name == "bindings")
      bound[field.text("key")] = value_of(*field.find("value")->find("value"), keep);
  }
  const bool strict = test.text("disable_check") != "true";
  if (!strict)
    for (const auto& one : bound)
      if (std::ranges::find(variables, one.first, &Variable::name) == variables.end())
        variables.push_back({one.first, {}});
  auto schema = Schema::of(variables);
  if (!schema) return schema.error().message;
  auto compiled = Expression::compile(test.text("expr"), *schema,
                                      {.strict = strict, .container = test.text("container")});
  const Proto* error = test.find("eval_error");
  if (!compiled) return "refused: " + compiled.error().message;
  if (const Proto* typed = test.find("typed_result")) {
    const Type wanted = type_of(*typed->find("deduced_type"));
    if (!(erased(compiled->type()) == erased(wanted)))
      return "is a " + show(compiled->type()) + ", not a " + show(wanted);
    if (test.text("check_only") == "true") return "";
  }
  std::vector<Value> slots;
  for (const Variable& v : variables)
    slots.push_back(bound.contains(v.name) ? bound[v.name] : Value());
  Scratch scratch;
  const Value got = compiled->evaluate(slots, scratch);
  if (error) return got.is_error() ? "" : "gave " + rules::show(got) + ", not an error";
  if (got.is_error()) return "failed: " + Expression::explain(got);
  Value wanted = Value::of(true);
  if (const Proto* value = test.find("value")) wanted = value_of(*value, keep);
  if (const Proto* typed = test.find("typed_result"))
    wanted = value_of(*typed->find("result"), keep);
  return same(got, wanted) ? "" : "gave " + rules::show(got) + ", not " + rules::show(wanted);
}

}  // namespace

TEST_CASE("the public CEL cases pass but for those outside the subset", "[cel]") {
  const char* folder = std::getenv("MUSTER_VECTORS");
  if (!folder) {
    WARN("skipped: MUSTER_VECTORS names no folder with cel/");
    return;
  }
  const std::string page = whole_file(std::filesystem::path(MUSTER_DOCS) / "reference/rules.md");
  std::vector<std::filesystem::path> files;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(folder) / "cel"))
    if (file.path().extension() == ".textproto") files.push_back(file.path());
  std::ranges::sort(files);
  REQUIRE(files.size() >= 17);
  for (const auto& file : files) {
    int cases = 0, passed = 0;
    std::map<std::string, int> outside;
    const Proto all = read_textproto(whole_file(file));
    for (const auto& [name, section] : all.fields) {
      if (name != "section") continue;
      for (const auto& [key, test] : section.fields) {
        if (key != "test") continue;
        ++cases;
        try {
          const std::string fault = run_case(test);
          passed += fault.empty();
          INFO(file.filename().string() << ": " << section.text("name") << "/" << test.text("name")
                                        << ": " << test.text("expr"));
          CHECK(fault == "");
        } catch (const Outside& why) {
          ++outside[why.reason];
        }
      }
    }
    std::string row = "| " + file.stem().string() + " | " + std::to_string(cases) + " | " +
                      std::to_string(passed) + " | ";
    for (auto it = outside.begin(); it != outside.end(); ++it)
      row += (it == outside.begin() ? "" : ", ") + std::to_string(it->second) + " " + it->first;
    row += outside.empty() ? "– |" : " |";
    INFO("docs/reference/rules.md says: " << row);
    CHECK(page.find(row) != std::string::npos);
    if (std::getenv("MUSTER_VECTORS_TABLE")) std::printf("%s\n", row.c_str());
  }
}
