"""The console's screens of identity in Chromium: certificates, refusals, devices that wait, and how devices booted."""

import os
import pathlib
import subprocess
import unittest

from api import Cli
from device import Device
from stage import BINARIES, Stage
from swtpm import Swtpm
from test_agent import Agent
from test_est_idevid import Born, Factory

HERE = pathlib.Path(__file__).resolve().parent


class Screens(Stage):
    """Scenarios of console.mjs, each in a browser of its own."""

    def begin(self, name, cli=None, **facts):
        link = (cli or self.cli)("login-link")
        return subprocess.Popen(["node", HERE / "console.mjs", name], text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "MUSTER_LINK": link, **facts})

    def end(self, process, said=""):
        try:
            out, errors = process.communicate(said, timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
        self.assertEqual(process.returncode, 0, out + errors)

    def scenario(self, name, **facts):
        self.end(self.begin(name, **facts))


class Identities(Screens):
    def enrolled(self, id):
        return Device(self.controller, self.scratch, id).enrol(self.expect(id))

    def statuses(self, id):
        return [each["status"] for each in self.api.items(f"/devices/{id}/certificates")]

    def test_a_certificate_is_found_by_its_end_and_revoked(self):
        self.enrolled("found")
        self.scenario("certificate_is_revoked", DEVICE="found")
        self.assertEqual(self.statuses("found"), ["revoked"])
        entry = self.recorded("certificate.revoked", "device/found")[0]
        self.assertEqual((entry["reason"], entry["actor"]), ("its key was seen elsewhere", "operator:admin"))
        self.assertEqual(entry["detail"]["reason_code"], 1, "keyCompromise (RFC 5280)")

    def test_every_certificate_of_a_device_is_revoked_on_its_page(self):
        self.enrolled("stolen")
        self.scenario("every_certificate_of_a_device_is_revoked", DEVICE="stolen")
        self.assertEqual(self.statuses("stolen"), ["revoked"])

    def test_what_was_refused_is_listed_with_its_cause(self):
        self.expect("guessed")
        self.assertEqual(Device(self.controller, self.scratch, "guessed").ask("wrong").status, 401)
        self.scenario("refusals_are_listed", DEVICE="guessed")


class Strangers(Screens):
    def test_devices_that_wait_are_approved_and_rejected_and_a_viewer_may_neither(self):
        acme = Factory(self.scratch, "acme")
        self.cli("ca", "trust-maker", "acme", acme.root, "--models", "meter")
        self.cli("enrol", "profile", "set", "default", "--unknown", "park", "--retry-after", "1s")
        good, bad = Born(self, acme, "SN-1"), Born(self, acme, "SN-2")
        for device in (good, bad):
            self.assertEqual(device.ask_by_birth().status, 202)
        seen = Device(self.controller, self.scratch, "seen")
        seen.enrol(self.expect("seen"))

        token = self.scratch / "viewer.token"
        token.write_text(self.api.post("/operators", {"name": "vera", "role": "viewer"})["token"])
        viewer = Cli(BINARIES / "muster", self.controller.server, token, self.controller.ca)
        self.end(self.begin("viewer_is_offered_no_act", cli=viewer))

        self.scenario("device_that_waits_is_approved_and_another_rejected", GOOD="SN-1", BAD="SN-2", DEVICE="m-1")
        self.assertEqual((self.device("m-1")["state"], self.device("m-1")["serial"]), ("expected", "SN-1"))
        good.keep(good.ask_by_birth())
        self.assertEqual(self.device("m-1")["state"], "active")
        self.assertEqual(bad.ask_by_birth().status, 403)
        self.assertEqual(self.recorded("enrolment.rejected")[0]["reason"], "nobody ordered it")


class Boots(Screens):
    def test_a_boot_is_made_the_policy_and_a_tampered_one_is_seen(self):
        self.api.post("/models", {"name": "meter"})
        tpm = Swtpm(self.scratch / "tpm").start()
        self.addCleanup(tpm.stop)
        self.api.post("/devices", {"id": "guarded", "model": "meter", "ek_sha256": tpm.endorsement_sha256()})
        agent = Agent(self.controller, self.scratch, "guarded", "", "--key-store", f"tpm:{tpm.tcti}").start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("guarded")["online"], 60)
        browser = self.begin("boot_is_expected_and_a_tampered_one_seen", DEVICE="guarded")
        if browser.stdout.readline() == "tamper\n":
            tpm.tool("pcrextend", "7:sha256=" + 64 * "a")
        self.end(browser, "done\n")
        self.assertEqual(self.api.items("/attestation/policies"), [])
        shown = self.cli("attest", "registers", "guarded")
        self.assertRegex(shown, r"(?m)^7 +[0-9a-f]{64}")


class Overdue(Screens):
    """A certificate begins five minutes before it is issued, so of seven minutes a quarter is left after 15 seconds."""

    options = ("--certificate-life", "2m")

    def test_a_renewal_that_does_not_come_is_listed(self):
        Device(self.controller, self.scratch, "late").enrol(self.expect("late"))
        self.assertEqual(self.api.items("/certificates?overdue=true"), [])
        self.eventually("three quarters of its life are over",
                        lambda: self.api.items("/certificates?overdue=true"), 60)
        self.assertIn("late", self.cli("cert", "list", "--overdue"))
        self.scenario("overdue_renewal_is_listed", DEVICE="late")


if __name__ == "__main__":
    unittest.main()
