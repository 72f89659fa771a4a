#include "wire/sanitisation.h"

#include <catch2/catch.hpp>

#include "wire/update.h"

using namespace muster;
using namespace muster::wire;
using Catch::Matchers::Contains;

namespace {

WipeOrder order() {
  return {.device = expect(DeviceId::parse("meter-1")),
          .number = 17,
          .nonce = Bytes(32, 0xab),
          .issued = instant(1'800'000'000'000),
          .deadline = instant(1'800'000'600'000)};
}

Statement statement() {
  return {.device = expect(DeviceId::parse("meter-1")),
          .order = 17,
          .nonce = Bytes(32, 0xab),
          .method = Method::purge,
          .technique = "cryptographic erase",
          .tool = "muster-agent",
          .version = "0.1.0",
          .keys = {{"data", std::string(64, 'a')}},
          .wiped = {"outbox.sealed"},
          .at = instant(1'800'000'300'000)};
}

std::string without(const std::string& text, const std::string& part, const std::string& other) {
  auto out = text;
  const auto at = out.find(part);
  REQUIRE(at != std::string::npos);
  return out.replace(at, part.size(), other);
}

std::string why_not(const std::string& text) {
  const auto read = parse_statement(text);
  return read ? "it reads" : read.error().field + " " + read.error().message;
}

}  // namespace

TEST_CASE("an order survives its envelope") {
  const auto envelope = expect(
      parse_envelope(envelope_text(to_json(order()), {{std::string(64, 'c'), Bytes(64, 1)}})));
  CHECK(expect(read_wipe_order(envelope.content)) == order());
}

TEST_CASE("an order of another kind, without a nonce, or with a member nobody knows is refused") {
  auto json = to_json(order());
  CHECK(!read_wipe_order(Json(json).set("_type", "muster-assignment")));
  CHECK(!read_wipe_order(Json(json).set("nonce", "abcd")));
  CHECK(!read_wipe_order(Json(json).set("order", 0)));
  CHECK(!read_wipe_order(Json(json).set("device", "../x")));
  CHECK(!read_wipe_order(Json(json).set("deadline", "soon")));
  CHECK(!read_wipe_order(Json(json).set("also", 1)));
}

TEST_CASE("a statement is written so that it reads the same, and twice the same octets") {
  CHECK(expect(parse_statement(to_text(statement()))) == statement());
  CHECK(to_text(expect(parse_statement(to_text(statement())))) == to_text(statement()));
}

TEST_CASE("a statement that leaves out or invents something is refused by the member's name") {
  const auto text = to_text(statement());
  CHECK_THAT(why_not(without(text, "\"purge\"", "\"shred\"")), Contains("/method"));
  CHECK_THAT(why_not(without(text, std::string(64, 'a'), "00")), Contains("/keys/0/sha256"));
  CHECK_THAT(why_not(without(text, "\"tool\"", "\"tools\"")), Contains("/tool"));
  CHECK_THAT(why_not(without(text, "\"order\":17", "\"order\":-1")), Contains("/order"));
  CHECK_THAT(why_not(without(text, "abab", "zzzz")), Contains("/nonce"));
  CHECK_THAT(why_not("[]"), Contains("object"));
  CHECK_THAT(why_not(std::string(statement_max + 1, ' ')), Contains("at most"));
}

TEST_CASE("the octets of a statement travel as they were signed") {
  const SignedStatement carried{.statement = " {\"odd\" : \"\\u00e9\"} \n",
                                .signature = Bytes(71, 3)};
  CHECK(expect(parse_signed_statement(to_text(carried))) == carried);
  CHECK(!parse_signed_statement(R"({"statement":"{}","signature":""})"));
  CHECK(!parse_signed_statement(R"({"statement":"{}","signature":"not base64!"})"));
  CHECK(!parse_signed_statement(R"({"statement":"{}"})"));
}

TEST_CASE("a refusal says why in bounds, and no order is told from one") {
  CHECK(expect(parse_order_refusal(to_text(OrderRefusal{"expired"}))).why == "expired");
  CHECK(!parse_order_refusal(to_text(OrderRefusal{std::string(513, 'x')})));
  CHECK(is_no_order(no_order()));
  CHECK(!is_no_order("{\"signed\":{}}"));
  CHECK(!is_no_order("no json"));
}
