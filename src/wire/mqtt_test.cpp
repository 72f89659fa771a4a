#include "wire/mqtt.h"

#include <catch2/catch.hpp>
#include <string>

using namespace muster;
using namespace muster::wire::mqtt;

namespace {

constexpr auto v3 = Version::v3_1_1;
constexpr auto v5 = Version::v5;

Bytes hex(std::string_view digits) {
  std::string packed;
  for (char c : digits)
    if (c != ' ') packed += c;
  return expect(from_hex(packed));
}

template <class T>
T decoded(const Bytes& in, Version version) {
  auto r = decode(in, version);
  if (!r) FAIL(r.error().message);
  REQUIRE(*r);
  CHECK((*r)->size == in.size());
  REQUIRE(std::holds_alternative<T>((*r)->packet));
  return std::get<T>((*r)->packet);
}

std::string encoded(const Packet& packet, Version version) {
  Bytes out;
  auto r = append(out, packet, version);
  if (!r) FAIL(r.error().message);
  return to_hex(out);
}

MqttError refused(std::string_view digits, Version version, const Limits& limits = {}) {
  auto r = decode(hex(digits), version, limits);
  REQUIRE_FALSE(r);
  CHECK(r.error().fault == Fault::invalid);
  return r.error();
}

std::string why(std::string_view digits, Version version) {
  return refused(digits, version).message;
}

}  // namespace

TEST_CASE("the CONNECT of the 3.1.1 text is read field by field") {
  // Figure 3.6: flags 11001110, keep alive 10; then client, will, user and password.
  auto in = hex("10 1c 0004 4d515454 04 ce 000a 0001 63 0003 612f62 0002 4869 0001 75 0001 70");
  auto c = decoded<Connect>(in, v5);
  CHECK(c.version == v3);
  CHECK(c.clean_start);
  CHECK(c.keep_alive_s == 10);
  CHECK(c.client_id == "c");
  REQUIRE(c.will);
  CHECK(c.will->topic == "a/b");
  CHECK(text_of(c.will->payload) == "Hi");
  CHECK(c.will->qos == 1);
  CHECK_FALSE(c.will->retain);
  CHECK(c.user_name == "u");
  CHECK(text_of(*c.password) == "p");
  CHECK(encoded(c, v3) == to_hex(in));
}

TEST_CASE("the CONNECT of the 5.0 text carries its session expiry of ten seconds") {
  // Figure 3-6 of 5.0, with a will delay of 5 s.
  auto in = hex(
      "10 28 0004 4d515454 05 ce 000a 05 11 0000000a 0001 63 05 18 00000005 0003 612f62 0002 4869"
      "0001 75 0001 70");
  in[1] = static_cast<std::uint8_t>(in.size() - 2);
  auto c = decoded<Connect>(in, v3);
  CHECK(c.version == v5);
  CHECK(c.properties.number(Property::session_expiry) == 10u);
  CHECK(c.will->properties.number(Property::will_delay) == 5u);
  CHECK_FALSE(c.properties.number(Property::receive_maximum));
  CHECK(encoded(c, v5) == to_hex(in));
}

TEST_CASE("the PUBLISH, SUBSCRIBE, SUBACK and UNSUBSCRIBE of the texts are byte-exact") {
  auto in = hex("32 0a 0003 612f62 000a 00 4869");
  auto p = decoded<Publish>(in, v5);
  CHECK(p.topic == "a/b");
  CHECK(p.packet_id == 10);
  CHECK(p.qos == 1);
  CHECK(text_of(p.payload) == "Hi");
  CHECK(encoded(p, v5) == to_hex(in));
  CHECK(encoded(p, v3) == "32090003612f62000a4869");

  in = hex("82 0e 000a 0003 612f62 01 0003 632f64 02");
  auto s = decoded<Subscribe>(in, v3);
  REQUIRE(s.subscriptions.size() == 2);
  CHECK(s.subscriptions[0].filter == "a/b");
  CHECK(s.subscriptions[0].qos == 1);
  CHECK(s.subscriptions[1].filter == "c/d");
  CHECK(s.subscriptions[1].qos == 2);
  CHECK(encoded(s, v3) == to_hex(in));

  in = hex("90 06 000a 00 000280");
  auto a = decoded<Suback>(in, v5);
  CHECK(a.reasons ==
        std::vector{Reason::success, Reason::granted_qos_2, Reason::unspecified_error});
  CHECK(encoded(a, v5) == to_hex(in));

  in = hex("a2 0c 000a 0003 612f62 0003 632f64");
  auto u = decoded<Unsubscribe>(in, v3);
  CHECK(u.filters == std::vector<std::string_view>{"a/b", "c/d"});
  CHECK(encoded(u, v3) == to_hex(in));
}

