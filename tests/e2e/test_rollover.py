"""One CA takes another's place while the fleet works: nobody is locked out, whatever is killed, and it does not end
while a device depends on the old one."""

import base64
import os
import shutil
import signal
import subprocess
import unittest

from api import Api, Problem
from device import Device
from maker import openssl
from stage import BINARIES, METRICS, Stage
from test_agent import Agent
from test_signer import log_of, signers_of

WHY = {"reason": "ten years are over"}
STATE = "/ca/rollover"


class Rolling(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)
        cls.old_ca = cls.scratch / "old-ca.pem"  # what the devices were provisioned with
        shutil.copy(cls.controller.ca, cls.old_ca)

    def state(self):
        return self.controller.api.get(STATE)

    def phase(self, wanted):
        return self.eventually(f"the phase is {wanted}", lambda: self.state()["phase"] == wanted and self.state(), 30)

    def order(self, step, **more):
        return self.controller.api.post(f"{STATE}/{step}", {**WHY, **more})

    def kill_both(self):
        """As a power cut would; both are started again."""
        for process in signers_of(self.controller.folder / "signer"):
            os.kill(process, signal.SIGKILL)
        self.controller.restart()

    def certificates(self):
        """The CA's certificates as files, by role and, of cross-certificates, by name."""
        files = {}
        for each in self.controller.api.items("/ca"):
            role = "cross " + each["name"] if each["role"] == "cross" else each["role"]
            files[role] = self.scratch / (role.replace(" ", "-") + ".pem")
            files[role].write_text(each["pem"])
        return files

    def agent(self, id):
        agent = Agent(self.controller, self.scratch, id, self.expect(id))
        agent.command[agent.command.index("--ca") + 1] = self.old_ca
        self.addCleanup(agent.stop)
        return agent.start()

    def online(self, id):
        self.eventually(f"{id} is online", lambda: self.controller.api.get(f"/devices/{id}")["online"], 40)

    def curl_device(self, id):
        device = Device(self.controller, self.scratch, id)
        return device.enrol(self.controller.api.post("/devices", {"id": id, "model": "meter"})["token"])

    def fetch(self, device, *options):
        """EST cacerts, under the device's certificate; how many certificates there are."""
        reply = device.curl("/.well-known/est/cacerts", "--cert", device.certificate, "--key", device.key, *options)
        self.assertEqual(reply.status, 200)
        cms = device.folder / "cacerts.p7"
        cms.write_bytes(base64.b64decode(reply.body))
        return openssl("pkcs7", "-inform", "DER", "-in", cms, "-print_certs").count("BEGIN CERTIFICATE")

    def greets(self, ca, device=None, door="enrol"):
        """Whether a client that knows only `ca` gets an answer."""
        files = ["--cert", device.certificate, "--key", device.key] if device else []
        path = "/.well-known/est/csrattrs" if door == "enrol" else f"/v1/devices/{device.id}/updates"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", ca, *files, "-o", os.devnull, "-w",
                               "%{http_code}", f"https://localhost:{self.controller.ports[door]}{path}"],
                              capture_output=True, text=True)
        return done.returncode == 0 and done.stdout == "200"

    def renewed(self, device):
        device.new_key_file = device.folder / "next.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", device.new_key_file)
        der = device.folder / "next.der"
        openssl("req", "-new", "-key", device.new_key_file, "-subj", f"/CN={device.id}", "-outform", "DER", "-out", der)
        reply = device.renew(base64.b64encode(der.read_bytes()).decode())
        shutil.copy(device.new_key_file, device.key)
        return device.keep(reply)


