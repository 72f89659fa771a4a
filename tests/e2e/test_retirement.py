"""How devices leave: real agents that wipe themselves, two operators, what is refused, and what is never called wiped."""

import base64
import hashlib
import json
import ssl
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from api import Cli, CommandFailed, Problem
from stage import BINARIES, Stage
from swtpm import Swtpm
from test_agent import Agent

SECRETS = ("data.key", "outbox.sealed", "identity.pem", "identity-next.pem", "request.json", "desired.json")


class Retirement(Stage):
    options = ("--retirement-deadline", "10m")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.post("/models", {"name": "meter"})
        cls.api.post("/models", {"name": "guarded", "second_operator": True})

    def expect_of(self, id, model):
        return self.api.post("/devices", {"id": id, "model": model})["token"]

    def agent(self, id, model="meter"):
        agent = Agent(self.controller, self.scratch, id, self.expect_of(id, model)).start()
        self.addCleanup(agent.stop)
        self.eventually(f"{id} is online", lambda: self.device(id)["online"], 60)
        return agent

    def state(self, id):
        return self.device(id)["state"]

    def ended(self, agent, within=60):
        self.eventually(f"{agent.id} has ended", lambda: agent.process.poll() is not None, within)
        self.assertEqual(agent.process.returncode, 0)
        for name in SECRETS:
            self.assertFalse((agent.state / name).exists(), name)
        self.assertEqual(agent.status()["retirement"], "ended")

    def certificate(self, id):
        """Its certificate of sanitisation, whose digest is the ledger's and whose signature holds."""
        text = self.cli.run("device", "sanitisation", id).stdout
        entry = self.recorded("sanitisation.certified", f"device/{id}")[0]
        self.assertEqual(entry["detail"]["certificate_sha256"], hashlib.sha256(text.encode()).hexdigest())
        document = json.loads(text)
        canonical = json.dumps(document["signed"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        (self.scratch / "signed").write_text(canonical)
        (self.scratch / "sig").write_bytes(base64.b64decode(document["signatures"][0]["sig"]))
        checked = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey",
                                  self.controller.folder / "release.pub", "-in", self.scratch / "signed", "-sigfile",
                                  self.scratch / "sig"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        return document["signed"]

    def operator(self, name):
        token = self.api.post("/operators", {"name": name, "role": "admin"})["token"]
        file = self.scratch / f"{name}.token"
        file.write_text(token)
        return Cli(BINARIES / "muster", self.controller.server, file, self.controller.ca)

    def test_a_device_retired_by_hand_wipes_itself_and_never_comes_back(self):
        agent = self.agent("by-hand")
        chain = (agent.state / "identity.pem").read_text()
        self.assertTrue((agent.state / "data.key").exists())
        self.assertEqual((agent.state / "data.key").stat().st_mode & 0o777, 0o600)
        self.cli("device", "retire", "by-hand", "--reason", "sold")
        self.ended(agent)
        self.eventually("it is retired", lambda: self.state("by-hand") == "retired")
        said = self.certificate("by-hand")
        self.assertEqual((said["method"], said["outcome"], said["reason"]), ("clear", "sanitised", "sold"))
        self.assertIn("no purge", said["technique"])
        # The statement inside is the device's own word, by the key that is gone now.
        device = said["device_certificate"]
        (self.scratch / "device.der").write_bytes(base64.b64decode(device))
        (self.scratch / "statement").write_text(said["statement"])
        (self.scratch / "statement.sig").write_bytes(base64.b64decode(said["statement_signature"]))
        key = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", self.scratch / "device.der", "-pubkey",
                              "-noout"], check=True, capture_output=True).stdout
        (self.scratch / "device.pub").write_bytes(key)
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.scratch / "device.pub", "-signature",
                        self.scratch / "statement.sig", self.scratch / "statement"], check=True, capture_output=True)
        # Neither by the agent, nor by a new token, nor by the certificate it had.
        agent.start()
        self.eventually("it ends at once", lambda: agent.process.poll() is not None)
        with self.assertRaises(CommandFailed):
            self.cli("device", "token", "by-hand")
        self.assertEqual(self.poll("by-hand", chain).code, 401)
        self.assertEqual(self.recorded("certificate.revoked", "device/by-hand")[0]["detail"]["reason_code"],
                         5, "cessationOfOperation")
        self.cli("ledger", "verify")

    def poll(self, id, chain, path="retirement", body=None):
        """The device's HTTPS door, with a key and its certificates in one text; an error as it came."""
        file = self.scratch / f"{id}.pair"
        file.write_text(chain)
        tls = ssl.create_default_context(cafile=self.controller.ca)
        tls.load_cert_chain(file)
        request = urllib.request.Request(f"https://localhost:{self.controller.ports['device']}/v1/devices/{id}/{path}",
                                         body and json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, context=tls) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            refused.words = refused.read().decode()
            return refused

    def test_two_operators_where_the_model_wants_them(self):
        agent = self.agent("guarded-1", "guarded")
        self.cli("device", "retire", "guarded-1", "--reason", "end of lease")
        self.assertEqual(self.state("guarded-1"), "active")
        waiting = [each for each in self.api.items("/retirements") if each["state"] == "waiting"]
        self.assertEqual(len(waiting), 1)
        id = waiting[0]["id"]
        with self.assertRaises(CommandFailed) as refused:
            self.cli("retirement", "approve", str(id))
        self.assertIn("another operator", refused.exception.stderr)
        self.assertTrue(self.recorded("retirement.approval-refused", f"retirement/{id}"))
        self.assertEqual(self.state("guarded-1"), "active")
        self.operator("ben")("retirement", "approve", str(id))
        self.ended(agent)
        self.eventually("it is retired", lambda: self.state("guarded-1") == "retired")
        said = self.certificate("guarded-1")
        self.assertEqual(said["approved_by"], "operator:ben")
        self.assertNotEqual(said["requested_by"], said["approved_by"])
        # A rejected one changes nothing.
        other = self.expect_of("guarded-2", "guarded")
        self.assertTrue(other)
        self.cli("device", "retire", "guarded-2", "--reason", "a mistake")
        id = self.api.items("/retirements")[0]["id"]
        self.cli("retirement", "reject", str(id), "--reason", "it was one")
        self.assertEqual(self.state("guarded-2"), "expected")
        self.assertIn("rejected", self.cli("retirement", "show", str(id)))

    def test_twenty_leave_together_and_one_that_never_came_goes_at_once(self):
        agents = [self.agent(f"bulk-{n}") for n in range(20)]
        self.expect_of("bulk-absent", "meter")
        began = time.monotonic()
        request = self.cli.json("device", "retire", "--selector", 'id.startsWith("bulk-")', "--reason", "moved out")
        self.assertEqual(request["devices"], 21)
        self.assertEqual(self.state("bulk-absent"), "retired")
        for agent in agents:
            self.ended(agent, 120)
        now = self.eventually("all are retired", lambda: (r := self.api.get(f"/retirements/{request['id']}"))["state"]
                              == "done" and r, 60)
        print(f"\n20 agents wiped and certified in {time.monotonic() - began:.1f} s", flush=True)
        self.assertEqual((now["steps"]["sanitised"], now["steps"]["nothing-to-wipe"]), (20, 1))
        for agent in agents:
            self.certificate(agent.id)
        self.cli("ledger", "verify")

    def by_hand(self, id):
        """A device that a person plays: its key and certificates, retiring, and its order."""
        agent = self.agent(id)
        agent.stop()
        agent.log = open(self.scratch / f"{id}.log", "ab")
        chain = (agent.state / "identity.pem").read_text()
        self.cli("device", "retire", id, "--reason", "sold")
        return agent, chain, self.poll(id, chain)["signed"]

    def signed(self, id, chain, statement):
        text = statement if isinstance(statement, str) else json.dumps(statement)
        (self.scratch / f"{id}.key").write_text(chain)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.scratch / f"{id}.key"],
                                   input=text.encode(), check=True, capture_output=True).stdout
        return {"statement": text, "signature": base64.b64encode(signature).decode()}

    def statement(self, given, **other):
        return {"_type": "muster-sanitisation-statement", "device": given["device"], "order": given["order"],
                "nonce": given["nonce"], "method": "purge", "technique": "by hand", "tool": "python", "version": "3",
                "keys": [], "wiped": [], "at": "2027-01-01T00:00:00.000Z", **other}

    def test_a_forged_or_replayed_statement_is_refused_and_recorded(self):
        _, chain, order = self.by_hand("forger")
        _, other_chain, other = self.by_hand("neighbour")
        right = self.signed("forger", chain, self.statement(order))
        for words, body in (
                ("not signed", {**right, "statement": right["statement"].replace("purge", "clear")}),
                ("not signed", self.signed("neighbour", other_chain, self.statement(order))),
                ("nonce", self.signed("forger", chain, self.statement(order, nonce="00" * 32))),
                ("the one that holds", self.signed("forger", chain, self.statement(order, order=1))),
                ("about neighbour", self.signed("forger", chain, self.statement(other)))):
            refused = self.poll("forger", chain, body=body)
            self.assertIn(getattr(refused, "code", 200), (400, 401, 409), words)
            self.assertIn(words, refused.words)
            self.assertEqual(self.state("forger"), "retiring")
        self.assertGreaterEqual(len(self.recorded("sanitisation.refused", "device/forger")), 4)
        refused = self.poll("forger", other_chain, body=right)
        self.assertEqual(refused.code, 403, "another's certificate on its path")
        self.assertEqual(self.poll("forger", chain, "updates"), {}, "nothing else is offered to it")
        self.assertEqual(self.poll("forger", chain, body=right), {"state": "retired"})
        self.assertEqual(self.poll("forger", chain, body=right), {"state": "retired"}, "the answer was lost")
        self.assertEqual(self.poll("neighbour", other_chain, body=right).code, 401, "another's, replayed")
        self.assertEqual(self.certificate("forger")["method"], "purge")
        self.assertEqual(self.state("neighbour"), "retiring")

    def test_an_agent_refuses_an_order_by_a_key_it_does_not_trust_and_says_so(self):
        agent = self.agent("careful")
        agent.stop()
        agent.log = open(self.scratch / "careful.log", "ab")
        agent.command[agent.command.index("--release-key") + 1] = self.foreign_key()
        agent.start()
        self.cli("device", "retire", "careful", "--reason", "sold")
        refused = self.eventually("it says so", lambda: self.recorded("retirement.order-refused", "device/careful"), 60)
        self.assertIn("not signed by a key this device trusts", refused[0]["reason"])
        self.assertTrue((agent.state / "data.key").exists())
        self.assertEqual(self.state("careful"), "retiring")

    def foreign_key(self):
        key, public = self.scratch / "foreign.key", self.scratch / "foreign.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
        return public

    def test_kill_9_of_the_agent_between_the_steps_of_its_wipe(self):
        go = self.scratch / "go-on"
        agent = self.agent("cut-short")
        agent.stop()
        agent.log = open(self.scratch / "cut-short.log", "ab")
        agent.command += ["--wipe-command", f"test -e {go}", "--wipe-technique", "ATA SANITIZE", "--wipe-method", "purge"]
        agent.start()
        self.cli("device", "retire", "cut-short", "--reason", "sold")
        self.eventually("its data key is gone", lambda: not (agent.state / "data.key").exists(), 60)
        agent.kill()
        self.assertEqual(agent.status()["retirement"], "ordered")
        self.assertTrue((agent.state / "identity.pem").exists(), "it can still sign")
        self.assertEqual(self.state("cut-short"), "retiring")
        agent.start()
        go.touch()
        # At each step that it is seen to have reached: they may follow each other faster than we look.
        seen = "ordered"
        while seen != "ended":
            was = seen
            seen = self.eventually(f"it gets further than {was}",
                                   lambda: (now := (agent.status() or {}).get("retirement", was)) != was and now, 60)
            if agent.process.poll() is None:
                agent.kill()
                agent.start()
        self.ended(agent)
        self.eventually("it is retired", lambda: self.state("cut-short") == "retired")
        self.assertEqual(self.certificate("cut-short")["method"], "purge")


    def test_an_agent_with_a_tpm_evicts_its_keys_and_that_tpm_never_enrols_again(self):
        tpm = Swtpm(self.scratch / "chip.tpm").start()
        self.addCleanup(tpm.stop)
        endorsement = tpm.endorsement_sha256()
        self.api.post("/devices", {"id": "chip", "model": "meter", "ek_sha256": endorsement})
        agent = Agent(self.controller, self.scratch, "chip", "", "--key-store", f"tpm:{tpm.tcti}").start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("chip")["online"], 60)
        self.assertIn("0x81008F", tpm.tool("getcap", "handles-persistent"))
        self.cli("device", "retire", "chip", "--reason", "sold")
        self.ended(agent)
        self.eventually("it is retired", lambda: self.state("chip") == "retired")
        self.assertNotIn("0x81008F", tpm.tool("getcap", "handles-persistent"))
        for body in ({"id": "chip-2", "model": "meter", "ek_sha256": endorsement},):
            with self.assertRaises(Problem) as refused:
                self.api.post("/devices", body)
            self.assertEqual(refused.exception.status, 409)
        with self.assertRaises(Problem):
            self.api.post("/devices/chip/tpm", {"ek_sha256": endorsement})


