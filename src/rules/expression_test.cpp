#include "rules/expression.h"

#include <catch2/catch.hpp>

#include "rules/event.h"

using namespace muster;
using namespace muster::rules;

namespace {

Schema meters() {
  return expect(
      device_schema({.metrics = {{"voltage", {}}, {"temperature", {}}, {"state", {Kind::string}}},
                     .attributes = {{"ports", Type::list({Kind::integer})}}}));
}

// What the expression says of this event, written as JSON; or its refusal or error.
std::string says(std::string_view text, std::string_view event = "{}") {
  const Schema schema = meters();
  auto e = Expression::compile(text, schema);
  if (!e) return e.error().message;
  const wire::Json json = expect(wire::parse_json(event));
  std::vector<Value> slots(schema.size());
  Scratch input, scratch;
  bind_event(json, schema, slots, input);
  const Value v = e->evaluate(slots, scratch);
  return v.is_error() ? Expression::explain(v) : wire::to_text(to_json(v));
}

const char* const meter =
    R"({"device": {"id": "m-7", "model": "meter-2", "groups": ["north", "test"]},
  "labels": {"site": "harbour"}, "at": "2026-11-22T10:00:00Z",
  "metrics": {"voltage": 231.5, "state": "idle"}, "attributes": {"ports": [22, 23, 8080]}})";

}  // namespace

TEST_CASE("an expression asks for a device's readings, groups and labels") {
  CHECK(says("metrics.voltage > 230.0 && device.model.startsWith('meter-')", meter) == "true");
  CHECK(says("metrics.voltage > 230", meter) == "true");  // numbers compare across types
  CHECK(says("'test' in device.groups", meter) == "true");
  CHECK(says("labels.site == 'harbour' && labels['site'] != 'x'", meter) == "true");
  CHECK(says("attributes.ports.exists(p, p == 23)", meter) == "true");
  CHECK(says("attributes.ports.filter(p, p < 1024).map(p, p + 1)", meter) == "[23,24]");
  CHECK(says("at - timestamp('2026-11-22T09:00:00Z') == duration('1h')", meter) == "true");
  CHECK(says("at.getHours() == 10 && at.getHours('+02:00') == 12", meter) == "true");
  CHECK(says("metrics.state.matches('^(idle|off)$')", meter) == "true");
  CHECK(says("device.id + ':' + string(attributes.ports.size())", meter) == "\"m-7:3\"");
}

TEST_CASE("what a device does not say is absent, and has() tells") {
  CHECK(says("has(metrics.temperature)", meter) == "false");
  CHECK(says("has(metrics.voltage) && has(labels.site) && !has(labels.floor)", meter) == "true");
  CHECK(says("metrics.temperature > 80.0", meter) ==
        "column 8: a variable that this event does not have");
  CHECK(says("!has(metrics.temperature) || metrics.temperature > 80.0", meter) == "true");
  CHECK(says("metrics.voltage > 1.0", R"({"metrics": {"voltage": "high"}})") ==
        "column 8: a variable that is not of its declared type");
}

TEST_CASE("&& and || absorb an error that cannot change their answer, from either side") {
  CHECK(says("1 / 0 == 1 || true") == "true");
  CHECK(says("true || 1 / 0 == 1") == "true");
  CHECK(says("1 / 0 == 1 && false") == "false");
  CHECK(says("1 / 0 == 1 && true") == "column 3: division by zero");
  CHECK(says("[1, 0].all(x, 1 / x == 2)") == "false");
  CHECK(says("[0, 1].exists(x, 1 / x == 1)") == "true");
}