TEST_CASE("a string of two code points is the text's five bytes") {
  auto in = hex("30 08 0005 41f0aa9b94 00");
  CHECK(decoded<Publish>(in, v5).topic == "A\xf0\xaa\x9b\x94");
}

TEST_CASE("views of a packet point into the input") {
  auto in = hex("32 0a 0003 612f62 000a 00 4869");
  auto p = decoded<Publish>(in, v5);
  CHECK(p.payload.data() == in.data() + 10);
  CHECK(static_cast<const void*>(p.topic.data()) == in.data() + 4);
}

TEST_CASE("every other packet is read and written back in both versions") {
  for (auto [digits, version] : {std::pair{"20020000", v3},
                                 {"20020100", v3},
                                 {"20020005", v3},
                                 {"2003008700", v5},
                                 {"2006000003210014", v5},
                                 {"4002000a", v3},
                                 {"4002000a", v5},
                                 {"4003000a10", v5},
                                 {"5002000a", v3},
                                 {"5003000a97", v5},
                                 {"6202000a", v3},
                                 {"6203000a92", v5},
                                 {"7002000a", v3},
                                 {"7002000a", v5},
                                 {"b002000a", v3},
                                 {"b004000a0011", v5},
                                 {"c000", v3},
                                 {"d000", v5},
                                 {"e000", v3},
                                 {"e000", v5},
                                 {"e00198", v5},
                                 {"f000", v5},
                                 {"f00818061500034a5754", v5},
                                 {"4009000a10051f00024e6f", v5},
                                 {"e00a8e081f0005656c736568", v5},
                                 {"8209000a020b050001612d", v5}}) {
    CAPTURE(digits);
    Bytes in = hex(digits);
    auto r = decode(in, version);
    if (!r) FAIL(r.error().message);
    REQUIRE(*r);
    CHECK(encoded((*r)->packet, version) == digits);
  }
}

TEST_CASE("a packet that is not all there asks for more, byte by byte") {
  auto in = hex("32 0a 0003 612f62 000a 00 4869 ff");
  for (std::size_t n = 0; n < 12; ++n) {
    auto r = decode(ByteView(in).first(n), v5);
    REQUIRE(r);
    CHECK_FALSE(*r);
  }
  CHECK((*decode(in, v5))->size == 12);  // what follows is left alone
}

TEST_CASE("an oversized packet is refused at its header, before its body is there") {
  auto e = refused("30 ff ff ff 7f", v5);
  CHECK(e.reason == Reason::packet_too_large);
  CHECK(e.message == "PUBLISH: remaining length is over the limit [section 3.1.2.11.4]");
  CHECK(refused("30 09", v5, {.packet_max = 10}).reason == Reason::packet_too_large);
  CHECK(decode(hex("30 08"), v5, {.packet_max = 10}));
  CHECK(why("30 80 80 80 80", v5) ==
        "PUBLISH: remaining length is longer than four bytes [section 2.1.4]");
  CHECK(why("c0 80 00", v5) ==
        "PINGREQ: remaining length is not in its shortest form [MQTT-1.5.5-1]");
}