class Rollover(Rolling):
    long = True

    def test_the_fleet_goes_over_to_a_new_ca_and_nobody_is_locked_out(self):
        self.prepare()
        self.begin()
        self.strangers_verify_the_new_ca()
        self.switch()
        self.both_cas_answer_for_what_they_issued()
        self.finishing_is_refused_until_all_are_over()
        self.finish()
        self.the_old_ca_counts_no_more()

    def prepare(self):
        self.here, self.away = self.agent("meter-1"), self.agent("meter-2")
        self.online("meter-1")
        self.online("meter-2")
        self.away.kill()
        self.curl = self.curl_device("curl-1")
        self.assertTrue(self.greets(self.old_ca, self.curl, "device"))

    def begin(self):
        self.order("begin")
        self.kill_both()
        self.phase("distributing")
        self.kill_both()
        self.online("meter-1")
        state = self.eventually("meter-1 has the new root",
                                lambda: self.state()["anchor_reported"] == 1 and self.state(), 40)
        self.assertEqual((state["devices"], state["anchor_missing"]), (3, 2))
        self.assertEqual(sorted(state["waiting_for"]), ["curl-1", "meter-2"])
        self.assertEqual(self.fetch(self.curl), 6)
        self.eventually("curl-1 has fetched it", lambda: self.state()["anchor_fetched"] == 1)
        metrics = self.controller.api.metrics()
        self.assertEqual(metrics['muster_ca_rollover_devices{anchor="missing"}'], 1)
        self.assertEqual(metrics['muster_ca_rollover_devices{anchor="new"}'], 2)

    def strangers_verify_the_new_ca(self):
        ca = self.certificates()
        old_name, new_name = (openssl("x509", "-in", ca[role], "-noout", "-subject", "-nameopt", "multiline,-esc_msb")
                              .split("=")[-1].strip() for role in ("root", "other-root"))
        verify = ("verify", "-x509_strict")
        openssl(*verify, "-CAfile", ca["root"], "-no-CApath", ca["cross " + new_name])  # NewWithOld
        openssl(*verify, "-CAfile", ca["other-root"], "-no-CApath", ca["cross " + old_name])  # OldWithNew
        openssl(*verify, "-CAfile", ca["other-root"], ca["other-issuing"])
        openssl(*verify, "-CAfile", ca["root"], "-untrusted", ca["cross " + new_name], ca["other-issuing"])
        self.new_ca, self.old_issuing = self.scratch / "new-ca.pem", self.scratch / "old-issuing.pem"
        shutil.copy(ca["other-root"], self.new_ca)
        shutil.copy(ca["issuing"], self.old_issuing)
        self.assertEqual(self.controller.ca.read_text().count("BEGIN CERTIFICATE"), 2)
        for anchor in (self.old_ca, self.new_ca, self.controller.ca):
            self.assertTrue(self.greets(anchor), anchor)
        taken = self.scratch / "estca.pem"
        done = subprocess.run(["pki", "--estca", "--url", f"https://localhost:{self.controller.ports['enrol']}",
                               "--cacert", self.old_ca, "--caout", taken, "--outform", "pem"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def switch(self):
        self.order("switch")
        self.kill_both()
        self.phase("switched")
        self.kill_both()
        ca = self.certificates()
        self.new_issuing = ca["issuing"]
        self.eventually("the doors show a certificate of the new CA", lambda: self.shown_verifies(), 60)
        self.late = self.curl_device("curl-2")
        openssl("verify", "-CAfile", self.new_ca, "-untrusted", self.new_issuing, self.late.certificate)
        for anchor in (self.old_ca, self.new_ca):
            self.assertTrue(self.greets(anchor), anchor)
            self.assertTrue(self.greets(anchor, self.curl, "device"), anchor)  # with its certificate of the old CA
        self.online("meter-1")
        self.eventually("meter-1 has renewed", lambda: "meter-1" not in self.state()["waiting_for"], 60)

    def shown_verifies(self):
        """By the new root alone, with nothing but the issuing CA in between."""
        server = self.controller.folder / "server.pem"
        return subprocess.run(["openssl", "verify", "-CAfile", self.new_ca, "-untrusted", self.new_issuing, server],
                              capture_output=True).returncode == 0

    def both_cas_answer_for_what_they_issued(self):
        for path, ca in (("/crl", self.new_issuing), ("/crl/other.crl", self.old_issuing)):
            done = subprocess.run(["curl", "-sS", "--cacert", self.controller.ca, "-o", self.scratch / "list.crl",
                                   f"https://localhost:{self.controller.ports['enrol']}{path}"])
            self.assertEqual(done.returncode, 0)
            said = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", self.scratch / "list.crl", "-CAfile", ca,
                                   "-noout"], capture_output=True, text=True)
            self.assertIn("verify OK", said.stderr, path)
        for device, issuing, root in ((self.curl, self.old_issuing, self.old_ca),
                                      (self.late, self.new_issuing, self.new_ca)):
            self.assertIn(": good", self.ocsp(device, issuing, root))

    def ocsp(self, device, issuing, root):
        question, answer = self.scratch / "question.der", self.scratch / "answer.der"
        openssl("ocsp", "-issuer", issuing, "-cert", device.certificate, "-no_nonce", "-reqout", question)
        subprocess.run(["curl", "-sS", "--cacert", self.controller.ca, "-H", "Content-Type: application/ocsp-request",
                        "--data-binary", f"@{question}", "-o", answer,
                        f"https://localhost:{self.controller.ports['enrol']}/ocsp"], check=True)
        return openssl("ocsp", "-issuer", issuing, "-cert", device.certificate, "-respin", answer, "-CAfile", root,
                       "-verify_other", issuing)

    def finishing_is_refused_until_all_are_over(self):
        done = subprocess.run([BINARIES / "muster", "--server", self.controller.server, "--token-file",
                               self.controller.token_file, "--ca", self.controller.ca, "ca", "rollover", "finish",
                               "--reason", "too early"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("meter-2", done.stderr)
        self.assertNotIn("meter-1", done.stderr)
        self.phase("switched")

        self.away.start()
        self.online("meter-2")
        self.eventually("meter-2 is over", lambda: "meter-2" not in self.state()["waiting_for"], 90)
        self.fetch(self.late)
        self.old_pair = Device(self.controller, self.scratch, "curl-1")
        shutil.copy(self.curl.certificate, self.old_pair.certificate)
        shutil.copy(self.curl.key, self.old_pair.key)
        self.assertEqual(self.state()["waiting_for"], ["curl-1"])
        self.renewed(self.curl)
        self.assertTrue(self.greets(self.new_ca, self.curl, "device"))
        self.eventually("nobody is waited for", lambda: not self.state()["waiting_for"])

    def finish(self):
        self.order("finish")
        self.kill_both()
        self.controller.api = Api(self.controller.ports["operator"], self.new_ca,
                                  self.controller.token_file.read_text().strip())
        self.phase("none")
        self.eventually("ca.pem is the new root", lambda: self.controller.ca.read_text() == self.new_ca.read_text())

    def the_old_ca_counts_no_more(self):
        self.eventually("the doors show the new CA alone", lambda: not self.greets(self.old_ca))
        self.assertTrue(self.greets(self.new_ca, self.curl, "device"))
        self.assertFalse(self.greets(self.new_ca, self.old_pair, "device"))
        self.assertEqual(self.fetch(self.curl), 2)
        for agent in (self.here, self.away):  # provisioned with the old root, and it is gone
            agent.kill()
            agent.start()
            self.online(agent.id)
        folder = self.controller.folder / "signer"
        self.assertEqual(sum(kind == "authority" for kind, _ in log_of(folder)), 4)
        said = subprocess.run([BINARIES / "muster-signer", "log", "verify", "--folder", folder], capture_output=True)
        self.assertEqual(said.returncode, 0)
        self.assertFalse(self.recorded_now("ca.certificate-unexplained"))
        for action in ("ca.rollover-begun", "ca.switched", "ca.rollover-finished"):
            self.assertEqual(len(self.recorded_now(action)), 1, action)
        for process in signers_of(folder):  # at its next start nothing is left of the old keys
            os.kill(process, signal.SIGKILL)
        self.assertTrue(self.curl_device("curl-3").serial())  # one is started for it
        self.assertNotIn(b"PRIVATE KEY", (folder / "rollover.journal").read_bytes())

    def recorded_now(self, action):
        return [entry for entry in self.controller.api.items("/ledger/entries?from=0") if entry["action"] == action]


class RolloverCalledOff(Rolling):
    def command(self, *words, code=0):
        done = subprocess.run([BINARIES / "muster", "--server", self.controller.server, "--token-file",
                               self.controller.token_file, "--ca", self.controller.ca, "ca", *words],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_what_was_begun_can_be_called_off_before_the_switch(self):
        self.assertEqual(len(self.controller.api.items("/ca")), 2)
        self.assertIn("is in phase", self.command("rollover", "switch", "--reason", "too early", code=4))
        self.assertIn("distributing", self.command("rollover", "begin", "--reason", "a trial"))
        self.assertIn("Muster fleet root", self.command("show"))
        self.assertEqual(len(self.controller.api.items("/ca")), 6)
        agent = self.agent("meter-1")
        self.online("meter-1")
        self.eventually("it has both roots", lambda: self.state()["anchor_reported"] == 1, 40)
        anchors = agent.state / "anchors.pem"
        self.assertEqual(anchors.read_text().count("BEGIN CERTIFICATE"), 2)
        self.assertIn("none", self.command("rollover", "abort", "--reason", "enough"))
        self.assertEqual(len(self.controller.api.items("/ca")), 2)
        self.eventually("it has let go of the other", lambda: anchors.read_text().count("BEGIN CERT") == 1, 40)
        self.eventually("ca.pem is as it was", lambda: self.controller.ca.read_text() == self.old_ca.read_text())
        self.assertIn("at most every", self.command("rollover", "begin", "--reason", "again", code=4))

    def test_a_profile_cannot_promise_more_than_the_signer_gives(self):
        with self.assertRaises(Problem) as refused:
            self.controller.api.post("/enrolment-profiles", {"name": "long", "certificate_life_s": 100 * 86400})
        self.assertIn("--life-max", str(refused.exception))


class EnrolmentsPerAddress(Stage):
    options = ("--enrolments-per-address", "1", "--enrolments-per-address-burst", "1", "--io-threads", "1")

    def test_one_address_is_told_to_come_again(self):
        device = Device(self.controller, self.scratch, "curl-1")
        answers = [device.ask("wrong").status for _ in range(4)]
        self.assertIn(503, answers)


if __name__ == "__main__":
    unittest.main()