TEST_CASE("whole numbers do not wrap") {
  CHECK(says("9223372036854775807 + 1") == "column 21: the result is out of range");
  CHECK(says("0u - 1u") == "column 4: the result is out of range");
  CHECK(says("string(timestamp('2026-01-02T03:04:05.060Z')) + string(duration('-1.50s'))") ==
        "\"2026-01-02T03:04:05.060Z-1.5s\"");
  CHECK(says("int(1e30)") == "column 1: the result is out of range");
  CHECK(says("-9223372036854775808 / -1") == "column 22: the result is out of range");
  CHECK(says("-9223372036854775808 % -1") == "0");
}

TEST_CASE("a mistake is refused with its column, the reason and what to do") {
  CHECK(says("metrics.voltag > 1.0") ==
        "column 8: 'metrics.voltag' is not declared; did you mean 'metrics.voltage'?");
  CHECK(says("metrics > 1.0") ==
        "column 1: 'metrics' is a group of variables; name one of them, 'metrics.…'");
  CHECK(says("device.id > 3") ==
        "column 11: '>' does not take a string and a int; convert one of them, for example by "
        "string()");
  CHECK(says("device.online = true") == "column 15: '=' is no operator; write == to compare");
  CHECK(says("1 +") == "column 4: the expression ends where a value was expected; complete it");
  CHECK(says("device.id.begins('m')") ==
        "column 10: there is no function 'begins' to call on a value; see the list of functions");
  CHECK(says("device.id && true").starts_with("column 7: one side of && is a string"));
  CHECK(says("true ? 1 : 'x'").starts_with("column 6: the two sides of : are a int and a string"));
  CHECK(says("'abc").starts_with("column 1: a text that does not end"));
  CHECK(says("Device{id: 1}").starts_with("column 7: messages are no part of this language"));
  CHECK(
      says("device.id.matches('(a')").starts_with("column 19: the pattern has a ( without its )"));
  CHECK(says("device.id.matches(device.model)").find("written as a text") != std::string::npos);
}

TEST_CASE("an expression is bounded when it is saved: length, depth, parts, cost") {
  CHECK(says(std::string(5000, ' ')).find("at most 4096") != std::string::npos);
  CHECK(says(std::string(150, '(') + "1" + std::string(150, ')')).find("nested more than 100") !=
        std::string::npos);
  CHECK(says(std::string(150, '!') + "true").find("nested more than 100") != std::string::npos);
  std::string chain = "1";
  for (int i = 0; i < 150; ++i) chain += "+1";
  CHECK(says(chain).find("nested more than 100") != std::string::npos);
  std::string many = "[";
  for (int i = 0; i < 1100; ++i) many += "1,";
  CHECK(says(many + "1]").find("more than 1024 parts") != std::string::npos);
  const std::string nested =
      "device.groups.all(a, device.groups.all(b, device.groups.all(c, a + b == c)))";
  CHECK(says(nested).find("at most 20000 are allowed") != std::string::npos);
  CHECK(says("device.groups.all(a, a != device.id && !a.contains('x'))") ==
        "column 7: a variable that this event does not have");
  std::string wide = "[";
  for (int i = 0; i < 600; ++i) wide += "at,";
  CHECK(says(wide + "at]").find("too many values at once") != std::string::npos);
}

TEST_CASE("an evaluation never takes more memory than its scratch") {
  const Schema schema = meters();
  std::string doubling = "device.id";
  for (int i = 0; i < 8; ++i) doubling = "(" + doubling + "+" + doubling + ")";
  CompileOptions wide;
  wide.limits.cost = ~std::uint64_t{0} >> 9;
  auto e = expect(Expression::compile(doubling, schema, wide));
  std::vector<Value> slots(schema.size());
  const std::string id(1000, 'x');
  slots[*schema.find("device.id")] = Value::of(std::string_view(id));
  Scratch scratch(64 << 10);
  CHECK(e.evaluate(slots, scratch).trouble == Trouble::memory);
}

