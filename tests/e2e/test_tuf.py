"""The whole way of a release that offline keys vouch for: engineers sign, musterd serves, clients of three makes take it,
and devices that were given the root install nothing else."""

import json
import os
import pathlib
import subprocess
import unittest

from softhsm import SoftHsm
from stage import BINARIES, METRICS, Stage  # first: it knows where the demo's modules are
from api import Problem
from test_agent import Agent
from test_tuf_client import Follower

HERE = pathlib.Path(__file__).resolve().parent


class Repository(Stage):
    """Two engineers, Ann and Ben, hold the root role, either of them; Ann lists releases, with a key in a token."""

    long = True

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(lambda: cls.hsm.put_away() if hasattr(cls, "hsm") else None)
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.hsm = SoftHsm(cls.scratch / "hsm")
        cls.hsm.add("releases")
        cls.token = cls.hsm.uri("releases", "targets")
        cls.folder = cls.scratch / "repository"
        for who in ("ann", "ben"):
            cls.muster("key", cls.scratch / who)
        cls.muster("key", cls.token, "--algorithm", "p256")
        cls.muster("init", cls.folder, "--root-key", cls.scratch / "ann", "--root-key", cls.scratch / "ben.pub",
                   "--root-threshold", 2, "--targets-key", cls.token)
        cls.said = cls.muster("sign", cls.folder, "--key", cls.scratch / "ben")
        cls.publish_listed("1.0.0")
        cls.root = cls.folder / "1.root.json"

    @classmethod
    def muster(cls, *words, code=0):
        """`muster release ...`, what it said on stderr."""
        controller = cls.controller
        done = subprocess.run([BINARIES / "muster", "--server", controller.server, "--token-file",
                               controller.token_file, "--ca", controller.ca, "release", *map(str, words)],
                              capture_output=True, text=True)
        assert done.returncode == code, (words, done.returncode, done.stderr)
        return done.stderr

    @classmethod
    def image(cls, version):
        file = cls.scratch / f"image-{version}"
        file.write_bytes(f"image of {version}\n".encode() * 2000)
        return file

    @classmethod
    def publish_listed(cls, version):
        return cls.muster("publish", "--model", "meter", "--version", version, "--repository", cls.folder,
                          "--targets-key", cls.token, cls.image(version))

    def follower(self, name):
        client = Follower(self.scratch / name, f"{self.controller.server}/tuf")
        plain = client.run

        def run(*words, days=0):
            return plain("--ca", self.controller.ca, *words, days=days)

        client.run = run
        self.assertEqual(client.init(self.root.read_bytes()), 0, client.said)
        return client

    def served(self):
        return self.api.get("/repository")

    def test_muster_tuf_and_tuf_js_fetch_a_release_that_musterd_serves(self):
        image = self.image("1.0.0").read_bytes()
        client = self.follower("ours")
        self.assertEqual(client.download("meter/1.0.0"), 0, client.said)
        self.assertEqual(client.has(), [image])
        self.assertEqual(client.download("meter/9.9.9"), 1)
        theirs = self.scratch / "theirs"
        for name in ("metadata", "targets"):
            (theirs / name).mkdir(parents=True)
        (theirs / "metadata/root.json").write_bytes(self.root.read_bytes())
        url = f"{self.controller.server}/tuf"
        done = subprocess.run(["node", HERE / "tuf_client.mjs", theirs, f"{url}/metadata", f"{url}/targets",
                               "meter/1.0.0"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.controller.ca)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([file.read_bytes() for file in (theirs / "targets").iterdir()], [image])

    def test_the_engineers_are_told_what_is_missing(self):
        self.assertIn("1.root.json: signed by all that it needs", self.said)
        self.assertIn("counts for no role", self.muster("sign", self.folder, "--key", self.key("stranger"), code=1))
        self.assertIn("holds a repository already", self.muster("init", self.folder, "--root-key", self.scratch / "ann",
                                                                "--targets-key", self.token, code=4))
        self.assertIn("never overwritten", self.muster("key", self.scratch / "ann", code=4))

    def key(self, name):
        self.muster("key", self.scratch / name)
        return self.scratch / name

    def test_what_is_not_signed_as_it_must_be_is_not_served(self):
        before = self.served()
        targets = json.loads(next(self.folder.glob(f"{before['targets_version']}.targets.json")).read_text())
        targets["signed"]["version"] += 1
        with self.assertRaises(Problem) as refused:
            self.api.post("/repository", {"targets": targets})
        self.assertIn("0 of 1", refused.exception.detail)
        self.assertEqual(self.served(), before)

    def test_keys_are_rotated_and_clients_follow(self):
        client = self.follower("follows")
        self.assertEqual(client.refresh(), 0, client.said)
        self.muster("key", self.scratch / "carol")
        before = self.served()["root_version"]
        said = self.muster("rotate", self.folder, "--role", "root", "--add", self.scratch / "carol", "--key",
                           self.scratch / "ann")
        self.assertIn("1 of 2 needed keys", said)
        self.assertIn("is not signed yet", self.muster("rotate", self.folder, "--role", "online", code=4))
        self.assertIn("1 of 2 needed keys", self.muster("publish", "--repository", self.folder, code=5))
        self.muster("sign", self.folder, "--key", self.scratch / "ben")
        self.muster("publish", "--repository", self.folder)
        self.assertEqual(self.served()["root_version"], before + 1)
        self.assertEqual(client.refresh(), 0, client.said)
        self.assertEqual(client.kept()["root"], before + 1)
        self.assertTrue(self.recorded("repository.published"))

    def agent(self, id):
        agent = Agent(self.controller, self.scratch, id, self.expect(id), "--model", "meter", "--tuf-root", self.root,
                      "--ledger-key", self.controller.folder / "ledger.vkey").start()
        self.addCleanup(agent.stop)
        self.eventually(f"{id} is online", lambda: self.device(id)["online"])
        return agent

    def test_a_device_with_a_root_installs_what_is_listed_and_nothing_else(self):
        agent = self.agent("careful")
        self.roll_out("1.0.0", "careful", "done")
        self.assertEqual(agent.running(), self.image("1.0.0").read_bytes())
        # Whoever has the controller alone: a release of its own making, assigned to the device, and in the ledger.
        self.cli("release", "publish", "--model", "meter", "--version", "6.6.6", self.image("6.6.6"))
        self.roll_out("6.6.6", "careful", "halted", "reverted")
        self.assertEqual(agent.running(), self.image("1.0.0").read_bytes())
        self.assertIn("it does not know meter/6.6.6", json.dumps(self.recorded("update.failed")))

    def roll_out(self, version, id, *states):
        rollout = self.cli("rollout", "start", "--release", version, "--selector", f'id == "{id}"', "--waves", "100%",
                           "--soak", "0s", "--deadline", "60s")
        self.eventually(f"rollout of {version} is {states}",
                        lambda: self.api.get(f"/rollouts/{rollout}")["state"] in states, 60)


if __name__ == "__main__":
    unittest.main()
