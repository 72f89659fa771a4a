#include "agent/handshakes.h"

#include <catch2/catch.hpp>

#include "agent/internal/test_rehearsal.h"
#include "agent/mqtt_client.h"

using namespace muster;
using namespace muster::agent;

namespace {

// Connects with its pair, and says in which order turns came and what the server saw.
net::Task<void> shake(net::Loop* loop, Handshakes* handshakes, std::uint16_t port, Pair pair,
                      int number, std::vector<int>* order) {
  struct Silent final : MqttClient::Events {
    void on_message(std::string_view, ByteView) override {}
    void on_gone(const Error&) override {}
  } silent;
  std::optional<Handshakes::Turn> turn(expect(co_await handshakes->as(std::move(pair))));
  order->push_back(number);
  MqttClient client(*loop, {.host = "localhost", .port = port, .client_id = "meter-1"}, turn->tls(),
                    silent);
  co_await client.opened();
  turn.reset();
  CHECK(co_await client.connected());
}

net::Task<void> shake_all(net::Loop* loop, Handshakes* handshakes, std::uint16_t port,
                          std::vector<Pair> pairs, std::vector<int>* order) {
  net::Scope all;
  for (int i = 0; i < static_cast<int>(pairs.size()); ++i)
    all.spawn(shake(loop, handshakes, port, pairs[static_cast<std::size_t>(i)], i, order));
  co_await all.join();
}

}  // namespace

TEST_CASE("devices of one loop connect in turn, each with its own certificate") {
  net::Loop loop;
  Rehearsal rehearsal(loop);
  const Controller controller = rehearsal.controller();
  const auto handshakes = expect(Handshakes::open(loop, controller.ca_pem));
  std::vector<Pair> pairs;
  std::vector<std::string> serials;
  for (int i = 0; i < 20; ++i) {
    const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    const auto leaf = rehearsal.authority.device(key.public_key(), "meter-1");
    serials.push_back(to_hex(leaf.serial));
    pairs.push_back({.key_pem = key.private_pem(),
                     .chain_pem = crypto::certificate_pem(leaf.der) +
                                  crypto::certificate_pem(rehearsal.authority.issuing.der)});
  }
  std::vector<int> order;
  net::run(loop, shake_all(&loop, handshakes.get(), controller.mqtt_port, pairs, &order));
  CHECK(std::ranges::is_sorted(order));
  auto seen = rehearsal.certificates;
  std::ranges::sort(seen);
  std::ranges::sort(serials);
  CHECK(seen == serials);
}