TEST_CASE("a malformed packet of each type is refused with packet, field and clause") {
  CHECK(why("00 00", v5) == "packet: packet type 0 is reserved [section 2.1.2]");
  CHECK(why("10 0d 0004 4d515454 05 03 000a 00 0000", v5) ==
        "CONNECT: connect flags have the reserved bit [MQTT-3.1.2-3]");
  CHECK(why("20 03 02 00 00", v5) ==
        "CONNACK: acknowledge flags have reserved bits [MQTT-3.2.2-1]");
  CHECK(why("30 06 0003 612f2b 00", v5) == "PUBLISH: topic name has a wildcard [MQTT-3.3.2-2]");
  CHECK(why("40 02 0000", v5) == "PUBACK: packet identifier is 0 [MQTT-2.2.1-3]");
  CHECK(why("50 03 000a 01", v5) == "PUBREC: reason code is none of PUBREC's [MQTT-3.5.2-1]");
  CHECK(why("60 02 000a", v5) == "PUBREL: flags are not 0010 [MQTT-3.6.1-1]");
  CHECK(why("70 01 00", v5) == "PUBCOMP: packet identifier is cut short");
  CHECK(why("82 03 000a 00", v5) == "SUBSCRIBE: topic filter is missing [MQTT-3.8.3-2]");
  CHECK(why("90 04 000a 00 03", v5) == "SUBACK: reason code is none of SUBACK's [MQTT-3.9.3-2]");
  CHECK(why("a2 06 000a 00 0001 00", v5) ==
        "UNSUBSCRIBE: topic filter holds U+0000 [MQTT-1.5.4-2]");
  CHECK(why("b0 04 000a 00 01", v5) ==
        "UNSUBACK: reason code is none of UNSUBACK's [MQTT-3.11.3-2]");
  CHECK(why("c0 01 00", v5) == "PINGREQ: packet has bytes after its last field");
  CHECK(why("d1 00", v5) == "PINGRESP: flags are not 0000 [MQTT-2.1.3-1]");
  CHECK(why("e0 01 01", v5) == "DISCONNECT: reason code is none of DISCONNECT's [MQTT-3.14.2-1]");
  CHECK(why("f0 01 02", v5) == "AUTH: reason code is none of AUTH's [MQTT-3.15.2-1]");
  CHECK(why("f0 00", v3) == "AUTH: packet type 15 is reserved in MQTT 3.1.1 [3.1.1 section 2.2.1]");
}

TEST_CASE("a CONNECT that contradicts itself is refused") {
  CHECK(refused("10 0c 0006 4d5149736470 03 02 000a", v3).reason ==
        Reason::unsupported_protocol_version);
  CHECK(refused("10 0a 0004 4d515454 06 02 000a", v3).reason ==
        Reason::unsupported_protocol_version);
  CHECK(why("10 0c 0004 4d515454 04 0a 000a 0000", v3) ==
        "CONNECT: will QoS comes without a will [MQTT-3.1.2-11]");
  CHECK(why("10 0c 0004 4d515454 04 22 000a 0000", v3) ==
        "CONNECT: will retain comes without a will [MQTT-3.1.2-13]");
  CHECK(why("10 0c 0004 4d515454 04 1e 000a 0000", v3) == "CONNECT: will QoS is 3 [MQTT-3.1.2-12]");
  CHECK(why("10 0c 0004 4d515454 04 42 000a 0000", v3) ==
        "CONNECT: password comes without a user name [3.1.1 MQTT-3.1.2-22]");
  auto e = refused("10 0c 0004 4d515454 04 00 000a 0000", v3);
  CHECK(e.reason == Reason::client_identifier_not_valid);
  CHECK(decode(hex("10 10 0004 4d515454 05 42 000a 00 0000 0001 70"), v5));
}

TEST_CASE("a PUBLISH is held to its flags, its name and its alias") {
  CHECK(why("36 05 0001 61 0001", v3) == "PUBLISH: QoS is 3 [MQTT-3.3.1-4]");
  CHECK(why("38 03 0001 61", v3) == "PUBLISH: DUP is set at QoS 0 [MQTT-3.3.1-2]");
  CHECK(why("30 02 0000", v3) == "PUBLISH: topic name is empty [MQTT-4.7.3-1]");
  CHECK(why("30 05 0003 eda080", v3) == "PUBLISH: topic name is not UTF-8 [MQTT-1.5.4-1]");
  CHECK(why("30 04 0005 6161", v3) == "PUBLISH: topic name is cut short");
  CHECK(why("32 05 0001 61 0000", v3) == "PUBLISH: packet identifier is 0 [MQTT-2.2.1-3]");
  auto e = refused("30 03 0000 00", v5);
  CHECK(e.reason == Reason::protocol_error);
  CHECK(e.message == "PUBLISH: topic name is empty without a topic alias [section 3.3.2.1]");
  CHECK(refused("30 06 0000 03 23 0000", v5).reason == Reason::topic_alias_invalid);
  auto aliased = hex("30 06 0000 03 23 0007");
  CHECK(decoded<Publish>(aliased, v5).properties.number(Property::topic_alias) == 7u);
}

