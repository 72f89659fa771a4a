#include "wire/json.h"

#include <catch2/catch.hpp>
#include <limits>

#include "wire/utf8.h"

using namespace muster;
using namespace muster::wire;
using Catch::Contains;

namespace {

Json parsed(std::string_view text) {
  return expect(parse_json(text));
}
std::string why_not(std::string_view text, JsonLimits limits = {}) {
  auto r = parse_json(text, limits);
  REQUIRE_FALSE(r);
  CHECK(r.error().fault == Fault::invalid);
  return r.error().message;
}

}  // namespace

TEST_CASE("a document keeps its values and the order of its members") {
  std::string text = R"({"z":1,"a":[true,false,null,-7,"x"],"m":{"deep":{}}})";
  Json v = parsed(text);
  CHECK(to_text(v) == text);
  CHECK(*v.find("z")->integer() == 1);
  CHECK(v.find("a")->items()->size() == 5);
  CHECK(v.find("nothing") == nullptr);
  CHECK(parsed(" [ ] ").items()->empty());
}

TEST_CASE("canonical text sorts members by code point at every level and drops white space") {
  CHECK(canonical(parsed("{ \"b\" : {\"y\":1, \"x\":2}, \"a\" : [ 3, {\"d\":4,\"c\":5} ] }")) ==
        R"({"a":[3,{"c":5,"d":4}],"b":{"x":2,"y":1}})");
  // U+FFFD sorts before U+1F600 by code point, and after it by UTF-16 unit.
  CHECK(canonical(parsed("{\"\\ud83d\\ude00\":1,\"\\ufffd\":2,\"Z\":3,\"a\":4}")) ==
        "{\"Z\":3,\"a\":4,\"\xef\xbf\xbd\":2,\"\xf0\x9f\x98\x80\":1}");
}

