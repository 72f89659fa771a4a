"""The device's own program: it enrols, reports, updates, goes back, survives kill -9 and renews, all by itself."""

import json
import subprocess
import unittest

from maker import Maker
from stage import BINARIES, METRICS, Stage


class Agent:
    """A muster-agent with a state folder of its own."""

    def __init__(self, controller, scratch, id, token, *options):
        self.id, self.state, self.process = id, scratch / f"{id}.state", None
        self.log = open(scratch / f"{id}.log", "ab")
        token_file = scratch / f"{id}.token"
        token_file.write_text(token)
        folder = controller.folder
        self.command = [BINARIES / "muster-agent", "--id", id, "--state", self.state, "--server", "localhost",
                        "--ports", folder / "ports.json", "--ca", folder / "ca.pem", "--release-key",
                        folder / "release.pub", "--token-file", token_file, "--readings", "meter", "--interval", "1s",
                        "--retry-max", "4s", "--contact-within", "20s", *map(str, options)]

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        return self.process.returncode

    def status(self):
        done = subprocess.run([BINARIES / "muster-agent", "status", "--state", self.state], capture_output=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def running(self):
        """The artifact in the slot in use."""
        return (self.state / self.status()["slot"] / "artifact").read_bytes()


class Agents(Stage):
    versions = iter(f"1.{n}.0" for n in range(1, 100))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.maker = Maker(cls.scratch)

    def agent(self, id, *options):
        agent = Agent(self.controller, self.scratch, id, self.expect(id), *options).start()
        self.addCleanup(agent.stop)
        self.eventually(f"{id} is online", lambda: self.device(id)["online"])
        return agent

    def release(self):
        version = next(self.versions)
        firmware = self.maker.firmware(version)
        self.cli("release", "publish", "--model", "meter", "--version", version, firmware)
        return version, firmware.read_bytes()

    def roll_out(self, version, id, *options):
        return self.cli("rollout", "start", "--release", version, "--selector", f'id == "{id}"', "--waves", "100%",
                        "--soak", "1s", "--deadline", "60s", *options)

    def ends(self, rollout, *states):
        return self.eventually(f"rollout {rollout} is {' or '.join(states)}",
                               lambda: (now := self.api.get(f"/rollouts/{rollout}"))["state"] in states and now, 60)

    def updated(self, agent):
        """The agent on a release, so that there is a way back from the next one."""
        version, octets = self.release()
        self.ends(self.roll_out(version, agent.id), "done")
        self.assertEqual(agent.running(), octets)
        return version

    def test_three_agents_enrol_report_and_update(self):
        ids = [f"agent-{n}" for n in (1, 2, 3)]
        agents = [self.agent(id, "--model", "meter") for id in ids]
        for id in ids:
            self.eventually(f"{id} reports", lambda: {"voltage", "power"} <= {
                each["metric"] for each in self.api.items(f"/devices/{id}/metrics")})
            self.assertEqual(self.device(id)["state"], "active")
        version, octets = self.release()
        rollout = self.cli("rollout", "start", "--release", version, "--selector", 'id.startsWith("agent-")', "--waves",
                           "34%,100%", "--soak", "1s")
        self.assertEqual(sum(wave["installed"] for wave in self.ends(rollout, "done")["waves"]), 3)
        for agent in agents:
            self.assertEqual(agent.running(), octets)
            self.assertEqual(self.device(agent.id)["firmware"], version)
            self.assertEqual(agent.stop(), 0)
        for id in ids:
            self.eventually(f"{id} is offline", lambda: not self.device(id)["online"])

    def test_a_bad_update_goes_back_by_itself(self):
        sick = self.scratch / "sick"
        agent = self.agent("unwell", "--health-command", f"test ! -e {sick}")
        good = self.updated(agent)
        sick.touch()
        before = agent.running()
        bad, _ = self.release()
        rollout = self.ends(self.roll_out(bad, "unwell"), "reverted", "halted")
        self.assertEqual(rollout["waves"][0]["failed"], 1)
        self.eventually(f"it reports {good}", lambda: self.device("unwell")["firmware"] == good)
        self.assertEqual(agent.running(), before)
        self.assertIn("the health check failed", json.dumps(self.recorded("update.failed")))

    def test_kill_9_in_the_middle_of_an_update_goes_on_where_it_was(self):
        switched, go = self.scratch / "switched", self.scratch / "go"
        script = self.scratch / "switch.sh"
        script.write_text(f'#!/bin/sh\necho "$1" >> {switched}\n'
                          f'n=0; while [ ! -e {go} ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done\n')
        script.chmod(0o755)
        agent = self.agent("cut-short", "--activate-command", script)
        version, octets = self.release()
        rollout = self.roll_out(version, "cut-short")
        self.eventually("it is about to switch", switched.exists, 30)
        agent.kill()
        self.assertEqual(agent.status()["phase"], "activated")
        go.touch()
        agent.start()
        self.ends(rollout, "done")
        self.assertEqual(agent.running(), octets)
        self.assertGreaterEqual(len(switched.read_text().splitlines()), 2, "the switch was made again")
        self.assertEqual(self.device("cut-short")["firmware"], version)

    def test_a_quarantined_agent_is_patched_over_the_update_path(self):
        agent = self.agent("apart")
        self.cli("device", "isolate", "apart", "--reason", "odd traffic")
        self.eventually("it is cut off", lambda: not self.device("apart")["online"])
        version, octets = self.release()
        refused = self.cli.run("rollout", "start", "--release", version, "--selector", 'id == "apart"', "--waves", "100%")
        self.assertNotEqual(refused.returncode, 0, "a rollout without --quarantined has no target")
        self.ends(self.roll_out(version, "apart", "--quarantined"), "done")
        self.assertEqual(agent.running(), octets)
        device = self.device("apart")
        self.assertEqual((device["state"], device["online"], device["firmware"]), ("quarantined", False, version))
        self.cli("device", "release", "apart", "--reason", "patched")
        self.eventually("it is back", lambda: self.device("apart")["online"], 30)

    def test_an_agent_that_trusts_another_key_installs_nothing(self):
        agent = self.agent("careful")
        agent.stop()
        agent.log = open(self.scratch / "careful.log", "ab")
        agent.command[agent.command.index("--release-key") + 1] = self.maker.public_key
        agent.command += ["--assignment-key", self.controller.folder / "release.pub"]
        agent.start()
        version, _ = self.release()
        rollout = self.cli("rollout", "start", "--release", version, "--selector", 'id == "careful"', "--waves", "100%",
                           "--deadline", "3s")
        self.ends(rollout, "halted", "reverted")
        self.assertEqual(agent.status()["firmware"], "factory")
        self.assertFalse((agent.state / "b" / "artifact").exists())

    def test_one_folder_has_one_agent(self):
        agent = self.agent("alone")
        second = subprocess.run(agent.command, capture_output=True, text=True, timeout=20)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("error", second.stderr)


class Renewal(Stage):
    # A certificate begins 5 minutes before it is issued: two thirds of its life are over some seconds after that.
    options = ("--certificate-life", "170s")

    def test_an_agent_renews_its_certificate_and_stays(self):
        self.api.post("/models", {"name": "meter"})
        agent = Agent(self.controller, self.scratch, "renewing", self.expect("renewing")).start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("renewing")["online"])
        first = self.device("renewing")["certificate"]["serial"]
        renewed = self.eventually("another certificate is in use",
                                  lambda: (now := self.device("renewing"))["certificate"]["serial"] != first
                                  and now["online"] and now, 60)
        self.assertEqual(renewed["certificate"]["status"], "valid")
        issued = self.recorded("certificate.issued", "device/renewing")
        self.assertEqual([entry["detail"]["proof"] for entry in issued][:2], ["token", "renewal"])
        self.assertNotEqual(issued[0]["detail"]["key"], issued[1]["detail"]["key"], "with a new key")
        self.assertTrue(self.recorded("certificate.superseded", "device/renewing"))


if __name__ == "__main__":
    unittest.main()
