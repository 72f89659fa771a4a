"""Keys in a token: the controller's, the signer's, a device's and a publisher's, none of them in a file."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from device import Device
from maker import Maker
from softhsm import PIN, SoftHsm
from stage import BINARIES, METRICS, Stage
from test_agent import Agent


def processes(called, parent=None):
    """Ids of the processes that are called so."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
                          if ":\t" in line)
        except OSError:
            continue
        if status.get("Name") == called and parent in (None, int(status["PPid"])) and status["State"][0] != "Z":
            found.append(int(process.name))
    return found


def seccomp(process):
    return [line.split()[1] for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
            if line.startswith("Seccomp:")]


class Pkcs11(Stage):
    @classmethod
    def setUpClass(cls):
        cls.safe = pathlib.Path(tempfile.mkdtemp(prefix="muster-hsm-"))
        cls.hsm = SoftHsm(cls.safe)
        cls.addClassCleanup(cls.lock_up)
        for token in ("server", "device", "maker"):
            cls.hsm.add(token)
        cls.options = [word for key in ("issuing", "ledger", "release")
                       for word in (f"--{key}-key", cls.hsm.uri("server", key))]
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)

    @classmethod
    def lock_up(cls):
        cls.hsm.put_away()
        shutil.rmtree(cls.safe)

    def agent(self, id, *options, token=None):
        agent = Agent(self.controller, self.scratch, id, self.expect(id) if token is None else token, "--key-store",
                      self.hsm.uri("device"), *options).start()
        self.addCleanup(agent.stop)
        self.eventually(f"{id} is online", lambda: self.device(id)["online"], 30)
        return agent

    def assert_no_private_key(self, folder, but=()):
        for file in pathlib.Path(folder).rglob("*"):
            if file.is_file() and file.name not in but:
                self.assertNotIn(b"PRIVATE KEY", file.read_bytes(), file)

    def keys_of(self, id):
        return [key for label, key in self.hsm.private_keys("device") if label == f"muster-agent {id}"]

    def test_no_private_key_but_the_doors_and_the_root_is_in_a_file(self):
        self.assertEqual(sorted(label for label, _ in self.hsm.private_keys("server")), ["issuing", "ledger", "release"])
        self.assert_no_private_key(self.controller.folder, but=("server.key", "root.key"))
        self.cli("ledger", "verify")

    def test_the_processes_with_the_tokens_are_confined_and_the_signer_as_before(self):
        ours = processes("muster-token", self.controller.process.pid)
        self.assertEqual(len(ours), 2, "the ledger's and the release key's")
        (signer,) = [each for each in processes("muster-signer")
                     if str(self.controller.folder).encode() in pathlib.Path(f"/proc/{each}/cmdline").read_bytes()]
        (its,) = processes("muster-token", signer)
        for each in [*ours, signer, its]:
            self.assertEqual(seccomp(each), ["2"])
        for words in (pathlib.Path(f"/proc/{each}/cmdline").read_bytes() for each in (signer, its, *ours)):
            self.assertNotIn(PIN.encode(), words)
        libraries = pathlib.Path(f"/proc/{signer}/maps").read_text()
        self.assertNotIn("softhsm", libraries, "the module is in the token's process alone")

    def test_a_device_with_its_key_in_a_token_lives_its_whole_life(self):
        agent = self.agent("safe")
        self.assertEqual(self.device("safe")["state"], "active")
        self.eventually("it says where its key is", lambda: self.device("safe")["key_protection"] == "pkcs11")
        self.assertEqual(self.device("safe")["concerns"], ["only its own word says that its key is in a token"])
        self.assert_no_private_key(agent.state)
        (first,) = self.keys_of("safe")

        maker = Maker(self.scratch)
        release = self.publish(maker, "1.1.0")
        rollout = self.cli("rollout", "start", "--release", release, "--selector", 'id == "safe"', "--waves", "100%",
                           "--soak", "1s", "--deadline", "60s")
        self.eventually("it is updated", lambda: self.api.get(f"/rollouts/{rollout}")["state"] == "done", 60)
        self.assertEqual(self.device("safe")["firmware"], "1.1.0")

        serial = self.device("safe")["certificate"]["serial"]
        agent.kill()
        self.eventually("it is gone", lambda: not self.device("safe")["online"], 30)
        agent.start()
        self.eventually("it is itself again", lambda: self.device("safe")["online"], 30)
        self.assertEqual(self.device("safe")["certificate"]["serial"], serial)
        self.assertEqual(self.keys_of("safe"), [first])

    def test_a_release_is_signed_by_a_key_in_the_publishers_token(self):
        self.hsm.tool("maker", "--keypairgen", "--key-type", "EC:prime256v1", "--label", "release", "--id", "07")
        public = self.scratch / "maker.der"
        self.hsm.tool("maker", "--read-object", "--type", "pubkey", "--id", "07", "-o", public)
        pem = subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-in", public], check=True,
                             capture_output=True, text=True).stdout
        file = self.scratch / "maker.pub"
        file.write_text(pem)
        self.cli("release", "trust", "maker-token", file)
        firmware = Maker(self.scratch).firmware("7.0.0")
        release = self.cli("release", "publish", "--model", "meter", "--version", "7.0.0", "--sequence", 70, "--key",
                           self.hsm.uri("maker", "release"), firmware)
        published = [each for each in self.api.items("/releases") if each["id"] == release.strip()]
        self.assertEqual(published[0]["signed_by"], [hashlib.sha256(public.read_bytes()).hexdigest()])

    def test_the_signer_comes_back_with_its_token(self):
        for victim in ("muster-token", "muster-signer"):
            (signer,) = [each for each in processes("muster-signer")
                         if str(self.controller.folder).encode() in pathlib.Path(f"/proc/{each}/cmdline").read_bytes()]
            (its,) = processes("muster-token", signer)
            os.kill(its if victim == "muster-token" else signer, signal.SIGKILL)
            self.eventually(f"the signer ended with its {victim}",
                            lambda: not processes("muster-token", signer) and signer not in processes("muster-signer"))
            self.agent(f"after-{victim}")

    def test_the_controller_is_the_same_after_its_restart(self):
        size = self.ledger_size()
        self.controller.restart()
        type(self).api, type(self).cli = self.controller.api, self.controller.cli
        self.assertGreaterEqual(self.ledger_size(), size)
        self.cli("ledger", "verify")


