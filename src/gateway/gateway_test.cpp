#include "gateway/gateway.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "gateway/internal/routes.h"
#include "gateway/internal/test_workbench.h"

using namespace muster;
using namespace muster::gateway;
using mqtt::Reason;
using mqtt::Version;

namespace {

constexpr std::string_view readings = R"([{"n":"voltage","v":231.5},{"n":"on","vb":true}])";

bool mentions(const mqtt::Properties& properties, std::string_view word) {
  const auto text = properties.text(mqtt::Property::reason_string);
  return text && text->find(word) != std::string_view::npos;
}

}  // namespace

// --- who comes in ---

TEST_CASE(
    "a client identifier that is not the certificate's name is refused, in words where 5.0 has "
    "room") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto v5 = w.dial(meter);
  v5->greet({.client_id = "meter-2"});
  const auto refusal = w.wait<mqtt::Connack>(*v5);
  CHECK(refusal.reason == Reason::client_identifier_not_valid);
  CHECK(mentions(refusal.properties, "meter-1"));
  CHECK(w.until([&] { return v5->closed(); }));

  auto v3 = w.dial(meter, Version::v3_1_1);
  v3->greet({.client_id = "meter-2"});
  CHECK(w.wait<mqtt::Connack>(*v3).reason == Reason::client_identifier_not_valid);
  CHECK(w.until([&] { return v3->closed(); }));
}

TEST_CASE("an empty client identifier takes the certificate's name, and 5.0 is told so") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto client = w.dial(meter);
  client->say(mqtt::Connect{});
  const auto welcome = w.wait<mqtt::Connack>(*client);
  CHECK(welcome.reason == Reason::success);
  CHECK(welcome.properties.text(mqtt::Property::assigned_client_id) == "meter-1");
  CHECK(welcome.properties.number(mqtt::Property::maximum_qos) == 1);
  CHECK(welcome.properties.number(mqtt::Property::retain_available) == 0);
}

TEST_CASE("a certificate that the controller does not know is closed on") {
  Workbench w;
  auto stranger = w.ca.issue(crypto::Use::client, "stranger");
  auto client = w.dial(stranger);
  client->greet();
  CHECK(w.until([&] { return client->closed(); }));
  CHECK_FALSE(client->heard<mqtt::Connack>());
}

TEST_CASE("a certificate of another CA does not pass the handshake") {
  Workbench w;
  FleetCa other;
  auto client = w.dial(other.issue(crypto::Use::client, "meter-1"));
  CHECK(w.until([&] { return client->closed(); }));
  CHECK(w.controller.asked<link::Hello>().empty());
}

TEST_CASE("a quarantined device is refused and told which path is left") {
  Workbench w;
  auto client = w.dial(w.device("meter-1", true));
  client->greet();
  const auto refusal = w.wait<mqtt::Connack>(*client);
  CHECK(refusal.reason == Reason::not_authorized);
  CHECK(mentions(refusal.properties, "device port"));
  CHECK(w.until([&] { return client->closed(); }));
}

TEST_CASE("a will may go to the device's own events only") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto client = w.dial(meter);
  client->greet({.will = mqtt::Will{.topic = "v1/devices/meter-2/events", .payload = {}}});
  CHECK(w.wait<mqtt::Connack>(*client).reason == Reason::not_authorized);
  auto own = w.dial(meter);
  own->greet({.will = mqtt::Will{.topic = "v1/devices/meter-1/events", .payload = {}, .qos = 1}});
  CHECK(w.wait<mqtt::Connack>(*own).reason == Reason::success);
}

TEST_CASE("who connects again ends its older session, on whichever thread that is") {
  Workbench w(2);
  auto meter = w.device("meter-1");
  std::unique_ptr<Client> older = w.arrive(meter);
  for (int i = 0; i < 4; ++i) {  // the kernel spreads connections over the two threads
    auto newer = w.arrive(meter);
    CHECK(w.wait<mqtt::Disconnect>(*older).reason == Reason::session_taken_over);
    CHECK(w.until([&] { return older->closed(); }));
    older = std::move(newer);
  }
  w.settle(*older);
}

TEST_CASE("presence follows the session") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  CHECK(w.until([&] { return w.telemetry.here() == 1; }));
  client->vanish();
  CHECK(w.until([&] { return w.controller.asked<link::Presence>().size() == 2; }));
  const auto told = w.controller.asked<link::Presence>();
  CHECK(told[0].online);
  CHECK_FALSE(told[1].online);
  CHECK(w.telemetry.here() == 0);
}

