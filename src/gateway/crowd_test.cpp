// Clients that take more than their part: of the handshakes, of the memory for answers, of the
// controller, of a batch of readings.
#include <catch2/catch.hpp>

#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;

namespace {

struct Silent final : net::Stream::Events {  // connects, and that is all
  Silent(net::Loop& loop, std::uint16_t port)
      : stream(std::make_unique<net::Stream>(loop, *this, "127.0.0.1", port, nullptr)) {}
  std::size_t on_bytes(ByteView in) override { return in.size(); }
  void on_close(const Error&) override { stream.reset(); }
  std::unique_ptr<net::Stream> stream;
};

// Until the gateway takes no more PUBLISH; how many it has taken by then.
std::uint64_t publishes_when_still(Workbench& w) {
  std::uint64_t before = 0, now = 0;
  do {
    bool later = false;
    const auto timer = w.loop.after(100ms, [&] { later = true; });
    before = std::exchange(now, w.gateway->counters().publishes);
    w.until([&] { return later; });
    w.loop.cancel(timer);
  } while (now == 0 || now != before);
  return now;
}

}  // namespace

TEST_CASE("silent connections do not keep a device out") {
  Workbench w;
  std::vector<std::unique_ptr<Silent>> silent;
  for (int i = 0; i < 300; ++i)  // more than there may be unfinished handshakes
    silent.push_back(std::make_unique<Silent>(w.loop, w.gateway->ports().mqtt));
  w.arrive(w.device("meter-1"));
  CHECK(std::ranges::count_if(silent, [](const auto& each) { return each->stream != nullptr; }) >
        200);
}

TEST_CASE("a device that does not read its answers is not read either, until it does") {
  constexpr int many = 40'000;
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  client->read(false);
  const std::string elsewhere(120, 'x');  // each PUBACK says in words that this is not its own
  for (int i = 0; i < many; ++i) client->publish(elsewhere, "");
  CHECK(publishes_when_still(w) < many);
  CHECK_FALSE(client->closed());
  client->read(true);
  CHECK(w.until([&] { return w.gateway->counters().publishes == many; }));
}

TEST_CASE("a device that asks faster than the controller answers waits for its answers") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  w.controller.hold(true);
  for (int i = 0; i < 600; ++i) client->publish("v1/devices/meter-1/state", "{}");
  CHECK(publishes_when_still(w) == 256);
  w.controller.hold(false);
  CHECK(w.until([&] { return w.gateway->counters().publishes == 600; }));
}

TEST_CASE("full packs stop being read before their readings are more than one batch may hold") {
  constexpr int many = 1'500, readings_of_a_pack = 1'024;
  Workbench w;
  w.telemetry.hold();
  auto client = w.arrive(w.device("meter-1"));
  std::string pack = R"([{"n":"m","v":0})";
  for (int i = 1; i < readings_of_a_pack; ++i) pack += R"(,{"n":"m","v":1})";
  pack += ']';
  for (int i = 0; i < many; ++i) client->publish("v1/devices/meter-1/telemetry", pack);
  REQUIRE(w.until([&] { return w.gateway->counters().publishes > 512; }));
  CHECK(publishes_when_still(w) < many);
  w.telemetry.answer({});
  for (int i = 0; i < many; ++i)
    REQUIRE(w.wait<mqtt::Puback>(*client).reason == mqtt::Reason::success);
  CHECK(w.telemetry.most_readings() <= 1 << 20);
}