class Renewal(Stage):
    """Certificates so short that they are renewed while we look."""

    options = ("--certificate-life", "170s")

    def test_a_renewed_device_has_a_new_key_and_its_old_one_is_gone(self):
        safe = pathlib.Path(tempfile.mkdtemp(prefix="muster-hsm-"))
        hsm = SoftHsm(safe)
        self.addCleanup(shutil.rmtree, safe)
        self.addCleanup(hsm.put_away)
        hsm.add("device")
        self.api.post("/models", {"name": "meter"})
        agent = Agent(self.controller, self.scratch, "young", self.expect("young"), "--key-store",
                      hsm.uri("device")).start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("young")["online"], 30)
        (first,) = hsm.private_keys("device")
        serial = self.device("young")["certificate"]["serial"]
        self.eventually("it has renewed", lambda: self.device("young")["certificate"]["serial"] != serial, 60)
        self.eventually("the new key is the only one",
                        lambda: len(keys := hsm.private_keys("device")) == 1 and keys != [first], 30)
        self.eventually("it is online with it", lambda: self.device("young")["online"], 30)


class TokenAway(Stage):
    """The issuing key alone in a token, which is taken out while all of it runs."""

    @classmethod
    def setUpClass(cls):
        cls.safe = pathlib.Path(tempfile.mkdtemp(prefix="muster-hsm-"))
        cls.hsm = SoftHsm(cls.safe)
        cls.addClassCleanup(shutil.rmtree, cls.safe)
        cls.addClassCleanup(cls.hsm.put_away)
        cls.hsm.add("server")
        cls.options = ("--issuing-key", cls.hsm.uri("server", "issuing"))
        super().setUpClass()
        cls.api.post("/models", {"name": "meter"})

    def test_while_the_token_is_away_nobody_is_enrolled_and_one_time_tokens_stay_good(self):
        device, token = Device(self.controller, self.scratch, "patient"), self.expect("patient")
        away = self.safe / "drawer"
        self.hsm.tokens.rename(away)
        self.hsm.tokens.mkdir()
        refused = device.ask(token)
        self.assertEqual(refused.status, 503, refused.body)
        self.assertEqual(self.device("patient")["state"], "expected")
        self.hsm.tokens.rmdir()
        away.rename(self.hsm.tokens)
        device.enrol(token)
        self.assertEqual(self.device("patient")["state"], "active")