// --- how a session ends ---

TEST_CASE("a revoked certificate's session is closed at once, with the reason") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto client = w.arrive(meter);
  auto other = w.arrive(w.device("meter-2"));
  w.push({link::Cut{meter.serial}});
  CHECK(w.wait<mqtt::Disconnect>(*client).reason == Reason::administrative_action);
  CHECK(w.until([&] { return client->closed(); }));
  w.settle(*other);
  CHECK(w.gateway->counters().cuts == 1);
}

TEST_CASE("an isolated device is told why it is cut off") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  w.push({link::CutDevice{expect(DeviceId::parse("meter-1")), "isolated"}});
  const auto bye = w.wait<mqtt::Disconnect>(*client);
  CHECK(bye.reason == Reason::administrative_action);
  CHECK(mentions(bye.properties, "isolated"));
  CHECK(w.until([&] { return client->closed(); }));
}

TEST_CASE("a grant that a cut may have overtaken is asked for again") {
  Workbench w;
  auto meter = w.device("meter-1");
  w.controller.hold(true);
  auto client = w.dial(meter);
  CHECK(w.until([&] { return w.controller.asked<link::Hello>().size() == 1; }));
  w.controller.hold(false);  // answered, and on its way to the session
  w.controller.revoke(meter);
  w.push({link::Cut{meter.serial}});  // finds no session yet
  client->greet();
  CHECK(w.until([&] { return client->closed(); }));
  CHECK_FALSE(client->heard<mqtt::Connack>());
  CHECK(w.controller.asked<link::Hello>().size() == 2);
}

TEST_CASE("a client that is not heard for one and a half keep alive intervals is closed") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto client = w.dial(meter);
  client->greet({.keep_alive_s = 1});
  w.wait<mqtt::Connack>(*client);
  CHECK(w.wait<mqtt::Disconnect>(*client).reason == Reason::keep_alive_timeout);
  CHECK(w.until([&] { return client->closed(); }));
}

TEST_CASE("draining says goodbye to everybody") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  std::thread stopping([&] { w.gateway->drain(); });
  CHECK(w.wait<mqtt::Disconnect>(*client).reason == Reason::server_shutting_down);
  CHECK(w.until([&] { return client->closed(); }));
  stopping.join();
}

TEST_CASE(
    "draining waits for the readings that are on their way, beyond the sessions they came by") {
  Workbench w;
  w.telemetry.hold();
  auto client = w.arrive(w.device("meter-1"));
  client->publish("v1/devices/meter-1/telemetry", readings);
  CHECK(w.until([&] { return w.telemetry.messages() == 1; }));
  client->publish("v1/devices/meter-1/telemetry", readings);  // fills the next batch
  w.settle(*client);
  std::atomic<bool> drained{false};
  std::thread stopping([&] {
    w.gateway->drain();
    drained = true;
  });
  CHECK(w.until([&] { return client->closed(); }));
  CHECK_FALSE(drained);
  w.telemetry.answer({});
  stopping.join();
  CHECK(w.telemetry.messages() == 2);
}

TEST_CASE("a will is told when a device vanishes, not when it says goodbye") {
  Workbench w;
  auto app = w.arrive(w.application("board", {"v1/devices/#"}));
  app->subscribe("v1/devices/+/events");
  w.wait<mqtt::Suback>(*app);
  const mqtt::Will will{
      .topic = "v1/devices/meter-1/events", .payload = bytes_of("gone"), .qos = 1};
  auto meter = w.device("meter-1");
  auto polite = w.dial(meter);
  polite->greet({.will = will});
  w.wait<mqtt::Connack>(*polite);
  polite->say(mqtt::Disconnect{});
  CHECK(w.until([&] { return polite->closed(); }));
  auto rude = w.dial(meter);
  rude->greet({.will = will});
  w.wait<mqtt::Connack>(*rude);
  rude->vanish();
  CHECK(text_of(w.wait<mqtt::Publish>(*app).payload) == "gone");
  w.settle(*app);
  CHECK_FALSE(app->heard<mqtt::Publish>());
}

// --- publishing ---

TEST_CASE("readings reach telemetry, and the acknowledgement waits until they are kept") {
  Workbench w;
  w.telemetry.hold();
  auto client = w.arrive(w.device("meter-1"));
  client->publish("v1/devices/meter-1/telemetry", readings);
  CHECK(w.until([&] { return w.telemetry.messages() == 1; }));
  CHECK(w.telemetry.reading("voltage") == 231.5);
  CHECK(w.telemetry.reading("on") == 1);
  w.settle(*client);
  CHECK_FALSE(client->heard<mqtt::Puback>());
  w.telemetry.answer({});
  const auto ack = w.wait<mqtt::Puback>(*client);
  CHECK(ack.packet_id == 1);
  CHECK(ack.reason == Reason::success);
}

