"""What every end-to-end test stands on: a controller of its own on an empty folder and free ports, and waiting for
events by looking, never by sleeping through."""

import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "apps/demo"))  # the demo's own view of a controller, a maker and a swarm

from controller import Controller  # noqa: E402
from maker import Maker  # noqa: E402
from readings import Readings  # noqa: E402
from swarm import Swarm  # noqa: E402

BINARIES = pathlib.Path(os.environ.get("MUSTER_BIN") or ROOT / "build/release/bin")
METRICS = tuple(Readings(None).metric_options())


class Stage(unittest.TestCase):
    """Each class has a controller; `options` are its own."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="muster-e2e-"))
        cls.addClassCleanup(cls.leave)
        cls.controller = Controller(BINARIES, cls.scratch / "data", *cls.options).start()
        cls.api, cls.cli = cls.controller.api, cls.controller.cli

    @classmethod
    def leave(cls):
        code = cls.controller.stop() if hasattr(cls, "controller") else 0
        said = (cls.scratch / "data.log").read_text(errors="replace")
        shutil.rmtree(cls.scratch)
        if code:
            raise AssertionError(f"musterd ended with {code}; its last words:\n{said[-2000:]}")

    @staticmethod
    def eventually(wanted, look, within=60):
        """The first true answer of look(), which is asked until then."""
        deadline, last = time.monotonic() + within, None
        while time.monotonic() < deadline:
            last = look()
            if last:
                return last
            time.sleep(0.05)
        raise AssertionError(f"not within {within} s: {wanted}; last seen: {last!r}")

    def counted(self, name, by=1):
        """Within the block the counter rises by at least `by`."""
        return Counted(self, name, by)

    def recorded(self, action, target=None, since=0):
        """Ledger entries of the action."""
        return [entry for entry in self.api.items(f"/ledger/entries?from={since}")
                if entry["action"] == action and target in (None, entry["target"])]

    def ledger_size(self):
        return self.api.get("/ledger/checkpoint")["size"]

    def expect(self, id, model="meter", **more):
        """The one-time token of a device that is expected from now on."""
        return self.api.post("/devices", {"id": id, "model": model, **more})["token"]

    def device(self, id):
        return self.api.get(f"/devices/{id}")

    @classmethod
    def start_swarm(cls, count, *options, meanwhile=lambda: None):
        """Meters that are imported, enrolled and online; they end with the class. meanwhile() is called at each look."""
        maker = Maker(cls.scratch)
        cls.cli("manifest", "trust", "maker", maker.public_key)
        tokens = maker.devices(count)
        file, signature = maker.sign(maker.manifest(tokens))
        cls.cli("manifest", "import", file, "--signature", signature)
        folder = cls.controller.folder
        swarm = Swarm(BINARIES, cls.scratch / "swarm.log", "--server", "localhost", "--ports", folder / "ports.json",
                      "--ca", folder / "ca.pem", "--release-key", folder / "release.pub", "--tokens",
                      maker.token_file(tokens), "--state", "memory", "--interval", "1s", "--seed", 3, *options)
        cls.addClassCleanup(swarm.stop)
        def online():
            meanwhile()
            return cls.api.get("/fleet")["devices"]["online"] == count
        cls.eventually(f"{count} devices are online", online, 60)
        return swarm, maker

    def publish(self, maker, version):
        return self.cli("release", "publish", "--model", maker.model, "--version", version, maker.firmware(version))

    def firmware(self):
        return {each["firmware"]: each["count"] for each in self.api.get("/fleet")["by_firmware"]}


class Counted:
    def __init__(self, test, name, by):
        self.test, self.name, self.by = test, name, by

    def __enter__(self):
        self.before = self.test.api.metrics()[self.name]

    def __exit__(self, error, *_):
        if error is None:
            self.test.eventually(f"{self.name} rises by {self.by} from {self.before}",
                                 lambda: self.test.api.metrics()[self.name] >= self.before + self.by, 5)
