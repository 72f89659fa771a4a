"""Debian's own swupdate, unmodified, against the DDI: installs, is refused, resumes, is cancelled, fails and goes back.
The devices of a test are at work side by side."""

import secrets
import socket
import subprocess
import threading
import unittest

from stage import Stage
from swupdate import Signer, Swupdate


class Cutter:
    """Between a client and the device door: forwards octets, and cuts the first connection that has carried so many."""

    def __init__(self, port, after):
        self.port, self.after, self.cuts, self.later = port, after, 0, 0
        self.listener = socket.create_server(("localhost", 0))
        self.own = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("localhost", self.port))
            for pair in ((client, server, False), (server, client, True)):
                threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, source, sink, counted):
        carried = 0
        try:
            while octets := source.recv(16384):
                carried += len(octets)
                self.later += len(octets) if counted and self.cuts else 0
                if counted and not self.cuts and carried > self.after:
                    self.cuts += 1
                    break
                sink.sendall(octets)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Swupdates(Stage):
    options = ("--poll-interval", "1s")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.signer = Signer(cls.scratch / "signer")

    def devices(self, *ids, **more):
        """Enrolled, on release 1.0.0 of a model of their own, and not started yet."""
        made = []
        for id in ids:
            device = Swupdate(self.controller, self.scratch, id, self.signer, {"firmware": "1.0.0"}, **more)
            made.append(device.enrol(self.expect(id, self.model)))
            self.addCleanup(device.stop)
        return made

    def setUp(self):
        self.model = self._testMethodName[5:20].strip("_")

    def publish(self, version, octets=None, tampered=False):
        """Written to `flash` in the device's folder; the octets."""
        octets = octets or secrets.token_bytes(64 << 10)
        swu = self.signer.swu(version, "flash", octets, tampered)
        self.cli("release", "publish", "--model", self.model, "--version", version, swu)
        return octets

    def roll_out(self, version, *options):
        return self.cli("rollout", "start", "--release", f"{self.model}/{version}", "--selector",
                        f'model == "{self.model}"', "--waves", "100%", "--soak", "1s", "--deadline", "60s", *options)

    def action(self, device):
        return self.api.get(f"/devices/{device.id}/action")

    def known(self, *devices):
        """They have polled and told their attributes: what they run is a release of ours."""
        for device in devices:
            self.eventually(f"{device.id} is known", lambda: self.device(device.id)["release"])

    def ends(self, rollout, *states):
        return self.eventually(f"rollout {rollout} is {states}", lambda: (
            now := self.api.get(f"/rollouts/{rollout}"))["state"] in states and now, 40)

    def installed(self, device, octets):
        self.eventually(f"{device.id} has written it", lambda: device.flash.exists()
                        and device.flash.read_bytes() == octets)
        self.eventually(f"{device.id} says so", lambda: "All Chunks Installed" in (self.action(device)["open"] or {}).get(
            "word", ""))

    def test_installs_reports_and_is_found_well_after_the_restart(self):
        self.publish("1.0.0")
        plain, resumed = self.devices("sw-plain", "sw-resumed")
        octets = self.publish("1.1.0", secrets.token_bytes(6 << 20))
        cutter = Cutter(self.controller.ports["device"], 2 << 20)
        self.addCleanup(cutter.close)
        resumed.port = cutter.own
        plain.start(), resumed.start()
        self.known(plain, resumed)
        reported = self.device("sw-plain")["reported"]
        self.assertEqual((reported["update_client"], reported["attributes"]["board"]), ("ddi", "meter"))
        rollout = self.roll_out("1.1.0")
        for device in (plain, resumed):
            self.installed(device, octets)
        self.assertEqual(cutter.cuts, 1)
        self.assertLess(cutter.later, len(octets), "what came before the cut is not fetched again")
        self.assertEqual(self.api.get(f"/rollouts/{rollout}")["state"], "running", "no device has said that it is well")
        for device in (plain, resumed):
            device.boots("1.1.0").restart("-c", 2)
        self.assertEqual(self.ends(rollout, "done")["waves"][0]["installed"], 2)
        for device in (plain, resumed):
            self.assertEqual(self.device(device.id)["firmware"], "1.1.0")
            self.assertEqual(self.action(device)["last"]["stage"], "succeeded")

    def test_a_bad_boot_halts_the_rollout_and_the_others_go_back(self):
        first = self.publish("1.0.0")
        good, bad = self.devices("sw-good", "sw-bad")
        octets = self.publish("1.1.0")
        good.start(), bad.start()
        self.known(good, bad)
        rollout = self.roll_out("1.1.0")
        self.installed(good, octets), self.installed(bad, octets)
        good.boots("1.1.0").restart("-c", 2)
        self.eventually("one is well", lambda: self.device("sw-good")["firmware"] == "1.1.0")
        bad.restart("-c", 3)
        self.ends(rollout, "reverting")
        self.installed(good, first)
        good.boots("1.0.0").restart("-c", 2)
        wave = self.ends(rollout, "reverted")["waves"][0]
        self.assertEqual((wave["failed"], wave["reverted"]), (1, 1))
        self.assertEqual({self.device(id)["firmware"] for id in ("sw-good", "sw-bad")}, {"1.0.0"})

    def test_what_is_tampered_with_is_not_written_and_halts(self):
        self.publish("1.0.0")
        device, = self.devices("sw-wary")
        self.publish("1.1.0", tampered=True)
        device.start()
        self.known(device)
        self.ends(self.roll_out("1.1.0"), "halted", "reverted")
        self.assertFalse(device.flash.exists())
        self.assertEqual(self.action(device)["last"]["stage"], "failed")
        self.assertIn("No suitable .swu image", self.action(device)["last"]["word"])

    def test_a_halted_rollout_is_cancelled_on_the_device(self):
        self.publish("1.0.0")
        device, = self.devices("sw-late")
        self.publish("1.1.0")
        device.start()
        self.known(device)
        device.stop()
        rollout = self.roll_out("1.1.0")
        # It has polled, and not come back: what it was told stands open.
        poll = self.curl(device, "")
        while "deploymentBase" not in poll.body:
            poll = self.curl(device, "")
        number = self.action(device)["open"]["number"]
        self.assertEqual(self.curl(device, f"/cancelAction/{number}/feedback", self.closed("success")).status, 405)
        self.cli("rollout", "halt", rollout, "--reason", "second thoughts")
        device.start()
        self.eventually("it is cancelled", lambda: self.recorded("action.cancelled", "device/sw-late"))
        self.assertEqual(self.curl(device, f"/deploymentBase/{number}/feedback", self.closed("success")).status, 410)
        self.assertEqual(self.curl(device, f"/deploymentBase/{number + 1000}/feedback", self.closed("success")).status, 404)

    def test_who_is_not_the_device_is_refused(self):
        self.publish("1.0.0")
        device, other = self.devices("sw-own", "sw-other")
        bare = Swupdate(self.controller, self.scratch, "sw-bare", self.signer)
        bare.config.write_text(bare.config.read_text().replace("sslcert", "# sslcert").replace("sslkey", "# sslkey"))
        self.addCleanup(bare.stop)
        bare.start()
        self.assertEqual(self.curl(device, "", id="sw-other").status, 403)
        gateway = self.curl(device, "", headers=("Authorization: GatewayToken x",))
        self.assertEqual(gateway.status, 401)
        self.assertIn("could act as any device", gateway.body)
        token = self.cli.json("device", "target-token", "sw-other")["target_token"]
        self.assertEqual(self.curl(other, "").status, 401)
        self.assertEqual(self.curl(other, "", headers=("Authorization: TargetToken wrong",)).status, 401)
        self.assertTrue(self.recorded("target-token.refused", "device/sw-other"))
        other.config.write_text(other.config.read_text().replace("polldelay", f'targettoken = "{token}"; polldelay'))
        other.start(), device.start()
        self.known(other, device)
        self.cli("cert", "revoke", device.serial(), "--reason", "a test says so", "--because", "key-compromise")
        self.assertEqual(self.curl(device, "").status, 401, "at the next request")
        self.eventually("without a certificate there is no connection",
                        lambda: "Channel get operation failed (56)" in bare.said())
        self.assertNotIn("No pending action", bare.said())

    @staticmethod
    def closed(finished):
        return f'{{"status":{{"execution":"closed","result":{{"finished":"{finished}"}}}}}}'

    def curl(self, device, rest, body=None, id=None, headers=()):
        door = f"https://localhost:{self.controller.ports['device']}"
        send = ["-H", "Content-Type: application/json", "--data-binary", body] if body else []
        out = device.folder / "ddi"
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "--cacert", self.controller.ca, "--cert", device.certificate, "--key",
             device.key, "-o", out, "-w", "%{http_code}", *[word for header in headers for word in ("-H", header)], *send,
             f"{door}/default/controller/v1/{id or device.id}{rest}"], capture_output=True, text=True, check=True)
        return Answer(int(done.stdout), out.read_text() if out.exists() else "")


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body


if __name__ == "__main__":
    unittest.main()