TEST_CASE("subscription options are held to their bits") {
  CHECK(why("82 06 000a 0001 61 04", v3) ==
        "SUBSCRIBE: subscription options have reserved bits [MQTT-3.8.3-5]");
  CHECK(refused("82 07 000a 00 0001 61 03", v5).reason == Reason::protocol_error);
  CHECK(refused("82 07 000a 00 0001 61 30", v5).reason == Reason::protocol_error);
  CHECK(why("82 10 000a 00 000a 2473686172652f672f61 04", v5) ==
        "SUBSCRIBE: no local is set on a shared subscription [MQTT-3.8.3-4]");
  auto in = hex("82 07 000a 00 0001 61 2e");
  auto s = decoded<Subscribe>(in, v5).subscriptions.at(0);
  CHECK(s.qos == 2);
  CHECK(s.no_local);
  CHECK(s.retain_as_published);
  CHECK(s.retain_handling == 2);
  CHECK(refused("82 0a 000a 0001 61 00 0001 62 00", v3, {.filters_max = 1}).reason ==
        Reason::quota_exceeded);
}

TEST_CASE("properties are refused where they do not belong, twice, or out of range") {
  CHECK(why("30 09 0001 61 05 11 0000000a", v5) ==
        "PUBLISH: session expiry interval does not belong here [section 2.2.2.2]");
  CHECK(why("30 06 0001 61 02 7f 00", v5) ==
        "PUBLISH: property does not belong here [section 2.2.2.2]");
  auto e = refused("30 08 0001 61 04 01 00 01 00", v5);
  CHECK(e.reason == Reason::protocol_error);
  CHECK(e.message == "PUBLISH: payload format indicator is there twice");
  CHECK(why("30 06 0001 61 02 01 02", v5) ==
        "PUBLISH: payload format indicator is neither 0 nor 1");
  CHECK(why("30 06 0001 61 02 0b 00", v5) == "PUBLISH: subscription identifier is 0");
  CHECK(why("30 06 0001 61 02 02 00", v5) == "PUBLISH: message expiry interval is cut short");
  CHECK(why("30 05 0001 61 05 01", v5) == "PUBLISH: property list is cut short");
  CHECK(why("30 08 0001 61 04 08 0001 23", v5) ==
        "PUBLISH: response topic is empty or has a wildcard [MQTT-3.3.2-14]");
  CHECK(why("30 0a 0001 61 06 26 0001 ff 0000", v5) ==
        "PUBLISH: user property is not UTF-8 [MQTT-1.5.4-1]");
  CHECK(refused("10 11 0004 4d515454 05 02 000a 04 16 0001 61 0000", v5).message ==
        "CONNECT: authentication data comes without a method");
}

TEST_CASE("properties are read where they lie and may be passed on") {
  PropertyList list;
  list.number(Property::payload_format, 1)
      .number(Property::message_expiry, 60)
      .text(Property::content_type, "application/senml+json")
      .text(Property::response_topic, "r/1")
      .binary(Property::correlation_data, bytes_of("id"))
      .number(Property::subscription_identifier, 200)
      .number(Property::subscription_identifier, 268'435'455)
      .number(Property::topic_alias, 3)
      .user("site", "north")
      .user("site", "south");
  Bytes wire;
  expect(append_publish(wire, {.topic = "t", .payload = {}, .properties = list.view()}, v5));
  Properties p = decoded<Publish>(wire, v5).properties;
  CHECK(p.number(Property::payload_format) == 1u);
  CHECK(p.number(Property::message_expiry) == 60u);
  CHECK(p.text(Property::content_type) == "application/senml+json");
  CHECK(p.text(Property::response_topic) == "r/1");
  CHECK(text_of(*p.binary(Property::correlation_data)) == "id");
  CHECK(p.number(Property::subscription_identifier) == 200u);
  CHECK(p.user() == std::vector<UserProperty>{{"site", "north"}, {"site", "south"}});

  PropertyList passed_on;
  passed_on.copy(p, Property::topic_alias);
  CHECK_FALSE(passed_on.view().number(Property::topic_alias));
  CHECK(passed_on.view().user().size() == 2);
  CHECK(passed_on.view().bytes().size() == p.bytes().size() - 3);
}

