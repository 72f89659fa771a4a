"""A disk that is full while certificates are issued: nothing leaves that is not in both logs, and as soon as there is
room everybody has what they asked for, without a hand on any file.

A limit on the size of files, set on the running process, does what a full disk does, to this process alone."""

import base64
import resource
import subprocess
import unittest

from device import Device
from stage import BINARIES, METRICS, Stage
from test_agent import Agent
from test_signer import log_of, signers_of

PROGRAM = BINARIES / "muster-signer"
UNLIMITED = resource.RLIM_INFINITY


def limit_files(process, octets):
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (octets, most))


class DiskFull(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.folder = cls.controller.folder / "signer"

    def both_logs_agree(self):
        said = subprocess.run([PROGRAM, "log", "verify", "--folder", self.folder], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("not whole", said.stdout)
        logged = lambda: {serial for kind, serial in log_of(self.folder) if kind == "device"}
        filed = lambda: {entry["detail"]["serial"] for action in ("certificate.issued", "certificate.withdrawn")
                         for entry in self.recorded(action)}
        self.eventually("the ledger and the signer's log tell the same", lambda: filed() == logged(), 90)

    def test_the_signers_log_cannot_grow(self):
        before = Device(self.controller, self.scratch, "before-1").enrol(self.expect("before-1"))
        (signer,) = signers_of(self.folder)
        logged = log_of(self.folder)
        limit_files(signer, (self.folder / "issuance.log").stat().st_size + 100)  # room for a part of a record

        device = Device(self.controller, self.scratch, "full-1")
        token, request = self.expect("full-1"), device.request()
        for _ in range(3):
            refused = device.curl("/.well-known/est/simpleenroll", "-D", device.folder / "head", "-u",
                                  f"full-1:{token}", body=request)
            self.assertEqual(refused.status, 503, refused.body)
            self.assertIn("retry-after:", (device.folder / "head").read_text().lower())
        self.assertEqual(self.renewal(before).status, 503)
        agent = Agent(self.controller, self.scratch, "full-2", self.expect("full-2"))
        self.addCleanup(agent.stop)
        agent.start()
        self.assertEqual(log_of(self.folder), logged)
        self.assertEqual(self.device("full-1")["state"], "expected")
        self.assertIn("nothing is signed until its log can be written", self.said())

        limit_files(signer, UNLIMITED)
        first = device.ask(token, request)
        self.assertEqual(device.ask(token, request), first)
        device.keep(first)
        self.assertEqual(self.device("full-1")["state"], "active")
        self.assertEqual(self.renewal(before).status, 200)
        self.eventually("the agent is online", lambda: self.device("full-2")["online"])
        self.assertEqual(signers_of(self.folder), [signer])  # it never had to end
        self.both_logs_agree()

    def test_the_controllers_store_cannot_commit(self):
        for round in range(3):
            device = Device(self.controller, self.scratch, f"store-{round}")
            token, request = self.expect(f"store-{round}"), device.request()
            process = self.controller.process
            limit_files(process.pid, 4096)  # less than one page of its journal takes
            try:
                refused = device.ask(token, request)
                self.assertEqual(refused.status, 503, refused.body)
            except AssertionError as gone:  # or the door went with the program before it said so
                self.assertRegex(str(gone), "curl|503")
            self.assertEqual(process.wait(20), 1)  # for its supervisor to start again
            process.stdout.close()
            self.controller.start()
            type(self).api, type(self).cli = self.controller.api, self.controller.cli
            self.assertEqual(self.device(f"store-{round}")["state"], "expected")
            first = device.ask(token, request)
            self.assertEqual(device.ask(token, request), first)
            device.keep(first)
            self.assertEqual(self.device(f"store-{round}")["state"], "active")
        self.both_logs_agree()

    def renewal(self, device):
        """What it is told, with a new key each time, which it does not keep."""
        key, der = device.folder / "next.pem", device.folder / "next.der"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-subj", f"/CN={device.id}", "-outform", "DER", "-out", der], check=True,
                       capture_output=True)
        return device.renew(base64.b64encode(der.read_bytes()).decode())

    def said(self):
        return (self.scratch / "data.log").read_text(errors="replace")


if __name__ == "__main__":
    unittest.main()