class Refusals(unittest.TestCase):
    """What does not start, and what it says."""

    def setUp(self):
        self.safe = pathlib.Path(tempfile.mkdtemp(prefix="muster-hsm-"))
        self.addCleanup(shutil.rmtree, self.safe)
        self.hsm = SoftHsm(self.safe)
        self.addCleanup(self.hsm.put_away)
        self.hsm.add("server")

    def said(self, program, *words):
        done = subprocess.run([BINARIES / program, *map(str, words)], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertNotIn(PIN, done.stdout + done.stderr)
        return done.stderr

    def signer(self, uri):
        return self.said("muster-signer", "init", "--folder", self.safe / "signer", "--issuing-key", uri)

    def musterd(self, *words):
        return self.said("musterd", "--data", self.safe / "data", "--operator-port", 0, "--mqtt-port", 0,
                         "--device-port", 0, "--enrol-port", 0, *words)

    def test_a_wrong_pin(self):
        self.hsm.write_pin("0000-wrong")
        for said in (self.signer(self.hsm.uri("server", "issuing")),
                     self.musterd("--ledger-key", self.hsm.uri("server", "ledger"))):
            self.assertIn('token "server" refuses the PIN', said)
            self.assertNotIn("0000-wrong", said)

    def test_a_wrong_pin_is_tried_once(self):
        self.hsm.write_pin("0000-wrong")
        said = self.musterd("--issuing-key", self.hsm.uri("server", "issuing"))
        self.assertEqual(said.count("nothing is signed"), 1, said)
        self.assertIn('refuses the PIN', said)
        done = subprocess.run([BINARIES / "musterd", "--data", self.safe / "other", "--ledger-key",
                               self.hsm.uri("server", "ledger")], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 5, "a service is not to start it again")

    def test_a_pin_in_the_uri(self):
        uri = self.hsm.uri("server", "ledger").split("?")[0] + f"?pin-value={PIN}"
        self.assertIn("a PIN does not belong in a URI", self.musterd("--ledger-key", uri))
        self.assertIn("a PIN does not belong in a URI", self.signer(uri))

    def test_a_missing_token(self):
        for said in (self.signer(self.hsm.uri("drawer", "issuing")),
                     self.musterd("--release-key", self.hsm.uri("drawer", "release")),
                     self.said("muster-agent", "--id", "m", "--state", self.safe / "state", "--key-store",
                               self.hsm.uri("drawer"), *self.provision())):
            self.assertIn("no token is what pkcs11:token=drawer", said)
            self.assertIn('"server"', said, "it says which there are")

    def provision(self):
        """A controller to believe in, which is never reached."""
        key, ca, public = (self.safe / name for name in ("key", "ca.pem", "release.pub"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", ca, "-subj", "/CN=root", "-days", "2"], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
        return ["--server", "localhost", "--ca", ca, "--release-key", public]

    def test_a_file_beside_the_token(self):
        subprocess.run([BINARIES / "muster-signer", "init", "--folder", self.safe / "signer"], check=True,
                       capture_output=True)
        self.assertIn("issuing.key is still there", self.signer(self.hsm.uri("server", "issuing")))

    def test_a_token_that_lost_the_issuing_key(self):
        uri = self.hsm.uri("server", "issuing")
        subprocess.run([BINARIES / "muster-signer", "init", "--folder", self.safe / "signer", "--issuing-key", uri],
                       check=True, capture_output=True)
        self.hsm.tool("server", "--delete-object", "--type", "privkey", "--label", "issuing")
        self.assertIn('has no private key "issuing"', self.signer(uri))

    def test_a_ledger_key_that_checkpoints_do_not_have(self):
        self.hsm.tool("server", "--keypairgen", "--key-type", "EC:prime256v1", "--label", "ledger", "--id", "01")
        self.assertIn("checkpoints are signed by Ed25519",
                      self.musterd("--ledger-key", self.hsm.uri("server", "ledger")))


if __name__ == "__main__":
    unittest.main()
