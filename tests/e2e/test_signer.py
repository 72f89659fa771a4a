"""The issuing key in a process of its own: killed at any moment it loses nothing, and what it signed is what is filed."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from device import Device
from stage import BINARIES, METRICS, Stage

METERS = 40
PROGRAM = BINARIES / "muster-signer"


def signers_of(folder):
    """Process ids of the signers that serve this folder."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if process.name.isdigit() and b"serve" in words and str(folder).encode() in words:
            found.append(int(process.name))
    return found


def log_of(folder):
    """The issuance log, as (template, serial)."""
    said = subprocess.run([PROGRAM, "log", "list", "--folder", folder], capture_output=True, text=True, check=True)
    return [(fields[2], fields[3]) for fields in (line.split("\t") for line in said.stdout.splitlines())]


class Signer(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.controller.folder / "signer"

    def test_the_controller_does_not_have_the_key(self):
        keys = {file.name for file in (self.controller.folder / "keys").iterdir()}
        self.assertNotIn("issuing.key", keys)
        self.assertEqual((self.folder / "keys/issuing.key").stat().st_mode & 0o777, 0o600)

    def test_it_is_confined(self):
        Device(self.controller, self.scratch, "confined-1").enrol(self.expect("confined-1"))
        (signer,) = signers_of(self.folder)
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{signer}/status").read_text().splitlines()
                      if ":\t" in line)
        self.assertEqual(status["Seccomp"].strip(), "2")
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        sockets = [os.readlink(link) for link in pathlib.Path(f"/proc/{signer}/fd").iterdir()]
        self.assertEqual(sum(name.startswith("socket:") for name in sockets), 1, sockets)

    def test_killed_again_and_again_it_keeps_no_device_out(self):
        self.cli("model", "put", "meter", "--interval", 1, *METRICS)
        kills = iter(range(10))

        def kill():
            for signer in signers_of(self.folder) if next(kills, None) is not None else ():
                os.kill(signer, signal.SIGKILL)

        self.start_swarm(METERS, meanwhile=kill)
        said = subprocess.run([PROGRAM, "log", "verify", "--folder", self.folder], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.eventually("the ledger and the signer's log tell the same",
                        lambda: self.filed() == {serial for kind, serial in log_of(self.folder) if kind == "device"}, 90)

    def filed(self):
        return {entry["detail"]["serial"] for action in ("certificate.issued", "certificate.withdrawn")
                for entry in self.recorded(action)}


class SignerOfItsOwn(Stage):
    """A signer that runs by itself, as a service would, reached by its socket."""

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="muster-signer-"))
        cls.socket = cls.place / "signer.sock"
        cls.options = ("--signer", str(cls.socket))
        subprocess.run([PROGRAM, "init", "--folder", cls.place / "folder"], check=True, capture_output=True)
        cls.start_signer()
        cls.addClassCleanup(cls.end)
        super().setUpClass()

    @classmethod
    def start_signer(cls, *more):
        names = [word for name in ("localhost", "127.0.0.1", "::1", os.uname().nodename)
                 for word in ("--server-name", name)]
        cls.signer = subprocess.Popen([PROGRAM, "serve", "--folder", cls.place / "folder", "--socket", cls.socket,
                                       *names, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert cls.signer.stdout.readline() == b"ready\n"

    @classmethod
    def end_signer(cls):
        cls.signer.terminate()
        cls.signer.wait(10)
        cls.signer.stdout.close()

    @classmethod
    def end(cls):
        cls.end_signer()
        shutil.rmtree(cls.place)

    def test_while_it_is_away_nobody_is_enrolled_and_the_token_stays_good(self):
        device = Device(self.controller, self.scratch, "away-1")
        token = self.expect("away-1")
        self.end_signer()
        refused = device.ask(token)
        self.assertEqual(refused.status, 503, refused.body)
        self.assertEqual(self.device("away-1")["state"], "expected")
        self.start_signer()
        device.enrol(token)
        self.assertEqual(self.device("away-1")["state"], "active")

    def test_what_its_templates_do_not_allow_is_not_signed(self):
        self.end_signer()
        self.start_signer("--without", "device")
        device = Device(self.controller, self.scratch, "without-1")
        token = self.expect("without-1")
        refused = device.ask(token)
        self.assertEqual(refused.status, 403, refused.body)
        self.assertIn("template", refused.body)
        self.end_signer()
        self.start_signer()
        device.enrol(token)


if __name__ == "__main__":
    unittest.main()