TEST_CASE("readings that could not be kept are not acknowledged") {
  Workbench w;
  w.telemetry.hold();
  auto v5 = w.arrive(w.device("meter-1"));
  auto v3 = w.arrive(w.device("meter-2"), Version::v3_1_1);
  v5->publish("v1/devices/meter-1/telemetry", readings);
  v3->publish("v1/devices/meter-2/telemetry", readings);
  CHECK(w.until([&] { return w.telemetry.messages() > 0; }));
  w.telemetry.answer(fail(Fault::exhausted, "the disk is full"));
  const auto no = w.wait<mqtt::Puback>(*v5);
  CHECK(no.reason == Reason::quota_exceeded);
  CHECK(mentions(no.properties, "the disk is full"));
  CHECK(w.until([&] { return v3->closed(); }));
  CHECK_FALSE(v3->heard<mqtt::Puback>());
}

TEST_CASE("while a batch is on its way, what comes fills the next one") {
  Workbench w;
  w.telemetry.hold();
  auto client = w.arrive(w.device("meter-1"));
  client->publish("v1/devices/meter-1/telemetry", readings);
  CHECK(w.until([&] { return w.telemetry.messages() == 1; }));
  for (int i = 0; i < 3; ++i) {
    client->publish("v1/devices/meter-1/telemetry", readings);
    w.settle(*client);
  }
  CHECK(w.telemetry.messages() == 1);
  w.telemetry.answer({});
  for (int i = 0; i < 4; ++i) w.wait<mqtt::Puback>(*client);
  CHECK(w.telemetry.messages() == 4);
}

TEST_CASE(
    "a payload that is not SenML is refused with the place at fault, and the session goes on") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  client->publish("v1/devices/meter-1/telemetry", R"([{"n":"voltage","v":"high"}])");
  const auto no = w.wait<mqtt::Puback>(*client);
  CHECK(no.reason == Reason::payload_format_invalid);
  CHECK(no.properties.text(mqtt::Property::reason_string));
  w.settle(*client);
}

TEST_CASE("outside its own subtree a device is refused in words, and reported") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  for (std::string_view topic :
       {"v1/devices/meter-2/telemetry", "v1/devices/meter-1", "v1/devices/meter-10/telemetry",
        "v1/devices/meter-1/commands", "elsewhere"}) {
    INFO(topic);
    client->publish(topic, readings);
    const auto no = w.wait<mqtt::Puback>(*client);
    CHECK(no.reason == Reason::not_authorized);
    CHECK(mentions(no.properties, "v1/devices/meter-1"));
  }
  CHECK(w.until([&] { return w.telemetry.refused() == 5; }));
  const auto reported = w.controller.asked<link::Misuse>();
  REQUIRE(reported.size() == 5);
  CHECK(reported[0].who == "meter-1");
  CHECK(reported[0].action == "topic.refused");
}

TEST_CASE("where there is no way to say no, the connection is closed") {
  Workbench w;
  auto v3 = w.arrive(w.device("meter-1"), Version::v3_1_1);
  v3->publish("v1/devices/meter-2/telemetry", readings);
  CHECK(w.until([&] { return v3->closed(); }));
  CHECK_FALSE(v3->heard<mqtt::Puback>());
  auto qos0 = w.arrive(w.device("meter-3"));
  qos0->publish("v1/devices/meter-2/telemetry", readings, 0);
  CHECK(w.wait<mqtt::Disconnect>(*qos0).reason == Reason::not_authorized);
  CHECK(w.until([&] { return qos0->closed(); }));
}

TEST_CASE("reported state is acknowledged once the controller has it, or refused in its words") {
  Workbench w;
  w.controller.to_state = fail(Fault::invalid, "state must be an object");
  auto client = w.arrive(w.device("meter-1"));
  client->publish("v1/devices/meter-1/state", "[]");
  const auto no = w.wait<mqtt::Puback>(*client);
  CHECK(no.reason == Reason::payload_format_invalid);
  CHECK(mentions(no.properties, "must be an object"));
  w.controller.hold(true);
  client->publish("v1/devices/meter-1/results", "{}");
  CHECK(w.until([&] { return w.controller.asked<link::Report>().size() == 1; }));
  w.settle(*client);
  CHECK_FALSE(client->heard<mqtt::Puback>());
  w.controller.hold(false);
  CHECK(w.wait<mqtt::Puback>(*client).reason == Reason::success);
}