TEST_CASE("every property is carried by the packets it belongs to") {
  PropertyList list;
  list.number(Property::session_expiry, 1)
      .text(Property::assigned_client_id, "x")
      .number(Property::server_keep_alive, 60)
      .text(Property::authentication_method, "m")
      .binary(Property::authentication_data, bytes_of("d"))
      .text(Property::response_information, "i")
      .text(Property::server_reference, "s")
      .text(Property::reason_string, "r")
      .number(Property::receive_maximum, 20)
      .number(Property::topic_alias_maximum, 10)
      .number(Property::maximum_qos, 1)
      .number(Property::retain_available, 0)
      .user("a", "b")
      .number(Property::maximum_packet_size, 1024)
      .number(Property::wildcards_available, 1)
      .number(Property::subscription_ids_available, 1)
      .number(Property::shared_available, 0);
  Bytes wire;
  expect(append(wire, Connack{.properties = list.view()}, v5));
  auto c = decoded<Connack>(wire, v5);
  CHECK(c.properties.number(Property::server_keep_alive) == 60u);
  CHECK(c.properties.number(Property::shared_available) == 0u);
  CHECK(std::string(name_of(Property::maximum_qos)) == "maximum QoS");

  PropertyList asks;
  asks.number(Property::request_problem, 1).number(Property::request_response, 0);
  wire.clear();
  expect(append(wire, Connect{.client_id = "c", .properties = asks.view()}, v5));
  CHECK(decoded<Connect>(wire, v5).properties.number(Property::request_problem) == 1u);
}

TEST_CASE("a 3.1.1 peer hears the nearest thing its version can say") {
  CHECK(encoded(Connack{.reason = Reason::not_authorized}, v3) == "20020005");
  CHECK(encoded(Connack{.reason = Reason::server_busy}, v3) == "20020003");
  CHECK(encoded(Suback{1, {Reason::granted_qos_1, Reason::not_authorized}}, v3) == "900400010180");
  CHECK(encoded(Puback{7, Reason::quota_exceeded}, v3) == "40020007");
  CHECK(encoded(Disconnect{Reason::administrative_action}, v5) == "e00198");
  Bytes out{1, 2};
  CHECK_FALSE(append(out, Auth{}, v3));
  CHECK(out == Bytes{1, 2});
  Bytes refusal = hex("20020005");
  CHECK(decoded<Connack>(refusal, v3).reason == Reason::not_authorized);
}

TEST_CASE("remaining lengths are spelled as the text's table has them") {
  for (auto [size, spelled] : {std::pair<std::size_t, const char*>{127, "7f"},
                               {128, "8001"},
                               {16383, "ff7f"},
                               {16384, "808001"},
                               {2097151, "ffff7f"},
                               {2097152, "80808001"}}) {
    Bytes payload(size - 3), out;
    expect(append_publish(out, {.topic = "t", .payload = payload}, v3));
    CHECK(to_hex(ByteView(out).subspan(1, std::string_view(spelled).size() / 2)) == spelled);
    CHECK((*decode(out, v3, {.packet_max = 1 << 22}))->size == out.size());
  }
}

TEST_CASE("what does not fit MQTT is not written") {
  Bytes out;
  std::string long_text(65536, 'x');
  CHECK(append_publish(out, {.topic = long_text, .payload = {}}, v5).error().fault ==
        Fault::invalid);
  CHECK_FALSE(append(out, Connect{.client_id = long_text}, v5));
  CHECK_FALSE(append(out, Subscribe{1, {{.filter = long_text}}}, v5));
  CHECK(out.empty());
}

TEST_CASE("the short ways write the same bytes as the long one") {
  Bytes out;
  append_puback(out, 0x1234, v5);
  append_puback(out, 0x1234, v5, Reason::quota_exceeded);
  append_puback(out, 0x1234, v3, Reason::quota_exceeded);
  append_pingresp(out);
  CHECK(to_hex(out) ==
        "40021234"
        "4003123497"
        "40021234"
        "d000");
}

TEST_CASE("a fault of ours has one reason code") {
  CHECK(reason_of(Fault::forbidden) == Reason::not_authorized);
  CHECK(reason_of(Fault::exhausted) == Reason::quota_exceeded);
  CHECK(std::string(name_of(Reason::packet_too_large)) == "packet too large");
}
