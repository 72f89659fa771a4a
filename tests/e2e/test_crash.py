"""kill -9 of the controller in the middle of everything: what was told is still true, and what was begun goes on."""

import json
import subprocess
import time
import unittest

from device import Device
from mqtt import publish
from stage import BINARIES, METRICS, Stage

METERS = 60


class Crash(Stage):
    def test_a_rollout_survives_kill_9_at_any_moment(self):
        self.cli("model", "put", "meter", "--interval", 1, *METRICS)
        kept = self.scratch / "kept"
        self.cli("ledger", "verify", "--save", kept)
        swarm, maker = self.start_swarm(METERS)
        self.publish(maker, "1.1.0")
        id = self.cli("rollout", "start", "--release", "1.1.0", "--waves", "5%,30%,100%", "--soak", "1s",
                      "--deadline", "60s")
        moments = {
            "an offer is out": lambda waves: waves[0]["offered"] > 0,
            "the first wave has passed": lambda waves: waves[0]["state"] == "passed",
            "the second wave is half installed": lambda waves: waves[1]["installed"] > 5,
            "the last wave is open": lambda waves: waves[2]["offered"] > 5,
        }
        for moment, reached in moments.items():
            before = self.eventually(moment, lambda: self.when(id, reached), 60)
            size = self.ledger_size()
            self.come_back()
            after = self.api.get(f"/rollouts/{id}")
            self.assertGreaterEqual(self.ledger_size(), size, "what was told is still there")
            for old, new in zip(before["waves"], after["waves"]):
                self.assertGreaterEqual(new["installed"], old["installed"], f"{moment}: {old} became {new}")
            self.cli("ledger", "verify", "--since", kept, "--save", kept)
        self.eventually("the rollout is done", lambda: self.api.get(f"/rollouts/{id}")["state"] == "done", 90)
        self.eventually("every device is back, on the release",
                        lambda: self.firmware() == {"1.1.0": METERS}
                        and self.api.get("/fleet")["devices"]["online"] == METERS, 60)
        installed = sum(wave["installed"] for wave in self.api.get(f"/rollouts/{id}")["waves"])
        self.assertEqual(installed, METERS)
        self.assertTrue(swarm.alive())
        verified = json.loads(self.cli("ledger", "verify", "--since", kept, "--json"))
        self.assertTrue(verified["extends_kept_checkpoint"])

    def when(self, id, reached):
        rollout = self.api.get(f"/rollouts/{id}")
        return rollout if reached(rollout["waves"]) or rollout["state"] == "done" else None

    def come_back(self):
        self.controller.restart()
        type(self).api, type(self).cli = self.controller.api, self.controller.cli


class CrashOfDecisions(Stage):
    def test_what_an_operator_was_told_is_durable(self):
        self.api.post("/models", {"name": "meter"})
        for round in range(5):
            token = self.expect(f"durable-{round}")
            size = self.ledger_size()
            self.controller.restart()
            type(self).api = self.controller.api
            self.assertEqual(self.device(f"durable-{round}")["state"], "expected")
            self.assertGreaterEqual(self.ledger_size(), size)
            self.assertTrue(token)

    def test_readings_that_were_acknowledged_are_kept(self):
        self.api.post("/models", {"name": "meter"})
        device = Device(self.controller, self.scratch, "kept-1").enrol(self.expect("kept-1"))
        now = time.time()
        for n in range(10):
            pack = json.dumps([{"n": "voltage", "t": round(now - 60 + n, 3), "v": 220 + n}])
            self.assertEqual(publish(device, "v1/devices/kept-1/telemetry", pack).returncode, 0)
        self.controller.restart()
        type(self).api = self.controller.api
        series = self.api.get("/devices/kept-1/series?metric=voltage&points=5")
        self.assertEqual(sum(bucket["count"] for bucket in series["buckets"]), 10)
        self.assertEqual(max(bucket["max"] for bucket in series["buckets"]), 229)

    def test_sigterm_drains_and_exits_0(self):
        self.assertEqual(self.controller.stop(), 0)
        self.controller.log = open(self.scratch / "data.log", "ab")
        self.controller.start()
        type(self).api = self.controller.api


class LostFiles(Stage):
    def test_what_nothing_can_replace_is_asked_for_by_name(self):
        for name in ("muster.db", "keys/release.key", "keys/ledger.key"):
            with self.subTest(name):
                self.controller.stop()
                file = self.controller.folder / name
                kept = file.rename(self.scratch / "kept")
                said = subprocess.run([BINARIES / "musterd", "--data", self.controller.folder], capture_output=True,
                                      text=True, timeout=20)
                self.assertEqual(said.returncode, 1)
                self.assertIn(str(file), said.stderr)
                self.assertIn("backup", said.stderr)
                self.assertFalse(file.exists())
                kept.rename(file)
                self.controller.log = open(self.scratch / "data.log", "ab")
                self.controller.start()


if __name__ == "__main__":
    unittest.main()
