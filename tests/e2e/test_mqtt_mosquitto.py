"""Telemetry by Mosquitto's programs, rights on topics, isolation, and malformed packets of every type."""

import json
import time
import unittest

from device import Device
from mqtt import Raw, Subscriber, connect, connected, packet, publish, text
from stage import METRICS, Stage

NOT_AUTHORIZED = 0x87


def pack(value):
    return json.dumps([{"n": "voltage", "u": "V", "v": value}])


class Mosquitto(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)

    def enrolled(self, id):
        return Device(self.controller, self.scratch, id).enrol(self.expect(id))

    def application(self, id, *filters):
        token = self.api.post("/applications", {"id": id, "subscribe": list(filters)})["token"]
        return Device(self.controller, self.scratch, id).enrol(token)

    def listener(self, app, topic, **more):
        subscriber = Subscriber(app, topic, **more)
        self.addCleanup(subscriber.stop)
        subscriber.wait_for("SUBACK")
        return subscriber

    def kept(self, id):
        return {each["metric"]: each["last"]["value"] for each in self.api.items(f"/devices/{id}/metrics")}

    def test_readings_arrive_in_both_versions(self):
        device = self.enrolled("m-both")
        for version, value in (("mqttv5", 229.5), ("mqttv311", 231.25)):
            done = publish(device, "v1/devices/m-both/telemetry", pack(value), version)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.eventually(f"{value} is kept", lambda: self.kept("m-both").get("voltage") == value)

    def test_an_application_hears_whom_it_may_hear(self):
        device = self.enrolled("m-heard")
        dashboard = self.listener(self.application("dashboard", "v1/devices/+/telemetry"), "v1/devices/+/telemetry")
        publish(device, "v1/devices/m-heard/telemetry", pack(230))
        self.assertIn('"voltage"', dashboard.wait_for("v1/devices/m-heard/telemetry "))

    def test_an_application_may_not_subscribe_beyond_its_filters_nor_publish(self):
        app = self.application("nosy", "v1/devices/+/events")
        for topic in ("v1/devices/+/telemetry", "#", "v1/devices/#"):
            with connected(app) as raw, self.counted("muster_mqtt_refused_total", by=0):
                raw.send(packet(0x82, b"\x00\x01\x00" + text(topic) + b"\x01"))
                kind, body = raw.packet()
                self.assertEqual((kind, body[-1]), (0x90, NOT_AUTHORIZED), topic)
        done = publish(app, "v1/devices/m-both/telemetry", pack(1))
        self.assertIn("Not authorized", done.stdout + done.stderr)

    def test_a_devices_own_words_say_no_to_anothers_topics_in_version_5(self):
        device = self.enrolled("m-thief")
        since = self.ledger_size()
        with self.counted("muster_mqtt_refused_total"):
            done = publish(device, "v1/devices/m-victim/telemetry", pack(230))
        self.assertIn("Not authorized", done.stdout + done.stderr)
        with connected(device) as raw:
            raw.send(packet(0x82, b"\x00\x01\x00" + text("v1/devices/m-victim/desired") + b"\x01"))
            kind, body = raw.packet()
            self.assertEqual((kind, body[-1]), (0x90, NOT_AUTHORIZED))
        self.eventually("the refusal is in the ledger",
                        lambda: self.recorded("topic.refused", "device/m-thief", since))

    def test_version_3_1_1_is_cut_for_anothers_topics(self):
        device = self.enrolled("m-old")
        with connected(device, version=4) as raw, self.counted("muster_mqtt_refused_total"):
            raw.send(packet(0x32, text("v1/devices/m-victim/telemetry") + b"\x00\x07" + pack(230).encode()))
            self.assertEqual(raw.until_closed(), [], "neither an acknowledgement nor anything else")

    def test_the_client_identifier_must_be_the_certificates_name(self):
        device = self.enrolled("m-name")
        with self.counted("muster_mqtt_connects_refused_total"):
            done = publish(device, "v1/devices/m-name/telemetry", pack(230), client_id="m-else")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("client identifier not valid", (done.stdout + done.stderr).lower())

    def test_who_has_no_certificate_gets_no_session(self):
        stranger = Device(self.controller, self.scratch, "m-nobody")
        try:
            with Raw(stranger) as raw:
                raw.send(connect("m-nobody"))
                self.assertEqual(raw.until_closed(), [])
        except OSError:
            pass  # refused in the handshake, which TLS 1.3 tells after it or in it

    def test_isolation_cuts_the_live_session_at_once_and_keeps_it_out(self):
        device = self.enrolled("m-cut")
        subscriber = self.listener(device, "v1/devices/m-cut/desired")
        with self.counted("muster_sessions_cut_total"):
            began = time.monotonic()
            self.cli("device", "isolate", "m-cut", "--reason", "odd traffic")
            subscriber.wait_for("DISCONNECT", within=5)
            self.assertLess(time.monotonic() - began, 2)
        subscriber.ended()
        with Raw(device).send(connect(device.id)) as raw:
            kind, body = raw.packet()
            self.assertEqual((kind, body[1]), (0x20, NOT_AUTHORIZED))
            self.assertIsNone(raw.packet())
        done = publish(device, "v1/devices/m-cut/telemetry", pack(230), "mqttv311")
        self.assertNotEqual(done.returncode, 0)
        self.cli("device", "release", "m-cut", "--reason", "checked")
        self.assertEqual(publish(device, "v1/devices/m-cut/telemetry", pack(230)).returncode, 0)
        self.eventually("it is active", lambda: self.device("m-cut")["state"] == "active")

    def test_isolation_ends_the_connection_itself(self):
        device = self.enrolled("m-eof")
        with connected(device) as raw:
            self.eventually("it is online", lambda: self.device("m-eof")["online"])
            began = time.monotonic()
            self.api.post("/devices/m-eof/isolate", {"reason": "odd traffic"})
            packets = raw.until_closed()
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual([kind for kind, _ in packets], [0xE0])
        self.eventually("it is offline", lambda: not self.device("m-eof")["online"])

    def test_one_device_has_one_session(self):
        device = self.enrolled("m-twice")
        with connected(device) as first, connected(device):
            kind, body = first.packet()
            self.assertEqual((kind, body[0]), (0xE0, 0x8E), "session taken over")
            self.assertIsNone(first.packet())


