"""Debian's own mender-client, unmodified, against Mender's device API: installs, is refused, is held before its commit,
and goes back when the rollout does. The devices of a test are at work side by side."""

import base64
import json
import secrets
import subprocess
import unittest

import mender
from maker import openssl
from stage import Stage


class Menders(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mender.prepare()
        cls.signer = mender.Signer(cls.scratch / "signer")

    def setUp(self):
        self.model = self._testMethodName[5:20].strip("_")

    def devices(self, *ids, key=None):
        made = []
        for id in ids:
            device = mender.Mender(self.controller, self.scratch, id, key or self.signer.public_key, self.model)
            made.append(device.enrol(self.expect(id, self.model)).start())
            self.addCleanup(device.stop)
        for id in ids:
            self.eventually(f"{id} has told its inventory", lambda: (self.device(id)["reported"] or {}).get(
                "update_client") == "mender")
        return made

    def publish(self, version, signer=None):
        octets = secrets.token_bytes(64 << 10)
        artifact = (signer or self.signer).artifact(version, octets, self.model)
        self.cli("release", "publish", "--model", self.model, "--version", version, artifact)
        return octets

    def roll_out(self, version):
        return self.cli("rollout", "start", "--release", f"{self.model}/{version}", "--selector",
                        f'model == "{self.model}"', "--waves", "100%", "--soak", "1s", "--deadline", "60s")

    def action(self, device):
        return self.api.get(f"/devices/{device.id}/action")

    def ends(self, rollout, *states):
        return self.eventually(f"rollout {rollout} is {states}", lambda: (
            now := self.api.get(f"/rollouts/{rollout}"))["state"] in states and now, 40)

    def held_at(self, version, *devices):
        """The rollout, paused while the devices install; they wait before their commit."""
        for device in devices:
            device.slow(True)
        rollout = self.roll_out(version)
        for device in devices:
            self.said(device, "installing")
        self.cli("rollout", "pause", rollout, "--reason", "let us look first")
        for device in devices:
            device.slow(False)
        for device in devices:
            self.said(device, "pause_before_committing")
        return rollout

    def said(self, device, word):
        self.eventually(f"{device.id} says {word}", lambda: word in (self.action(device)["open"] or {}).get("word", ""), 30)

    def test_installs_and_is_held_before_its_commit_until_the_rollout_goes_on(self):
        self.publish("1.0.0")
        one, two = self.devices("me-1", "me-2")
        self.ends(self.roll_out("1.0.0"), "done")
        self.assertEqual(one.slot.read_bytes(), two.slot.read_bytes())
        self.assertEqual(self.device("me-1")["firmware"], "1.0.0")
        self.eventually("it carries the new name", lambda: self.device(
            "me-1")["reported"]["attributes"]["artifact_name"] == "1.0.0")
        octets = self.publish("1.1.0")
        rollout = self.held_at("1.1.0", one, two)
        self.assertEqual(self.device("me-1")["firmware"], "1.0.0")
        self.cli("rollout", "resume", rollout)
        self.assertEqual(self.ends(rollout, "done")["waves"][0]["installed"], 2)
        self.assertEqual((one.slot.read_bytes(), two.slot.read_bytes()), (octets, octets))

    def test_a_halt_while_it_is_held_takes_the_device_back_by_itself(self):
        first = self.publish("1.0.0")
        device, = self.devices("me-back")
        self.ends(self.roll_out("1.0.0"), "done")
        octets = self.publish("1.1.0")
        rollout = self.held_at("1.1.0", device)
        self.assertEqual(device.slot.read_bytes(), octets, "installed, and not committed")
        self.cli("rollout", "halt", rollout, "--reason", "the others are not well")
        self.eventually("it went back", lambda: device.slot.read_bytes() == first, 30)
        self.ends(rollout, "reverted")
        self.assertEqual(self.action(device)["last"]["stage"], "failed")
        self.assertEqual(self.device("me-back")["firmware"], "1.0.0")

    def test_another_makers_signature_is_refused_and_the_log_says_why(self):
        other = mender.Signer(self.scratch / "other")
        self.publish("1.1.0", other)
        device, = self.devices("me-wary")
        self.ends(self.roll_out("1.1.0"), "halted", "reverted")
        self.assertEqual(device.slot.read_bytes(), b"factory")
        log = self.eventually("its log is here", lambda: self.action(device)["log"])
        self.assertIn("signature", log)

    def test_who_is_not_the_device_or_is_revoked_is_refused(self):
        device, = self.devices("me-own")
        request = self.auth_request(device)
        token = self.curl(device, "v1/authentication/auth_requests", *request)
        self.assertEqual(token.status, 200)
        other = mender.Mender(self.controller, self.scratch, "me-thief", self.signer.public_key)
        other.enrol(self.expect("me-thief", self.model))
        self.assertEqual(self.curl(other, "v1/authentication/auth_requests", *request).status, 401, "another's key")
        self.assertTrue(self.recorded("signature.refused", "device/me-thief"))
        attributes = ("PUT", "[]", f"Authorization: Bearer {token.body}")
        self.assertEqual(self.curl(other, "v1/inventory/device/attributes", *attributes).status, 401, "another's token")
        device.stop()
        token = self.curl(device, "v1/authentication/auth_requests", *self.auth_request(device))
        attributes = ("PUT", "[]", f"Authorization: Bearer {token.body}")
        self.assertEqual(self.curl(device, "v1/inventory/device/attributes", *attributes).status, 200)
        self.cli("cert", "revoke", device.serial(), "--reason", "a test says so", "--because", "key-compromise")
        self.assertEqual(self.curl(device, "v1/inventory/device/attributes", *attributes).status, 401)

    @staticmethod
    def auth_request(device):
        body = json.dumps({"id_data": json.dumps({"id": device.id}), "tenant_token": "",
                           "pubkey": openssl("pkey", "-in", device.key, "-pubout")})
        file, signature = device.folder / "auth", device.folder / "auth.sig"
        file.write_text(body)
        openssl("dgst", "-sha256", "-sign", device.key, "-out", signature, file)
        return "POST", body, "X-MEN-Signature: " + base64.b64encode(signature.read_bytes()).decode()

    def curl(self, device, rest, method, body, header):
        out = device.folder / "answer"
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "--cacert", self.controller.ca, "--cert", device.certificate, "--key",
             device.key, "-o", out, "-w", "%{http_code}", "-X", method, "-H", "Content-Type: application/json", "-H", header,
             "--data-binary", body, f"https://localhost:{self.controller.ports['device']}/api/devices/{rest}"],
            capture_output=True, text=True, check=True)
        return Answer(int(done.stdout), out.read_text())


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body


if __name__ == "__main__":
    unittest.main()
