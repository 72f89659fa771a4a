"""Onboarding without hands: devices whose maker gave them a certificate (IDevID), all of it made of openssl and curl."""

import base64
import json
import subprocess
import unittest

from device import Device
from maker import openssl
from stage import BINARIES, Stage

ENROL = "/.well-known/est/simpleenroll"


class Factory:
    """A maker with a root of its own, which signs birth certificates and vouchers."""

    def __init__(self, scratch, name):
        self.folder = scratch / name
        self.folder.mkdir()
        self.key, self.root = self.folder / "root.key", self.folder / "root.pem"
        self.made = 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
                "-subj", f"/O={name}/CN={name} root", "-days", "9000", "-out", self.root,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def sign(self, key, subject, out, days="9000"):
        self.made += 1
        request, extensions = self.folder / "request.pem", self.folder / "extensions"
        extensions.write_text("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              "authorityKeyIdentifier=keyid\n")
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.key, "-set_serial", self.made,
                "-days", days, "-extfile", extensions, "-out", out)
        return out

    def voucher(self, serial, pinned, out):
        text, key, signer = (self.folder / name for name in ("voucher.json", "masa.key", "masa.pem"))
        der = subprocess.run(["openssl", "x509", "-in", pinned, "-outform", "DER"], capture_output=True, check=True)
        text.write_text(json.dumps({"ietf-voucher:voucher": {
            "created-on": "2026-01-01T00:00:00Z", "expires-on": "2126-01-01T00:00:00Z", "assertion": "verified",
            "serial-number": serial, "pinned-domain-cert": base64.b64encode(der.stdout).decode()}}))
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        self.sign(key, "/CN=voucher signer", signer)
        openssl("cms", "-sign", "-in", text, "-binary", "-nodetach", "-signer", signer, "-inkey", key, "-md", "sha256",
                "-econtent_type", "1.2.840.113549.1.9.16.1.40", "-outform", "DER", "-out", out)
        return out


class Born(Device):
    """A device with a birth certificate beside the key of its own that it asks with."""

    def __init__(self, stage, factory, serial, days="9000"):
        super().__init__(stage.controller, stage.scratch, serial)
        self.serial_number = serial
        self.birth_key, self.birth = self.folder / "birth.key", self.folder / "birth.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.birth_key)
        factory.sign(self.birth_key, f"/CN=Device/serialNumber={serial}", self.birth, days)

    def ask_by_birth(self, request=None, path=ENROL, name=""):
        return self.curl(path, "--cert", self.birth, "--key", self.birth_key, "-D", self.folder / "head",
                         body=request or self.request(name or self.serial_number))

    def header(self, name):
        lines = (self.folder / "head").read_text().splitlines()
        return next((line.split(":", 1)[1].strip() for line in lines if line.lower().startswith(name.lower() + ":")), "")


