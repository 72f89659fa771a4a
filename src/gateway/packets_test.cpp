// What a client of MQTT 5.0 says in CONNECT about the packets it takes, and how it is held to.
#include <catch2/catch.hpp>

#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;
using mqtt::Reason;

namespace {

std::unique_ptr<Client> dial_with(Workbench& w, const Papers& who, mqtt::Property property,
                                  std::uint32_t value) {
  auto client = w.dial(who);
  mqtt::PropertyList properties;
  properties.number(property, value).number(mqtt::Property::receive_maximum, 1);
  client->greet({.properties = properties.view()});
  return client;
}

std::unique_ptr<Client> arrive_with(Workbench& w, const Papers& who, mqtt::Property property,
                                    std::uint32_t value) {
  auto client = dial_with(w, who, property, value);
  CHECK(w.wait<mqtt::Connack>(*client).reason == Reason::success);
  return client;
}

mqtt::Puback refused_publish(Workbench& w, Client& client) {
  client.publish("elsewhere", "{}");
  const auto no = w.wait<mqtt::Puback>(client);
  CHECK(no.reason == Reason::not_authorized);
  return no;
}

}  // namespace

TEST_CASE("a message larger than its device takes is dropped and counted, and the next one comes") {
  Workbench w;
  auto client = arrive_with(w, w.device("meter-1"), mqtt::Property::maximum_packet_size, 100);
  client->subscribe("v1/devices/meter-1/commands");
  w.wait<mqtt::Suback>(*client);
  const auto id = expect(DeviceId::parse("meter-1"));
  w.push({link::Tell{id, link::Channel::commands, std::string(100, 'x')},
          link::Tell{id, link::Channel::commands, "small"}});
  CHECK(text_of(w.wait<mqtt::Publish>(*client).payload) == "small");
  CHECK(w.gateway->counters().deliveries == 1);
  CHECK(w.gateway->counters().deliveries_dropped == 1);
}

TEST_CASE("a reason in words is left out where it makes the packet larger than the client takes") {
  Workbench w;
  auto client = arrive_with(w, w.device("meter-1"), mqtt::Property::maximum_packet_size, 60);
  CHECK(refused_publish(w, *client).properties.empty());
}

TEST_CASE(
    "a client that takes no packet of CONNACK's size is closed on, and its will is not told") {
  Workbench w;
  auto app = w.arrive(w.application("board", {"#"}));
  app->subscribe("#");
  w.wait<mqtt::Suback>(*app);
  auto client = w.dial(w.device("meter-1"));
  mqtt::PropertyList properties;
  properties.number(mqtt::Property::maximum_packet_size, 22);
  client->greet({.will = mqtt::Will{.topic = "v1/devices/meter-1/events", .payload = {}},
                 .properties = properties.view()});
  CHECK(w.until([&] { return client->closed(); }));
  CHECK_FALSE(client->heard<mqtt::Connack>());
  CHECK(w.gateway->counters().connects_refused == 1);
  w.settle(*app);
  CHECK_FALSE(app->heard<mqtt::Publish>());
}

TEST_CASE("a client that asks for more answers than it takes in one packet is told so") {
  Workbench w;
  auto client = arrive_with(w, w.device("meter-1"), mqtt::Property::maximum_packet_size, 40);
  mqtt::Subscribe packet{.packet_id = 1, .subscriptions = {}, .properties = {}};
  for (int i = 0; i < 40; ++i)
    packet.subscriptions.push_back({.filter = "v1/devices/meter-1/commands"});
  client->say(packet);
  CHECK(w.wait<mqtt::Disconnect>(*client).reason == Reason::packet_too_large);
  CHECK(w.until([&] { return client->closed(); }));
}

TEST_CASE("who does not want to know why is not told why") {
  Workbench w;
  const auto meter = w.device("meter-1");
  auto client = arrive_with(w, meter, mqtt::Property::request_problem, 0);
  CHECK(refused_publish(w, *client).properties.empty());
  auto refused = w.dial(meter);
  mqtt::PropertyList properties;
  properties.number(mqtt::Property::request_problem, 0);
  refused->greet({.client_id = "meter-2", .properties = properties.view()});
  const auto no = w.wait<mqtt::Connack>(*refused);
  CHECK(no.reason == Reason::client_identifier_not_valid);
  CHECK_FALSE(no.properties.text(mqtt::Property::reason_string));
}

TEST_CASE("a subscription identifier ends the session, as CONNACK said that there are none") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  mqtt::PropertyList properties;
  properties.number(mqtt::Property::subscription_identifier, 1);
  mqtt::Subscribe packet{.packet_id = 1, .subscriptions = {}, .properties = properties.view()};
  packet.subscriptions.push_back({.filter = "v1/devices/meter-1/desired"});
  client->say(packet);
  CHECK(w.wait<mqtt::Disconnect>(*client).reason == Reason::subscription_identifiers_not_supported);
  CHECK(w.until([&] { return client->closed(); }));
  CHECK_FALSE(client->heard<mqtt::Suback>());
}

TEST_CASE("a CONNECT with an authentication method is refused") {
  Workbench w;
  auto client = w.dial(w.device("meter-1"));
  mqtt::PropertyList properties;
  properties.text(mqtt::Property::authentication_method, "SCRAM-SHA-256");
  client->greet({.properties = properties.view()});
  CHECK(w.wait<mqtt::Connack>(*client).reason == Reason::bad_authentication_method);
  CHECK(w.until([&] { return client->closed(); }));
  CHECK(w.gateway->counters().connects == 0);
}

TEST_CASE("a reason that repeats a topic does not cut its characters in two") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  client->publish(std::string(127, 'a') + "\xc3\xa9t\xc3\xa9", "{}");
  const auto no = w.wait<mqtt::Puback>(*client);  // a client refuses what is not UTF-8
  CHECK(no.properties.text(mqtt::Property::reason_string)->ends_with(std::string(127, 'a')));
}