# Of each type from 0 to 15 something that no client may send. After CONNECT unless it is CONNECT itself.
MALFORMED = {
    "0 reserved": packet(0x00),
    "1 CONNECT a second time": connect("m-bad"),
    "2 CONNACK from a client": packet(0x20, b"\x00\x00\x00"),
    "3 PUBLISH with QoS 3": packet(0x36, text("v1/devices/m-bad/telemetry") + b"\x00\x01\x00[]"),
    "3 PUBLISH to a wildcard": packet(0x32, text("v1/devices/+/telemetry") + b"\x00\x01\x00[]"),
    "3 PUBLISH with packet id 0": packet(0x32, text("v1/devices/m-bad/telemetry") + b"\x00\x00\x00[]"),
    "3 PUBLISH with a topic that is not UTF-8": packet(0x32, b"\x00\x02\xc3\x28\x00\x01\x00[]"),
    "4 PUBACK too short": packet(0x40, b"\x00"),
    "5 PUBREC, and QoS 2 is not offered": packet(0x50, b"\x00\x01"),
    "6 PUBREL with wrong flags": packet(0x60, b"\x00\x01"),
    "7 PUBCOMP, and QoS 2 is not offered": packet(0x70, b"\x00\x01"),
    "8 SUBSCRIBE with wrong flags": packet(0x80, b"\x00\x01\x00" + text("a") + b"\x00"),
    "8 SUBSCRIBE to nothing": packet(0x82, b"\x00\x01\x00"),
    "9 SUBACK from a client": packet(0x90, b"\x00\x01\x00\x00"),
    "10 UNSUBSCRIBE from nothing": packet(0xA2, b"\x00\x01\x00"),
    "11 UNSUBACK from a client": packet(0xB0, b"\x00\x01\x00\x00"),
    "12 PINGREQ with a body": packet(0xC0, b"\x00"),
    "13 PINGRESP from a client": packet(0xD0),
    "14 DISCONNECT with wrong flags": packet(0xE1, b"\x00\x00"),
    "15 AUTH without a method": packet(0xF0, b"\x18\x00"),
    "a length of five octets": b"\xc0\x80\x80\x80\x80\x01",
    "a length beyond every bound": b"\x30\xff\xff\xff\x7f",
}
BEFORE_CONNECT = {
    "PINGREQ before CONNECT": packet(0xC0),
    "CONNECT to another protocol": packet(0x10, text("MQTX") + b"\x05\x02\x00\x3c\x00" + text("m-bad")),
    "CONNECT with the reserved flag": packet(0x10, text("MQTT") + b"\x05\x03\x00\x3c\x00" + text("m-bad")),
    "CONNECT that ends in the middle": packet(0x10, text("MQTT") + b"\x05"),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


class Malformed(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.post("/models", {"name": "meter"})
        token = cls.api.post("/devices", {"id": "m-bad", "model": "meter"})["token"]
        cls.bad = Device(cls.controller, cls.scratch, "m-bad").enrol(token)

    def is_refused(self, raw, octets):
        with raw, self.counted("muster_mqtt_malformed_total"):
            raw.send(octets)
            kinds = [kind for kind, _ in raw.until_closed()]
        self.assertIn(kinds, ([], [0x20], [0xE0]), "nothing but a refusal comes back")

    def test_the_controller_outlives_them_all(self):
        with connected(self.bad) as raw:
            self.assertEqual(raw.send(packet(0xC0)).packet(), (0xD0, b""))
        self.eventually("the ledger knows", lambda: self.recorded("packet.malformed", "device/m-bad"))


def refusal(octets, greeted):
    return lambda self: self.is_refused(connected(self.bad) if greeted else Raw(self.bad), octets)


for greeted, cases in ((True, MALFORMED), (False, BEFORE_CONNECT)):
    for name, octets in cases.items():
        words = "".join(c if c.isalnum() else "_" for c in name.lower())
        setattr(Malformed, f"test_refused_{words}", refusal(octets, greeted))


if __name__ == "__main__":
    unittest.main()