class Idevid(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.acme, cls.stranger = Factory(cls.scratch, "acme"), Factory(cls.scratch, "stranger")
        cls.cli("ca", "trust-maker", "acme", cls.acme.root, "--models", "meter")

    def refused(self, reply, status, words):
        self.assertEqual(reply.status, status, reply.body)
        self.assertIn(words, reply.body)

    def test_an_expected_device_enrols_by_its_birth_certificate_and_renews_by_what_it_got(self):
        self.expect("m-1", serial="SN-1")
        device = Born(self, self.acme, "SN-1")
        request = device.request("SN-1")
        first = device.keep(device.ask_by_birth(request)).serial()
        self.assertIn("CN=m-1", device.subject())
        self.assertEqual(device.keep(device.ask_by_birth(request)).serial(), first)
        self.assertTrue(self.recorded("birth-certificate.used", "device/m-1"))
        old_key, device.key = device.key, device.folder / "next.pem"
        device.new_key()
        self.refused(device.ask_by_birth(), 403, "ask the operator to allow it again")
        request = device.request("m-1")
        device.key, next_key = old_key, device.key
        device.keep(device.renew(request))
        self.assertNotEqual(device.serial(), first)
        self.cli("enrol", "allow", "m-1", "--reason", "a new board")
        device.key = device.folder / "third.pem"
        device.new_key()
        self.assertEqual(device.ask_by_birth().status, 200)
        self.assertTrue(next_key.exists())

    def test_tls_1_2_will_do_for_it(self):
        self.expect("m-2", serial="SN-2")
        device = Born(self, self.acme, "SN-2")
        reply = device.curl(ENROL, "--tls-max", "1.2", "--cert", device.birth, "--key", device.birth_key,
                            body=device.request("SN-2"))
        device.keep(reply)
        self.assertIn("CN=m-2", device.subject())

    def test_refusals_have_a_reason_and_an_entry(self):
        self.expect("m-3", serial="SN-3")
        since = self.ledger_size()
        self.refused(Born(self, self.stranger, "SN-3").ask_by_birth(), 401, "not of a trusted maker")
        self.refused(Born(self, self.acme, "SN-999").ask_by_birth(), 403, "nobody expects the device")
        expired = Born(self, self.acme, "SN-3", days="0")
        self.refused(expired.ask_by_birth(), 401, "expired")
        self.assertEqual(len(self.recorded("enrolment.refused", since=since)), 3)
        device = Born(self, self.acme, "SN-3")
        self.refused(device.ask_by_birth(device.request("m-1")), 400, "common name")
        self.refused(device.ask_by_birth(device.request("SN-3", "-addext", "basicConstraints=critical,CA:TRUE")), 400,
                     "CA's certificate")
        self.refused(device.ask_by_birth(device.request("SN-3", "-addext", "subjectAltName=URI:urn:muster:device:m-1")),
                     400, "another's")
        device.new_key("EC", "-pkeyopt", "ec_paramgen_curve:secp256k1")
        self.refused(device.ask_by_birth(), 400, "P-256")
        self.assertEqual(self.device("m-3")["state"], "expected")

    def test_a_birth_certificate_opens_no_other_door(self):
        device = Born(self, self.acme, "SN-1")
        done = subprocess.run(["curl", "-sS", "--cacert", self.controller.ca, "--cert", device.birth, "--key",
                               device.birth_key, f"https://localhost:{self.controller.ports['device']}/v1/devices/m-1/updates"],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)

    def test_a_stranger_waits_where_policy_says_so_until_an_operator_decides(self):
        self.cli("enrol", "profile", "set", "fields", "--unknown", "park", "--retry-after", "1s", "--model", "meter")
        path = "/.well-known/est/fields/simpleenroll"
        good, bad = Born(self, self.acme, "SN-10"), Born(self, self.acme, "SN-11")
        for device in (good, bad):
            self.assertEqual(device.ask_by_birth(path=path).status, 202)
            self.assertEqual(device.header("Retry-After"), "1")
        waiting = {each["serial"]: each for each in self.api.items("/enrolments")}
        self.assertEqual(waiting["SN-10"]["maker"], "acme")
        self.assertEqual(waiting["SN-10"]["model"], "meter")
        self.cli("enrol", "approve", waiting["SN-10"]["id"], "--device", "m-10", "--group", "north")
        self.cli("enrol", "reject", waiting["SN-11"]["id"], "--reason", "not ours")
        good.keep(good.ask_by_birth(path=path))
        self.assertIn("CN=m-10", good.subject())
        self.refused(bad.ask_by_birth(path=path), 403, "rejected")
        for action in ("enrolment.parked", "enrolment.approved", "enrolment.rejected"):
            self.assertTrue(self.recorded(action), action)
        self.refused(good.curl("/.well-known/est/forests/cacerts"), 404, "no enrolment profile")
        self.assertEqual(good.curl("/.well-known/est/fields/cacerts").status, 200)

    def test_a_voucher_makes_a_device_expected(self):
        ours, theirs = self.scratch / "ours.vch", self.scratch / "theirs.vch"
        self.acme.voucher("SN-20", self.controller.ca, ours)
        self.acme.voucher("SN-21", self.stranger.root, theirs)
        done = self.cli.run("voucher", "import", ours, theirs, "--maker", "acme")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("voucher 2", done.stderr)
        self.cli("voucher", "import", ours, "--maker", "acme", "--group", "north")
        self.assertEqual(self.device("SN-20")["groups"], ["north"])
        device = Born(self, self.acme, "SN-20")
        device.keep(device.ask_by_birth())
        self.assertIn("CN=SN-20", device.subject())

    def test_the_agent_enrols_by_its_birth_certificate_and_waits_politely(self):
        self.cli("enrol", "profile", "set", "default", "--unknown", "park", "--retry-after", "1s")
        self.addCleanup(self.cli, "enrol", "profile", "set", "default", "--unknown", "refuse")
        device = Born(self, self.acme, "SN-30")
        folder = self.controller.folder
        agent = subprocess.Popen(
            [BINARIES / "muster-agent", "--id", "SN-30", "--state", device.folder / "state", "--server", "localhost",
             "--ports", folder / "ports.json", "--ca", folder / "ca.pem", "--release-key", folder / "release.pub",
             "--idevid-cert", device.birth, "--idevid-key", device.birth_key, "--model", "meter", "--readings", "meter",
             "--interval", "1s"], stderr=subprocess.DEVNULL)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.terminate)
        waiting = self.eventually("it waits", lambda: [each for each in self.api.items("/enrolments")
                                                       if each["serial"] == "SN-30"])
        self.cli("enrol", "approve", waiting[0]["id"], "--device", "SN-30")
        self.eventually("it is online", lambda: self.device("SN-30")["online"])


if __name__ == "__main__":
    unittest.main()