TEST_CASE(
    "what is not offered is refused by its own reason: QoS 2, retained messages, topic aliases") {
  Workbench w;
  auto meter = w.device("meter-1");
  mqtt::PropertyList alias;
  alias.number(mqtt::Property::topic_alias, 1);
  const mqtt::Publish plain{.topic = "v1/devices/meter-1/telemetry",
                            .payload = bytes_of(readings),
                            .qos = 1,
                            .packet_id = 1};
  auto qos2 = plain, retained = plain, aliased = plain;
  qos2.qos = 2;
  retained.retain = true;
  aliased.properties = alias.view();
  for (const auto& [packet, reason] : {std::pair{qos2, Reason::qos_not_supported},
                                       {retained, Reason::retain_not_supported},
                                       {aliased, Reason::topic_alias_invalid}}) {
    auto client = w.arrive(meter);
    client->say(packet);
    CHECK(w.wait<mqtt::Disconnect>(*client).reason == reason);
    CHECK(w.until([&] { return client->closed(); }));
  }
  CHECK(w.telemetry.messages() == 0);
}

// --- what a device hears ---

TEST_CASE("desired state and updates are told at subscription, commands when they come") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  client->subscribe("v1/devices/meter-1/#");
  CHECK(w.wait<mqtt::Suback>(*client).reasons == std::vector{Reason::granted_qos_1});
  const auto first = w.wait<mqtt::Publish>(*client), second = w.wait<mqtt::Publish>(*client);
  CHECK(first.topic == "v1/devices/meter-1/desired");
  CHECK(text_of(first.payload) == R"({"interval":30})");
  CHECK(second.topic == "v1/devices/meter-1/updates");
  const auto id = expect(DeviceId::parse("meter-1"));
  w.push({link::Tell{id, link::Channel::commands, "{}"}});
  const auto command = w.wait<mqtt::Publish>(*client);
  CHECK(command.topic == "v1/devices/meter-1/commands");
  CHECK(command.qos == 1);
}

TEST_CASE("a device that is told more than it acknowledges is told the rest when it does") {
  Workbench w;
  auto client = w.dial(w.device("meter-1"));
  mqtt::PropertyList properties;
  properties.number(mqtt::Property::receive_maximum, 1);
  client->greet({.properties = properties.view()});
  w.wait<mqtt::Connack>(*client);
  client->subscribe("v1/devices/meter-1/commands");
  w.wait<mqtt::Suback>(*client);
  const auto id = expect(DeviceId::parse("meter-1"));
  w.push(
      {link::Tell{id, link::Channel::commands, "1"}, link::Tell{id, link::Channel::commands, "2"}});
  const auto one = w.wait<mqtt::Publish>(*client);
  w.settle(*client);
  CHECK_FALSE(client->heard<mqtt::Publish>());
  client->say(mqtt::Puback{.packet_id = one.packet_id});
  CHECK(text_of(w.wait<mqtt::Publish>(*client).payload) == "2");
}

TEST_CASE("a device may not listen to another, nor to all") {
  Workbench w;
  auto client = w.arrive(w.device("meter-1"));
  for (std::string_view filter : {"#", "v1/devices/+/commands", "v1/devices/meter-2/commands"}) {
    client->subscribe(filter);
    CHECK(w.wait<mqtt::Suback>(*client).reasons == std::vector{Reason::not_authorized});
  }
  client->subscribe("$share/g/v1/devices/meter-1/commands");
  CHECK(w.wait<mqtt::Suback>(*client).reasons ==
        std::vector{Reason::shared_subscriptions_not_supported});
}

// --- applications ---

TEST_CASE("an application hears what its filters allow, from either thread, and may not publish") {
  Workbench w(2);
  auto board = w.application("board", {"v1/devices/+/telemetry"});
  auto app = w.dial(board);
  app->greet({.client_id = "board:2"});
  w.wait<mqtt::Connack>(*app);
  app->subscribe("v1/devices/#");
  CHECK(w.wait<mqtt::Suback>(*app).reasons == std::vector{Reason::not_authorized});
  app->subscribe("v1/devices/+/telemetry", 0);
  CHECK(w.wait<mqtt::Suback>(*app).reasons == std::vector{Reason::success});
  for (int i = 1; i < 5; ++i) {
    const auto name = "meter-" + std::to_string(i);
    auto meter = w.arrive(w.device(name));
    meter->publish("v1/devices/" + name + "/telemetry", readings);
    const auto heard = w.wait<mqtt::Publish>(*app);
    CHECK(heard.topic == "v1/devices/" + name + "/telemetry");
    CHECK(text_of(heard.payload) == readings);
    CHECK(heard.qos == 0);
  }
  app->publish("v1/devices/meter-1/commands", "{}");
  CHECK(w.wait<mqtt::Puback>(*app).reason == Reason::not_authorized);
}

