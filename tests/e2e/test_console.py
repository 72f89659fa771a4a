"""The web console in Chromium: signed in by a one-time link, it shows what happens and acts on it."""

import os
import pathlib
import subprocess
import unittest

from stage import METRICS, Stage

HERE = pathlib.Path(__file__).resolve().parent
METERS = 20
TROUBLED = "meter-0007"


class Console(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.swarm, cls.maker = cls.start_swarm(METERS)

    def scenario(self, name, **facts):
        link = self.cli("login-link")
        done = subprocess.run(["node", HERE / "console.mjs", name], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "MUSTER_LINK": link, "ONLINE": str(METERS), **facts})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_link_opens_the_console_once(self):
        self.scenario("link_works_once")

    def test_devices_are_listed_live(self):
        self.scenario("devices_are_listed_live", DEVICE="meter-0001")

    def test_a_bad_rollout_is_started_and_halts_before_ones_eyes(self):
        self.publish(self.maker, "1.0.0")
        id = self.cli("rollout", "start", "--release", "1.0.0", "--waves", "100%", "--soak", "0s")
        self.eventually("1.0.0 is everywhere", lambda: self.api.get(f"/rollouts/{id}")["state"] == "done", 40)
        self.swarm.tell("fail-update 2.0.0 1.0")
        self.publish(self.maker, "2.0.0")
        self.scenario("rollout_halts", VERSION="2.0.0")
        self.eventually("no meter has it", lambda: self.firmware() == {"1.0.0": METERS})

    def test_an_isolated_device_is_released(self):
        self.cli("device", "isolate", TROUBLED, "--reason", "odd traffic")
        self.scenario("isolated_device_is_released", DEVICE=TROUBLED)
        self.eventually("it is back", lambda: self.device(TROUBLED)["online"], 40)
        self.assertEqual(self.device(TROUBLED)["state"], "active")

    def test_the_ledger_is_verified_in_the_browser(self):
        self.scenario("ledger_is_verified_in_the_browser")


if __name__ == "__main__":
    unittest.main()
