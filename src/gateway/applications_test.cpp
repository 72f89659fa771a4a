// Applications beside devices: whom they may take over, and how many filters they hold.
#include <catch2/catch.hpp>

#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;
using mqtt::Reason;
using mqtt::Version;

namespace {

std::unique_ptr<Client> arrive_as(Workbench& w, const Papers& who, std::string_view client_id) {
  auto client = w.dial(who);
  client->greet({.client_id = client_id});
  CHECK(w.wait<mqtt::Connack>(*client).reason == Reason::success);
  return client;
}

Reason answer_to_subscribe(Workbench& w, Client& client, const std::string& filter) {
  client.subscribe(filter);
  return w.wait<mqtt::Suback>(client).reasons.at(0);
}

Reason answer_to_unsubscribe(Workbench& w, Client& client, std::string_view filter) {
  client.say(mqtt::Unsubscribe{.packet_id = 9, .filters = {filter}});
  return w.wait<mqtt::Unsuback>(client).reasons.at(0);
}

std::string topic_of(int meter) {
  return "v1/devices/meter-" + std::to_string(meter) + "/events";
}

}  // namespace

TEST_CASE(
    "an application whose client is called like a device neither ends nor hears its session") {
  Workbench w(2);
  const auto id = expect(DeviceId::parse("meter:1"));
  auto device = w.arrive(w.device("meter:1"));
  device->subscribe("v1/devices/meter:1/commands");
  w.wait<mqtt::Suback>(*device);
  const auto meter = w.application("meter", {"v1/devices/#"});
  std::vector<std::unique_ptr<Client>> apps;  // the kernel spreads them over the two threads
  for (int i = 0; i < 4; ++i) apps.push_back(arrive_as(w, meter, "meter:1"));
  Client& app = *apps.back();
  app.subscribe("v1/devices/meter:1/commands");
  w.wait<mqtt::Suback>(app);
  w.settle(*device);
  CHECK_FALSE(device->heard<mqtt::Disconnect>());

  w.push({link::Tell{id, link::Channel::commands, "{}"}});
  CHECK(text_of(w.wait<mqtt::Publish>(*device).payload) == "{}");
  w.push({link::CutDevice{id, "isolated"}});
  CHECK(w.wait<mqtt::Disconnect>(*device).reason == Reason::administrative_action);
  CHECK(w.until([&] { return device->closed(); }));
  w.settle(app);
  CHECK_FALSE(app.heard<mqtt::Publish>());
  CHECK_FALSE(app.heard<mqtt::Disconnect>());
}

TEST_CASE("a client of an application takes over from itself, not from its other clients") {
  Workbench w;
  const auto board = w.application("board", {"v1/devices/#"});
  auto other = arrive_as(w, board, "board:1");
  auto older = arrive_as(w, board, "board:2");
  auto newer = arrive_as(w, board, "board:2");
  CHECK(w.wait<mqtt::Disconnect>(*older).reason == Reason::session_taken_over);
  w.settle(*other);
  w.settle(*newer);
  CHECK_FALSE(other->heard<mqtt::Disconnect>());
}

TEST_CASE("two applications may call their clients the same") {
  Workbench w;
  auto one = arrive_as(w, w.application("board", {"#"}), "board:a:b");
  auto two = arrive_as(w, w.application("board:a", {"#"}), "board:a:b");
  w.settle(*one);
  CHECK_FALSE(one->heard<mqtt::Disconnect>());
}

TEST_CASE("an application holds so many filters, and only those it holds count") {
  Workbench w;
  auto app = w.arrive(w.application("board", {"v1/devices/#"}));
  for (int i = 0; i < 32; ++i) {
    CHECK(answer_to_subscribe(w, *app, topic_of(i)) == Reason::granted_qos_1);
    CHECK(answer_to_subscribe(w, *app, topic_of(i)) == Reason::granted_qos_1);  // the same again
  }
  CHECK(answer_to_subscribe(w, *app, topic_of(32)) == Reason::quota_exceeded);
  CHECK(answer_to_unsubscribe(w, *app, topic_of(99)) == Reason::no_subscription_existed);
  CHECK(answer_to_subscribe(w, *app, topic_of(32)) == Reason::quota_exceeded);
  CHECK(answer_to_subscribe(w, *app, topic_of(0)) == Reason::granted_qos_1);
  CHECK(answer_to_unsubscribe(w, *app, topic_of(0)) == Reason::success);
  CHECK(answer_to_subscribe(w, *app, topic_of(32)) == Reason::granted_qos_1);
}

TEST_CASE("what an application unsubscribed from it hears no more, nor does its next session") {
  Workbench w;
  const auto board = w.application("board", {"v1/devices/#"});
  auto app = w.arrive(board);
  auto meter = w.arrive(w.device("meter-1"));
  const auto publish = [&] {
    meter->publish(topic_of(1), "{}");
    w.wait<mqtt::Puback>(*meter);
  };
  answer_to_subscribe(w, *app, topic_of(1));
  publish();
  CHECK(w.wait<mqtt::Publish>(*app).topic == topic_of(1));
  answer_to_unsubscribe(w, *app, topic_of(1));
  publish();
  w.settle(*app);
  CHECK_FALSE(app->heard<mqtt::Publish>());
  answer_to_subscribe(w, *app, topic_of(1));
  auto next = w.arrive(board);
  CHECK(w.until([&] { return app->closed(); }));
  publish();
  w.settle(*next);
  CHECK_FALSE(next->heard<mqtt::Publish>());
}
