"""Releases installed by RAUC, SWUpdate and a hook, with the agent killed before and after each thing that they do: the
device is on the old release or on the new one at every moment, and ends where it should."""

import json
import secrets
import unittest

import test_agent
from installers import SIZE, Hook, Rauc, Swupdate
from stage import METRICS, Stage


class Installers(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.versions = iter(f"1.{n}.0" for n in range(1, 100))

    def device_with(self, kind):
        name = kind.__name__.lower()
        self.plant = kind(self.scratch / name)
        self.addCleanup(self.plant.leave)
        self.agent = test_agent.Agent(self.controller, self.scratch, name, self.expect(name), *self.plant.options()).start()
        self.addCleanup(self.agent.stop)
        self.eventually(f"{name} is online", lambda: self.device(name)["online"])
        self.good = {self.plant.factory}

    def roll_out(self, artifact):
        version = artifact.stem
        self.cli("release", "publish", "--model", "meter", "--version", version, artifact)
        return self.cli("rollout", "start", "--release", version, "--selector", f'id == "{self.agent.id}"', "--waves",
                        "100%", "--soak", "1s", "--deadline", "60s")

    def update(self, *plan):
        """A new release, during which the agent is killed as planned and started again each time."""
        version, content = next(self.versions), secrets.token_bytes(SIZE)
        artifact = self.plant.artifact(content, version)
        self.good = {self.plant.runs(), content}
        self.plant.plan.write_text("".join(f"{line}\n" for line in plan))
        rollout, kills = self.roll_out(artifact), 0

        def ended():
            nonlocal kills
            self.assertIn(self.plant.runs(), self.good, "it runs neither the old release nor the new one")
            if self.agent.process.poll() is not None:
                kills += 1
                self.agent.start()
            now, device = self.api.get(f"/rollouts/{rollout}"), self.agent.status()
            at_rest = device["phase"] == "idle" and not device["reports_waiting"]
            return now["state"] in ("done", "halted", "reverted") and at_rest and now
        now = self.eventually(f"{version} ends after {', '.join(plan)}", ended, 60)
        self.assertEqual((kills, self.plant.plan.read_text()), (len(plan), ""), "every planned cut was made")
        return version, content, now["state"]

    def installs(self, *plan):
        version, content, state = self.update(*plan)
        self.assertEqual(state, "done", json.dumps(self.recorded("update.failed"))[-600:])
        self.assertEqual(self.plant.runs(), content)
        self.assertEqual(self.agent.status()["firmware"], version)

    def goes_back(self, *plan):
        before = self.plant.runs()
        self.plant.sick.touch()
        _, _, state = self.update(*plan)
        self.plant.sick.unlink()
        self.assertIn(state, ("halted", "reverted"))
        self.assertEqual(self.plant.runs(), before)

    def refuses(self, artifact, why):
        before = self.plant.runs()
        rollout = self.roll_out(artifact)
        self.eventually("it is refused", lambda: self.api.get(f"/rollouts/{rollout}")["state"] in ("halted", "reverted"), 30)
        self.assertIn(why, json.dumps(self.recorded("update.failed", f"device/{self.agent.id}")[-1]))
        self.assertEqual(self.plant.runs(), before)

    def test_a_hook_survives_a_cut_at_each_of_its_verbs(self):
        self.device_with(Hook)
        self.installs("before install", "after install", "before activate", "after activate")
        self.installs("before confirm", "after confirm")
        self.goes_back("before revert", "after revert")
        self.installs("after check")

    def test_swupdate_survives_a_cut_at_each_of_its_calls_and_takes_no_image_of_others(self):
        self.device_with(Swupdate)
        self.installs("before install", "after install", "before activate", "after activate")
        self.goes_back("after install")
        self.installs()
        image = self.plant.artifact(secrets.token_bytes(SIZE), next(self.versions))
        octets = image.read_bytes()
        image.write_bytes(octets.replace(b'version = "1', b'version = "9', 1))
        self.refuses(image, "swupdate ended with code 1")

    def test_rauc_survives_a_cut_at_each_of_its_calls_and_takes_no_bundle_of_others(self):
        self.device_with(Rauc)
        self.installs("before install", "after install", "before restart", "after restart")
        self.installs("before mark-good", "after mark-good")
        self.goes_back("before mark-bad", "after mark-bad")
        bundle = self.plant.artifact(secrets.token_bytes(SIZE), next(self.versions))
        octets = bytearray(bundle.read_bytes())
        octets[3000] ^= 1
        bundle.write_bytes(octets)
        self.refuses(bundle, "signature")


if __name__ == "__main__":
    unittest.main()
