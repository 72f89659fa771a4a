"""The console in Chromium where things end: devices that are retired, and a CA that gives way to the next one."""

import unittest

from api import Cli
from device import Device
from stage import BINARIES
from test_agent import Agent
from test_console_identity import Screens


class Retirement(Screens):
    def other_admin(self):
        token = self.scratch / "bob.token"
        token.write_text(self.api.post("/operators", {"name": "bob", "role": "admin"})["token"])
        return Cli(BINARIES / "muster", self.controller.server, token, self.controller.ca)

    def test_a_device_is_retired_and_its_certificate_of_sanitisation_is_there_to_take(self):
        self.api.post("/models", {"name": "meter"})
        agent = Agent(self.controller, self.scratch, "wiped", self.expect("wiped")).start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("wiped")["online"], 60)
        self.scenario("device_is_retired", DEVICE="wiped")
        self.assertEqual(self.device("wiped")["state"], "retired")

    def test_two_operators_retire_what_never_says_that_it_is_wiped_and_one_is_destroyed(self):
        self.api.post("/models", {"name": "guarded", "second_operator": True, "retire_within_s": 2})
        for id in ("mute-1", "mute-2"):
            Device(self.controller, self.scratch, id).enrol(self.expect(id, model="guarded"))
        self.scenario("retirement_is_asked_for", DEVICES="mute-1\nmute-2")
        self.assertEqual(self.device("mute-1")["state"], "active")
        self.end(self.begin("retirement_is_approved", cli=self.other_admin()))
        self.assertEqual(self.device("mute-2")["state"], "revoked-unsanitised")
        self.scenario("device_that_never_said_so_was_destroyed", DEVICE="mute-1")
        self.assertEqual((self.device("mute-1")["state"], self.device("mute-2")["state"]),
                         ("retired", "revoked-unsanitised"))


class Refused(Screens):
    def test_a_rollover_is_aborted_and_the_signer_refuses_another_so_soon(self):
        Device(self.controller, self.scratch, "asked").enrol(self.expect("asked"))
        before = self.api.items("/ca")
        self.scenario("ca_rollover_is_aborted_and_another_refused", DEVICE="asked")
        self.assertEqual(self.api.items("/ca"), before)


class Rollover(Screens):
    def test_a_ca_rolls_over_and_is_not_finished_while_a_device_depends_on_the_old_one(self):
        Device(self.controller, self.scratch, "behind").enrol(self.expect("behind"))
        before = {each["role"]: each["sha256"] for each in self.api.items("/ca")}
        self.scenario("ca_rolls_over", DEVICE="behind")
        after = {each["role"]: each["sha256"] for each in self.api.items("/ca")}
        self.assertEqual(set(after), {"issuing", "root"})
        self.assertFalse(set(before.values()) & set(after.values()))


if __name__ == "__main__":
    unittest.main()