TEST_CASE("integers and fractions do not turn into each other") {
  CHECK(*parsed("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
  CHECK(*parsed("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(parsed("9223372036854775808").integer() == nullptr);
  CHECK(*parsed("9223372036854775808").number() == 9223372036854775808.0);
  CHECK(*parsed("18446744073709551616").number() == 18446744073709551616.0);
  CHECK(parsed("1.0").integer() == nullptr);
  CHECK(to_text(parsed("1.0")) == "1.0");
  CHECK(to_text(Json(2.0)) == "2.0");
  CHECK(to_text(Json(1e22)) == "1e+22");
  CHECK(to_text(Json(std::numeric_limits<double>::infinity())) == "null");
  CHECK(*Json(7).number() == 7.0);
}

TEST_CASE("the double nearest to the text is read, and written so that it is read again") {
  for (double v : {0.1, 9007199254740993.0, 2.2250738585072014e-308, 1.7976931348623157e308,
                   123456.789e-7, 5e-324, 0.30000000000000004, 8.41e21, 36.6}) {
    CAPTURE(v);
    CHECK(*parsed(to_text(Json(v))).number() == v);
  }
  CHECK(*parsed("9007199254740993.5").number() == 9007199254740994.0);
  CHECK(*parsed("0.500000000000000166533453693773481063544750213623046875").number() ==
        0.5000000000000002);
  CHECK_THAT(why_not("1e999"), Contains("out of range"));
}

TEST_CASE("a member that is there twice is refused by name, at any depth and any size") {
  CHECK(why_not(R"({"a":1,"b":2,"a":3})") == "not JSON at byte 18: member \"a\" is there twice");
  CHECK_THAT(why_not(R"([{"x":{"k":1,"k":1}}])"), Contains("member \"k\" is there twice"));
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"" + std::to_string(i) + "\":0,";
  CHECK_THAT(why_not(many + "\"500\":1}"), Contains("member \"500\" is there twice"));
  CHECK_THAT(why_not("{\"a\":1,\"\\u0061\":2}"), Contains("twice"));
}

TEST_CASE("what is not exactly one JSON value is refused") {
  for (const char* bad : {"", " ", "{", "[1,]", "{\"a\":}", "nul", "1 2", "{} x", "'a'", "[1 2]",
                          "\"\\x\"", "01", "+1", "NaN", "/* c */ 1", "\"a\nb\"", "\"\\ud800\""}) {
    CAPTURE(bad);
    CHECK_THAT(why_not(bad), Contains("not JSON at byte"));
  }
}

TEST_CASE("text that is not UTF-8 is refused on the way in and mended on the way out") {
  for (const char* bad : {"\"\x80\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                          "\"\xe2\x82\"", "{\"\xff\":1}"})
    CHECK_THAT(why_not(bad), Contains("not JSON"));
  CHECK(to_text(Json("a\xff"
                     "b")) ==
        "\"a\xef\xbf\xbd"
        "b\"");
}

TEST_CASE("depth and size are bounded before anything is built") {
  CHECK(parse_json(std::string(32, '[') + std::string(32, ']')));
  CHECK_THAT(why_not(std::string(33, '[') + std::string(33, ']')), Contains("not JSON"));
  CHECK_THAT(why_not(std::string(200'000, '[')), Contains("not JSON"));
  CHECK(why_not("[1,2,3]", {.bytes = 6}) == "JSON of 7 bytes; at most 6 are taken");
}

TEST_CASE("control characters and quotes are escaped, everything else is written as it is") {
  CHECK(to_text(Json("a\"\\\b\t\n\f\r\x01\x1f/\x7f\xc3\xa9")) ==
        "\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f/\x7f\xc3\xa9\"");
  CHECK(*parsed("\"\\u0000\"").text() == std::string(1, '\0'));
}

TEST_CASE("set replaces a member in its place and push appends") {
  Json v = Json::object({{"a", 1}, {"b", 2}});
  v.set("a", "one").set("c", Json::array({1, 2}).push(3));
  CHECK(to_text(v) == R"({"a":"one","b":2,"c":[1,2,3]})");
  CHECK(v == parsed(R"({"a":"one","b":2,"c":[1,2,3]})"));
}

TEST_CASE("a reader hands out what a request holds") {
  Json body = parsed(R"({"model":"m-1","size":5,"ratio":2,"on":true,"tags":["x","y"],
                         "at":"2026-11-22T04:50:21.123Z","sub":{"n":1}})");
  ObjectReader in(body);
  CHECK(in.name<ModelTag>("model").text() == "m-1");
  CHECK(in.integer("size", 0, 10) == 5);
  CHECK(in.number("ratio") == 2.0);
  CHECK(in.boolean("on"));
  CHECK(in.texts_or("tags", {}) == std::vector<std::string>{"x", "y"});
  CHECK(rfc3339(in.time("at")) == "2026-11-22T04:50:21.123Z");
  auto sub = in.child("sub");
  CHECK(sub.integer("n", 0, 1) == 1);
  CHECK(in.text_or("note", "none") == "none");
  CHECK(in.integer_or("limit", 100, 1, 1000) == 100);
  CHECK_FALSE(in.boolean_or("dry_run", false));
  CHECK(in.maybe("nothing") == nullptr);
  CHECK_FALSE(in.maybe_name<DeviceTag>("device"));
  CHECK(in.done());
  CHECK(sub.done());
}

TEST_CASE("an unknown member is refused with its pointer and the members that are known") {
  Json body = parsed(R"({"members":{"name":1,"a":2}})");
  ObjectReader in(body);
  auto members = in.child("members");
  members.integer("a", 0, 9);
  members.maybe("b");
  CHECK(in.done());
  Error e = members.done().error();
  CHECK(e.fault == Fault::invalid);
  CHECK(e.field == "/members/name");
  CHECK(e.message == "unknown member; known here: a, b");
}

TEST_CASE("a mistyped, missing or outsized member is refused with what it must be") {
  auto fault_of = [](const char* text, auto read) {
    Json body = parsed(text);
    ObjectReader in(body);
    read(in);
    Error e = in.done().error();
    return e.field + " " + e.message;
  };
  auto size = [](ObjectReader& in) { in.integer("size", 1, 1000); };
  CHECK(fault_of(R"({"size":"5"})", size) ==
        "/size must be an integer from 1 to 1000, not a string");
  CHECK(fault_of(R"({"size":5000})", size) == "/size must be an integer from 1 to 1000, not 5000");
  CHECK(fault_of(R"({"size":1.5})", size) ==
        "/size must be an integer from 1 to 1000, not a fraction");
  CHECK(fault_of("{}", size) == "/size is missing; must be an integer from 1 to 1000");
  CHECK(fault_of("[]", size) == " must be an object, not an array");
  CHECK(fault_of(R"({"a":7})", [](ObjectReader& in) { in.text("a"); }) ==
        "/a must be a string of at most 1024 bytes, not a number");
  CHECK(fault_of(R"({"a":"abc"})", [](ObjectReader& in) { in.text("a", 2); }) ==
        "/a must be a string of at most 2 bytes, not 3");
  CHECK(fault_of(R"({"a":[1]})", [](ObjectReader& in) { in.array("a", 0); }) ==
        "/a must be an array of at most 0 items, not 1");
  CHECK(fault_of(R"({"a":["x",2]})", [](ObjectReader& in) { in.texts_or("a", {}); }) ==
        "/a/1 must be a string of at most 256 bytes, not a number");
  CHECK(fault_of(R"({"d":"no/slash"})", [](ObjectReader& in) {
          in.name<DeviceTag>("d");
        }).starts_with("/d must be 1 to 64 characters"));
  CHECK(fault_of(R"({"a":1})", [](ObjectReader& in) { in.refuse("a", "clashes with b"); }) ==
        "/a clashes with b");
}

TEST_CASE("the first fault is the one that is told") {
  Json body = parsed(R"({"a":1,"b":2})");
  ObjectReader in(body);
  in.text("a");
  in.text("b");
  CHECK(in.done().error().field == "/a");
}

TEST_CASE("pointers escape tilde and slash") {
  CHECK(json_pointer("/x", "a/b~c") == "/x/a~1b~0c");
  CHECK(json_pointer("/x", 3) == "/x/3");
}

TEST_CASE("UTF-8 is judged by RFC 3629") {
  for (const char* good : {"", "plain ascii of some length", "\xc2\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xe2\x82\xac"})
    CHECK(is_utf8(good));
  for (const char* bad :
       {"\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "12345678\xe2\x82", "\xbf", "\xe2\x28\xa1"})
    CHECK_FALSE(is_utf8(bad));
}