TEST_CASE("a filter covers another when it matches all that the other does") {
  CHECK(covers("#", "v1/devices/+/telemetry"));
  CHECK(covers("v1/#", "v1"));
  CHECK(covers("v1/#", "v1/#"));
  CHECK(covers("v1/+/x", "v1/a/x"));
  CHECK(covers("v1/+/x", "v1/+/x"));
  CHECK_FALSE(covers("v1/a/x", "v1/+/x"));
  CHECK_FALSE(covers("v1/+", "v1/#"));
  CHECK_FALSE(covers("v1/+", "v1/a/b"));
  CHECK_FALSE(covers("v1/a", "v1"));
  CHECK_FALSE(covers("v1/+/x", "#"));
  CHECK_FALSE(covers("#", "$SYS/#"));
  CHECK_FALSE(covers("+/load", "$SYS/load"));
}

// --- what cannot be read ---

TEST_CASE("a malformed packet of any type ends the session, with a reason, and is reported") {
  Workbench w;
  auto meter = w.device("meter-1");
  const std::vector<std::pair<const char*, Bytes>> packets{
      {"a second CONNECT", {0x10, 0x0d, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 0, 0, 0}},
      {"CONNACK", {0x20, 0x03, 0, 0, 0}},
      {"PUBLISH with QoS 3", {0x36, 0x06, 0, 1, 'a', 0, 1, 0}},
      {"PUBLISH with a wildcard", {0x30, 0x04, 0, 1, '#', 0}},
      {"PUBLISH without a packet identifier", {0x32, 0x06, 0, 1, 'a', 0, 0, 0}},
      {"PUBACK with flags", {0x41, 0x02, 0, 1}},
      {"PUBREC that was not asked for", {0x50, 0x02, 0, 1}},
      {"PUBREL with wrong flags", {0x60, 0x02, 0, 1}},
      {"PUBCOMP that is too short", {0x70, 0x01, 0}},
      {"SUBSCRIBE without a filter", {0x82, 0x03, 0, 1, 0}},
      {"SUBSCRIBE with reserved flags", {0x80, 0x07, 0, 1, 0, 0, 1, 'a', 0}},
      {"SUBACK", {0x90, 0x04, 0, 1, 0, 0}},
      {"UNSUBSCRIBE without a filter", {0xa2, 0x03, 0, 1, 0}},
      {"UNSUBACK", {0xb0, 0x04, 0, 1, 0, 0}},
      {"PINGREQ with a body", {0xc0, 0x01, 0}},
      {"PINGRESP", {0xd0, 0x00}},
      {"DISCONNECT with an unknown reason", {0xe0, 0x01, 0x55}},
      {"AUTH", {0xf0, 0x00}},
      {"type 0", {0x00, 0x00}},
      {"a length of five octets", {0x30, 0xff, 0xff, 0xff, 0xff, 0x01}},
      {"a packet over the limit", {0x30, 0xff, 0xff, 0x7f}},
  };
  std::size_t reported = 0;
  for (const auto& [what, bytes] : packets) {
    INFO(what);
    auto client = w.arrive(meter);
    client->say(bytes);
    CHECK(mqtt::is_failure(w.wait<mqtt::Disconnect>(*client).reason));
    CHECK(w.until([&] { return client->closed(); }));
    CHECK(w.controller.asked<link::Misuse>().size() == ++reported);
  }
}

TEST_CASE("who does not begin with CONNECT is refused") {
  Workbench w;
  auto meter = w.device("meter-1");
  auto client = w.dial(meter);
  client->say(mqtt::Pingreq{});
  CHECK(w.wait<mqtt::Connack>(*client).reason == Reason::protocol_error);
  CHECK(w.until([&] { return client->closed(); }));
  auto noise = w.dial(meter);
  noise->say(bytes_of("GET / HTTP/1.1\r\n\r\n"));
  CHECK(w.until([&] { return noise->closed(); }));
}
