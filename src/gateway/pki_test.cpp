// Certificate status at the doors: what is asked of the controller, what is kept, what is dropped.
#include <catch2/catch.hpp>

#include "crypto/ocsp.h"
#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;
using net::http::Answer;
using net::http::Call;

namespace {

struct Timed {  // outlives the gateway
  ManualClock time{SystemClock{}.now()};
};

struct StatusDoor : Timed, Workbench {
  StatusDoor() {
    auto wanted = settings(1);
    wanted.status_port = 0;
    gateway = expect(Gateway::open(wanted, controller, telemetry, time));
    issuer = expect(crypto::parse_certificate(ca.der()));
  }
  Answer call(Call call) {  // without TLS
    net::http::Client client(loop, "127.0.0.1", *gateway->ports().status, nullptr);
    return expect(net::run(loop, client.call(std::move(call))));
  }
  Bytes question(Bytes serial, Bytes nonce = {}) {
    return expect(crypto::make_ocsp_request(
        {.ids = {expect(crypto::ocsp_id(issuer, serial))}, .nonce = std::move(nonce)}));
  }
  Answer post(const Bytes& request) {
    return call({.method = "POST", .target = "/ocsp", .body = std::string(text_of(request))});
  }
  std::size_t asked() const { return controller.asked<link::GetStatus>().size(); }

  crypto::Certificate issuer;
};

const Bytes serial{1, 2, 3, 4};

}  // namespace

TEST_CASE("a status answer is kept, whatever nonce the next client sends") {
  StatusDoor w;
  w.controller.to_status = link::StatusAnswer{{1, 2, 3}, w.clock.now() + 1h};
  const auto first = w.post(w.question(serial));
  CHECK(first.status == 200);
  CHECK(first.body == "\x01\x02\x03");
  CHECK(*first.header("Content-Type") == "application/ocsp-response");
  CHECK(w.post(w.question(serial, Bytes(16, 7))).body == first.body);
  CHECK(w.asked() == 1);
  w.post(w.question({9}));
  CHECK(w.asked() == 2);
  CHECK(w.gateway->counters().statuses == 3);
  CHECK(w.gateway->counters().statuses_kept == 1);
}

TEST_CASE("a status answer is dropped when its certificate is cut, and others are not") {
  StatusDoor w;
  w.controller.to_status = link::StatusAnswer{{1}, w.clock.now() + 1h};
  w.post(w.question(serial));
  w.post(w.question({9}));
  w.push({link::Cut{"01020304"}});
  w.post(w.question(serial));
  w.post(w.question({9}));
  CHECK(w.asked() == 3);
}

TEST_CASE("an answer that is to be kept no longer is asked for again") {
  StatusDoor w;
  w.controller.to_status = link::StatusAnswer{{1}, {}};
  w.post(w.question(serial));
  w.post(w.question(serial));
  CHECK(w.asked() == 2);
}

TEST_CASE("what was kept by a clock that was ahead is not kept when it is set right") {
  StatusDoor w;
  w.time.pass(24h);
  w.controller.to_status = link::StatusAnswer{{1}, w.time.now() + 1h};
  w.post(w.question(serial));
  w.time.pass(-24h);
  w.controller.to_status = link::StatusAnswer{{2}, w.time.now() + 1h};
  CHECK(w.post(w.question(serial)).body == "\x02");
  CHECK(w.post(w.question(serial)).body == "\x02");
  CHECK(w.asked() == 2);
}

TEST_CASE("a GET carries its question in the path") {
  StatusDoor w;
  w.controller.to_status = link::StatusAnswer{{7}, w.clock.now() + 1h};
  auto name = to_base64(w.question(serial));
  for (std::size_t at = 0; (at = name.find('+', at)) != name.npos;) name.replace(at, 1, "%2B");
  CHECK(w.call({.target = "/ocsp/" + name}).body == "\x07");
  CHECK(w.call({.target = "/ocsp//" + name}).body == "\x07");
  CHECK(w.asked() == 1);
}

TEST_CASE("what is no status request is answered as malformed and not asked") {
  StatusDoor w;
  const auto malformed = crypto::make_ocsp_refusal(crypto::OcspRefusal::malformed_request);
  CHECK(w.post({1, 2, 3}).body == text_of(malformed));
  CHECK(w.call({.target = "/ocsp/!!"}).body == text_of(malformed));
  CHECK(w.call({.target = "/ocsp"}).body == text_of(malformed));
  CHECK(w.call({.method = "POST", .target = "/ocsp", .body = std::string(9000, 'x')}).status ==
        413);
  CHECK(w.asked() == 0);
}

TEST_CASE("the plain door has status and nothing else") {
  StatusDoor w;
  CHECK(w.call({.target = "/.well-known/est/cacerts"}).status == 404);
  CHECK(w.call({.method = "POST", .target = "/.well-known/est/simpleenroll"}).status == 404);
  CHECK(w.call({.method = "POST", .target = "/crl"}).status == 405);
}

TEST_CASE("a revocation list is asked for whole or by its number") {
  StatusDoor w;
  w.controller.to_certificate = link::Reply{Bytes{5}};
  CHECK(w.call({.target = "/crl"}).body == "\x05");
  CHECK(w.call({.target = "/crl/17.crl"}).body == "\x05");
  const auto asked = w.controller.asked<link::GetCrl>();
  REQUIRE(asked.size() == 2);
  CHECK_FALSE(asked[0].shard);
  CHECK(asked[1].shard == 17u);
  for (const char* wrong : {"/crl/", "/crl/x.crl", "/crl/1", "/crl/-1.crl", "/crl/01.crl",
                            "/crl/1.crl/2", "/crl/99999999999.crl"})
    CHECK(w.call({.target = wrong}).status == 404);
  CHECK(w.controller.asked<link::GetCrl>().size() == 2);
}

TEST_CASE("a take-over from another address is told, one from the same address is not") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto one = w.arrive(meter);
  const auto two = w.arrive(meter);
  w.settle(*two);
  CHECK(w.until([&] { return one->closed(); }));
  CHECK(w.controller.asked<link::TakenOver>().empty());
  CHECK(w.gateway->counters().take_overs == 1);
}