class Restarted(Stage):
    """musterd is killed between the steps, and no deadline is forgotten."""

    long = True

    options = ("--retirement-deadline", "10m")

    def test_kill_9_of_the_controller_between_the_steps(self):
        self.api.post("/models", {"name": "meter", "second_operator": True})
        token = self.api.post("/operators", {"name": "ben", "role": "admin"})["token"]
        agents = [Agent(self.controller, self.scratch, id, self.expect(id)).start()
                  for id in ("stays-1", "stays-2")]
        for agent in agents:
            self.addCleanup(agent.stop)
            self.eventually(f"{agent.id} is online", lambda a=agent: self.device(a.id)["online"], 60)
        agents[1].kill()
        request = self.api.post("/retirements", {"devices": ["stays-1", "stays-2"], "reason": "sold",
                                                 "deadline_s": 25})
        self.restart()
        self.assertEqual(self.api.get(f"/retirements/{request['id']}")["state"], "waiting")
        ben = self.controller.client(token)
        ben.post(f"/retirements/{request['id']}/approve")
        self.restart()
        self.assertIn(self.device("stays-2")["state"], ("retiring",))
        self.eventually("the first is retired", lambda: self.device("stays-1")["state"] == "retired", 60)
        self.restart()
        certificate = self.api.get("/devices/stays-1/sanitisation")
        self.assertEqual(certificate["signed"]["method"], "clear")
        self.eventually("the other is given up", lambda: self.device("stays-2")["state"] == "revoked-unsanitised", 60)
        self.restart()
        agents[1].start()  # too late: it is not let in any more
        self.eventually("it is refused", lambda: self.recorded("certificate.refused", "device/stays-2"), 60)
        self.assertEqual(self.device("stays-2")["state"], "revoked-unsanitised")
        with self.assertRaises(Problem):
            self.api.get("/devices/stays-2/sanitisation")
        with self.assertRaises(Problem):
            self.api.post("/devices/stays-2/token")
        self.cli("device", "destroyed", "stays-2", "--evidence", "shredded to 2 mm, Recycler Ltd, protocol 77")
        self.assertEqual(self.device("stays-2")["state"], "retired")
        document = json.loads(self.cli("device", "sanitisation", "stays-2"))["signed"]
        self.assertEqual((document["method"], document["outcome"]), ("destroy", "destroyed"))
        self.cli("ledger", "verify")

    def restart(self):
        self.controller.restart()
        type(self).api, type(self).cli = self.controller.api, self.controller.cli


if __name__ == "__main__":
    unittest.main()
