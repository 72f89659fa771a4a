#include "inventory/selector.h"

#include <catch2/catch.hpp>

#include "inventory/inventory.h"

using namespace muster;
using namespace muster::inventory;
using Catch::Contains;

namespace {

Device meter() {
  Device d;
  d.id = expect(DeviceId::parse("m-17"));
  d.model = expect(ModelId::parse("meter-1"));
  d.state = Lifecycle::active;
  d.risk = Risk::high;
  d.groups = {"city", "north"};
  d.serial = "A'1\"\\x";
  d.firmware = "1.2.0";
  d.online = true;
  return d;
}

bool matches(std::string_view text) {
  CAPTURE(text);
  auto selector = Selector::parse(text);
  if (!selector) FAIL(selector.error().message);
  return selector->matches(meter());
}

std::string why_not(std::string_view text) {
  CAPTURE(text);
  auto selector = Selector::parse(text);
  REQUIRE_FALSE(selector);
  CHECK(selector.error().fault == Fault::invalid);
  return selector.error().message;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("a selector reads each field of a device") {
  CHECK(matches("id == 'm-17'"));
  CHECK(matches("model == \"meter-1\""));
  CHECK(matches("state == 'active'"));
  CHECK(matches("risk == 'high'"));
  CHECK(matches("firmware != '1.3.0'"));
  CHECK(matches("'north' in groups"));
  CHECK_FALSE(matches("'south' in groups"));
  CHECK_FALSE(matches("'nort' in groups"));
  CHECK(matches("online"));
  CHECK(matches("online == true"));
  CHECK_FALSE(matches("online != !false"));
}

TEST_CASE("a text is asked for its start, its end and what is in it") {
  CHECK(matches("id.startsWith('m-')"));
  CHECK_FALSE(matches("id.startsWith('-17')"));
  CHECK(matches("id.endsWith('-17')"));
  CHECK(matches("firmware.contains('.2.')"));
  CHECK(matches("('m-' == 'm-') && 'm-17 and more'.startsWith(id)"));
}

TEST_CASE("quotes of either kind hold a text, and a backslash what would end it") {
  CHECK(matches(R"(serial == 'A\'1"\\x')"));
  CHECK(matches(R"(serial == "A'1\"\\x")"));
}

TEST_CASE("not binds tighter than equals, equals than and, and than or") {
  CHECK(matches("true || false && false"));
  CHECK_FALSE(matches("(true || false) && false"));
  CHECK(matches("!online == false"));
  CHECK(matches("!!online"));
  CHECK(matches("!(risk == 'low') && id != 'x' || false"));
  CHECK(matches("model == 'meter-1' && ('north' in groups || risk == 'low') && online"));
}

TEST_CASE("all selects everything, and so does true") {
  CHECK(matches("all"));
  CHECK(matches(" true "));
  CHECK(Selector::everything().matches(meter()));
  CHECK(Selector::everything().selects_everything());
  CHECK(expect(Selector::parse("all")).selects_everything());
  CHECK_FALSE(expect(Selector::parse("all && online")).selects_everything());
}

TEST_CASE("a selector keeps the text it was made from") {
  CHECK(expect(Selector::parse("online  ||  all")).text() == "online  ||  all");
}

TEST_CASE("a mistake is refused with its column") {
  CHECK_THAT(why_not(""), Contains("it is empty"));
  CHECK_THAT(why_not("id = 'm'"), Contains("column 4"));
  CHECK_THAT(why_not("colour == 'red'"),
             Contains("column 1: there is no field \"colour\"") && Contains("firmware"));
  CHECK_THAT(why_not("id == 'm"), Contains("column 7: the text is not closed"));
  CHECK_THAT(why_not("(online"), Contains("column 8: expected ) for the ( at column 1"));
  CHECK_THAT(why_not("online online"),
             Contains("column 8: expected ==, !=, in, &&, || or the end"));
  CHECK_THAT(why_not("online &&"), Contains("column 10: it ends where a value is needed"));
  CHECK_THAT(why_not("id.matches('m')"), Contains("column 4: there is startsWith"));
  CHECK_THAT(why_not("id.startsWith 'm'"), Contains("expected ("));
  CHECK_THAT(why_not(R"(id == 'a\n')"), Contains("after a backslash"));
  CHECK_THAT(why_not("id == 'a\n'"), Contains("control character"));
  CHECK_THAT(why_not("1 == 2"), Contains("column 1: expected a field"));
}

TEST_CASE("texts, lists and truths do not mix") {
  CHECK_THAT(why_not("id"), Contains("this is a text where true or false is needed"));
  CHECK_THAT(why_not("!id"), Contains("column 2"));
  CHECK_THAT(why_not("online && 'x'"), Contains("column 11"));
  CHECK_THAT(why_not("id || online"), Contains("column 1"));
  CHECK_THAT(why_not("groups == 'north'"), Contains("write \"name\" in groups"));
  CHECK_THAT(why_not("groups == groups"), Contains("cannot compare a list"));
  CHECK_THAT(why_not("groups in groups"), Contains("in needs a text"));
  CHECK_THAT(why_not("id in 'abc'"), Contains("in needs a text"));
  CHECK_THAT(why_not("online.contains('x')"), Contains("this is true or false where a text"));
  CHECK_THAT(why_not("id.contains(online)"), Contains("column 13"));
  CHECK_THAT(why_not("online == id"), Contains("column 8"));
}

TEST_CASE("a state or a risk that does not exist is refused, for it would select nothing") {
  CHECK_THAT(why_not("state == 'asleep'"), Contains("retiring or revoked-unsanitised"));
  CHECK_THAT(why_not("'hihg' != risk"), Contains("critical"));
  CHECK_FALSE(matches("state.startsWith('asleep')"));
}

TEST_CASE("length, operators and depth are bounded") {
  CHECK_THAT(why_not("id == '" + std::string(2048, 'x') + "'"), Contains("longer than 2048"));
  CHECK(matches(repeated("online && ", 127) + "online"));
  CHECK_THAT(why_not(repeated("online && ", 129) + "online"), Contains("more than 128 operators"));
  CHECK_THAT(why_not(repeated("!", 129) + "online"), Contains("more than 128 operators"));
  CHECK(matches(repeated("(", 32) + "online" + repeated(")", 32)));
  CHECK_THAT(why_not(repeated("(", 33) + "online" + repeated(")", 33)), Contains("32 levels"));
  CHECK_THAT(why_not(repeated("id.contains(", 40)), Contains("nested too deep"));
}
