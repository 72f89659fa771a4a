// A device on its way out, at its HTTPS door.
#include <catch2/catch.hpp>

#include "gateway/internal/test_workbench.h"
#include "wire/sanitisation.h"

using namespace muster;
using namespace muster::gateway;
using net::http::Answer;

namespace {

Answer call(Workbench& w, const Papers& who, net::http::Call call) {
  auto tls = expect(net::TlsContext::client(
      {.key_pem = who.key_pem, .chain_pem = who.certificate_pem, .anchors_pem = w.ca.pem()}));
  net::http::Client client(w.loop, "127.0.0.1", w.gateway->ports().device, &tls);
  return expect(net::run(w.loop, client.call(std::move(call))));
}

std::string statement() {
  return wire::to_text(wire::SignedStatement{.statement = "{\"a\":1}", .signature = Bytes(70, 3)});
}

const std::string path = "/v1/devices/meter-1/retirement";

}  // namespace

TEST_CASE("a restricted device fetches its order and brings its statement over HTTPS") {
  Workbench w;
  const auto meter = w.device("meter-1", true);
  w.controller.to_order = link::Reply{std::string(R"({"signed":{}})")};
  const auto order = call(w, meter, {.target = path});
  CHECK(order.status == 200);
  CHECK(order.body == R"({"signed":{}})");
  REQUIRE(w.controller.asked<link::GetWipeOrder>().size() == 1);

  const auto brought = call(w, meter, {.method = "POST", .target = path, .body = statement()});
  CHECK(brought.status == 200);
  CHECK(brought.body == R"({"state":"retired"})");
  const auto heard = w.controller.asked<link::Sanitised>();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].device.text() == "meter-1");
  CHECK(heard[0].statement == "{\"a\":1}");
  CHECK(heard[0].signature == Bytes(70, 3));
  CHECK(crypto::certificate_pem(heard[0].certificate) == meter.certificate_pem);
}

TEST_CASE("a statement reaches the controller from a certificate that is refused by now") {
  Workbench w;
  const auto stranger = w.ca.issue(crypto::Use::client, "meter-1");  // the controller knows it not
  CHECK(call(w, stranger, {.target = path}).status == 401);
  CHECK(call(w, stranger, {.method = "POST", .target = path, .body = statement()}).status == 200);
  CHECK(w.controller.asked<link::Sanitised>().size() == 1);
}

TEST_CASE("a statement that does not read, or is too long, is refused at the door") {
  Workbench w;
  const auto meter = w.device("meter-1");
  for (const auto& body : {std::string("{}"), std::string("no json"),
                           std::string(R"({"statement":"{}","signature":"?"})")})
    CHECK(call(w, meter, {.method = "POST", .target = path, .body = body}).status == 400);
  CHECK(
      call(w, meter, {.method = "POST", .target = path, .body = std::string(40'000, ' ')}).status ==
      413);
  CHECK(w.controller.asked<link::Sanitised>().empty());
}

TEST_CASE("a device says that it refuses an order, on its own path only") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto body = wire::to_text(wire::OrderRefusal{"it has expired"});
  CHECK(call(w, meter, {.method = "POST", .target = path + "/refusal", .body = body}).status ==
        204);
  const auto heard = w.controller.asked<link::OrderRefused>();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].why == "it has expired");
  CHECK(call(w, meter, {.method = "POST", .target = path + "/refusal", .body = "{}"}).status ==
        400);
  CHECK(call(w, meter,
             {.method = "POST", .target = "/v1/devices/meter-2/retirement/refusal", .body = body})
            .status == 403);
  CHECK(call(w, meter, {.target = "/v1/devices/meter-2/retirement"}).status == 403);
}