TEST_CASE("an evaluation ends even when its values are larger than declared") {
  const Schema schema = expect(Schema::of({{"xs", Type::list({Kind::integer}), 4}}));
  auto e = expect(Expression::compile("xs.all(a, xs.all(b, xs.all(c, a + b + c >= 0)))", schema));
  const std::vector<Value> items(5000, Value::of(std::int64_t{1}));
  const Value slots[] = {Value::list(items)};
  Scratch scratch;
  CHECK(e.evaluate(slots, scratch).trouble == Trouble::steps);
}

TEST_CASE("numbers, booleans and views of texts take no memory, not even of the scratch") {
  const Schema schema = meters();
  auto e = expect(Expression::compile(
      "has(metrics.voltage) && (metrics.voltage < 207.0 || metrics.voltage > 253.0) && "
      "device.model in ['meter-1', 'meter-2'] && device.groups.exists(g, g.startsWith('nor'))",
      schema));
  const wire::Json json = expect(wire::parse_json(meter));
  std::vector<Value> slots(schema.size());
  Scratch input, scratch;
  bind_event(json, schema, slots, input);
  slots[*schema.find("metrics.voltage")] = Value::of(260.0);
  CHECK(e.evaluate(slots, scratch).is_true());
  CHECK(scratch.used() == 0);
  CHECK(e.octets() < 2048);
}

TEST_CASE("a pattern takes time by its length and the text's, whatever it is") {
  std::string evil = "device.id.matches('^(a+)+(a|aa)*(a*)*$')";
  const std::string id = std::string(60, 'a') + "b";
  CHECK(says(evil, R"({"device": {"id": ")" + id + "\"}}") == "false");
  CHECK(says("device.id.matches('(((a{50}){50}){50})')").find("too large") != std::string::npos);
  CHECK(says("'Straße 7'.matches('(?i)^STRA.E\\\\s\\\\d$')") == "true");
  CHECK(says("'a\\nb'.matches('(?m)^b$') && !'a\\nb'.matches('^b$')") == "true");
  CHECK(says("'x-1'.matches('^[a-z]-[^2-9]$') && 'foo bar'.matches('\\\\bbar\\\\b')") == "true");
  CHECK(says("'abc'.matches('^a{0,2}(b|x)?c{1,}$') && !'aaabc'.matches('^a{0,2}bc$')") == "true");
}

TEST_CASE("unchecked, what does not fit fails where it stands and nowhere else") {
  const Schema schema = meters();
  for (const char* text :
       {"[1, 2].all(x, x.y == 1 || x > 0)", "[3].map(x, x[0][1] == 1 || x == 3)[0]",
        "nobody.knows(1, 2) || [1].exists(x, nobody(x, 'a') || x == 1)",
        "[1, 'a'].exists(x, x + 1 == 2) && (1 + 'a' == 2 || true)",
        "1.all(x, true) || [2].exists(x, 'a'.matches(x) || x == 2)",
        "[1, 2, 3].exists(x, (7 < 6.matches('') || 7.matches('a')) || x == 3)"}) {
    INFO(text);
    auto e = expect(Expression::compile(text, schema, {.strict = false}));
    Scratch scratch;
    CHECK(show(e.evaluate({}, scratch)) == "true");
    CHECK(!Expression::compile(text, schema));
  }
}

TEST_CASE("a type is written as it is read") {
  for (const char* text : {"map(string, list(int))", "timestamp", "duration", "dyn", "list(uint)"})
    CHECK(show(expect(parse_type(text))) == text);
  CHECK(!parse_type("map(string"));
  CHECK(!parse_type("list(list(list(list(list(list(list(list(list(list(int))))))))))"));
}

TEST_CASE("a schema refuses what is no name and what is there twice") {
  CHECK(Schema::of({{"a-b", {}}}).error().message.starts_with("'a-b' is no variable's name"));
  CHECK(Schema::of({{"a.", {}}}).error().message.starts_with("'a.' is no variable's name"));
  CHECK(Schema::of({{"a", {}}, {"a", {}}}).error().message ==
        "'a' is declared twice; keep one of them");
}
