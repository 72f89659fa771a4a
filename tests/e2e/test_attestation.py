"""Enrolment by TPM and evidence of boots: the agent with its key in a TPM, and what is refused, told by tpm2-tools."""

import base64
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from controller import Controller
from stage import BINARIES, Stage
from swtpm import Swtpm
from test_agent import Agent


def text(octets):
    return base64.b64encode(octets).decode()


class Attestation(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.post("/models", {"name": "meter"})
        cls.api.post("/models", {"name": "guarded"})

    def tpm(self, name):
        tpm = Swtpm(self.scratch / f"{name}.tpm").start()
        self.addCleanup(tpm.stop)
        return tpm

    def agent(self, id, tpm):
        agent = Agent(self.controller, self.scratch, id, "", "--key-store", f"tpm:{tpm.tcti}").start()
        self.addCleanup(agent.stop)
        self.eventually(f"{id} is online", lambda: self.device(id)["online"], 60)
        return agent

    def state(self, id):
        return self.device(id)["attestation"]["state"]

    def test_an_agent_enrols_by_its_tpm_and_a_tampered_boot_isolates_it(self):
        tpm = self.tpm("safe")
        self.cli("device", "expect", "--id", "safe", "--model", "guarded", "--ek-sha256",
                 tpm.endorsement_sha256())
        agent = self.agent("safe", tpm)
        device = self.device("safe")
        self.assertEqual((device["state"], device["key_protection"]), ("active", "tpm"))
        self.assertEqual(self.state("safe"), "unknown", "there is no policy")
        issued = self.recorded("certificate.issued", "device/safe")
        self.assertEqual([entry["detail"]["proof"] for entry in issued], ["tpm"])
        for file in pathlib.Path(agent.state).rglob("*"):
            if file.is_file():
                self.assertNotIn(b"PRIVATE KEY", file.read_bytes(), file)

        self.cli("attest", "policy", "set", "--model", "guarded", "--pcrs", "sha256:0,1,7", "--learn", "safe",
                 "--isolate")
        self.assertEqual(self.state("safe"), "trusted")
        seen = self.device("safe")["attestation"]["at"]
        self.cli("attest", "ask", "safe")
        self.eventually("it shows its boot again", lambda: self.device("safe")["attestation"]["at"] > seen, 30)
        self.assertEqual(self.state("safe"), "trusted")

        tpm.tool("pcrextend", "7:sha256=" + 64 * "a")
        self.cli("attest", "ask", "safe")
        self.eventually("the boot is not trusted any more", lambda: self.state("safe") == "failed", 30)
        self.eventually("it is isolated", lambda: self.device("safe")["state"] == "quarantined")
        self.eventually("it is cut off", lambda: not self.device("safe")["online"])
        self.assertIn("PCR 7", self.device("safe")["attestation"]["why"])
        incident = [each for each in self.api.items("/incidents") if each["device"] == "safe"]
        self.assertEqual(incident[0]["findings"][0]["feature"], "attestation")
        self.assertTrue(self.recorded("attestation.failed", "device/safe"))

    def test_an_agent_with_a_tpm_is_itself_again_after_its_restart(self):
        tpm = self.tpm("lasting")
        self.api.post("/devices", {"id": "lasting", "model": "meter", "ek_sha256": tpm.endorsement_sha256()})
        agent = self.agent("lasting", tpm)
        serial = self.device("lasting")["certificate"]["serial"]
        agent.kill()
        self.eventually("it is gone", lambda: not self.device("lasting")["online"], 30)
        agent.start()
        self.eventually("it is back", lambda: self.device("lasting")["online"], 30)
        self.assertEqual(self.device("lasting")["certificate"]["serial"], serial)

    def post(self, path, body):
        """Status and answer."""
        request = urllib.request.Request(f"https://localhost:{self.controller.ports['enrol']}{path}",
                                         json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=self.controller.ca)) as got:
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def ask(self, id, tpm, **other):
        return self.post("/attest/challenge", {"id": id, "ek_public": text(tpm.octets("ek.pub")),
                                               "ak_public": text(tpm.octets("ak.pub")), **other})

    def opened(self, tpm, challenge):
        """The secret, as tpm2_activatecredential opens it."""
        blob = b"\xba\xdc\xc0\xde\0\0\0\1" + b"".join(base64.b64decode(challenge[name])
                                                      for name in ("credential_blob", "secret"))
        (tpm.folder / "blob").write_bytes(blob)
        tpm.tool("startauthsession", "--policy-session", "-S", "session")
        tpm.tool("policysecret", "-S", "session", "-c", "0x4000000B")
        tpm.tool("activatecredential", "-c", "ak.ctx", "-C", "0x81010001", "-i", "blob", "-o", "opened", "-P",
                 "session:session")
        tpm.tool("flushcontext", "session")
        return tpm.octets("opened")

    def proof(self, id, tpm, challenge, nonce=None):
        nonce = nonce or base64.b64decode(challenge["nonce"]).hex()
        secret = self.opened(tpm, challenge)
        tpm.tool("quote", "-c", "ak.ctx", "-l", challenge["pcrs"], "-q", nonce, "-m", "quote", "-s", "quote.sig")
        tpm.tool("pcrread", challenge["pcrs"], "-o", "values")
        tpm.tool("certify", "-c", "tls.ctx", "-C", "ak.ctx", "-g", "sha256", "-o", "certify", "-s", "certify.sig")
        values = tpm.octets("values")
        return {"id": id, "secret": text(secret),
                "boot": {"quote": text(tpm.octets("quote")), "signature": text(tpm.octets("quote.sig")),
                         "values": [values[at:at + 32].hex() for at in range(0, len(values), 32)]},
                "certify": text(tpm.octets("certify")), "certify_signature": text(tpm.octets("certify.sig")),
                "key_public": text(tpm.octets("tls.pub")), "csr": text(tpm.octets("csr"))}

    def test_what_tpm2_tools_say_falsely_is_refused_with_its_reason(self):
        tpm, id = self.tpm("tools"), "tools"
        self.api.post("/devices", {"id": id, "model": "meter", "ek_sha256": tpm.endorsement_sha256()})
        tpm.tool("readpublic", "-c", "0x81010001", "-o", "ek.pub")
        tpm.tool("createak", "-C", "0x81010001", "-c", "ak.ctx", "-G", "ecc", "-g", "sha256", "-s", "ecdsa", "-u",
                 "ak.pub")
        tpm.tool("createprimary", "-C", "o", "-G", "ecc256", "-c", "tls.ctx", "-a",
                 "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth")
        tpm.tool("readpublic", "-c", "tls.ctx", "-o", "tls.pub")
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", tpm.folder / "key", "-subj", f"/CN={id}", "-outform", "DER", "-out",
                        tpm.folder / "csr"], check=True, capture_output=True)

        def challenged():
            status, challenge = self.ask(id, tpm)
            self.assertEqual(status, 200, challenge)
            return challenge

        def refused(body, words):
            status, why = self.post("/attest/enrol", body)
            self.assertIn(status, (400, 401, 403), why)
            self.assertIn(words, why)
            return self.recorded("attestation.refused", f"device/{id}")

        first = self.proof(id, tpm, challenged(), nonce=32 * "ab")
        self.assertTrue(refused(first, "another nonce"))
        refused(first, "no open challenge")  # the same activation again

        wrong = self.proof(id, tpm, challenged())
        wrong["boot"]["values"][2] = 64 * "1"
        refused(wrong, "not those")

        # tpm2_certify takes no nonce of ours: a statement that anybody may have recorded.
        refused(self.proof(id, tpm, challenged()), "nonce")

        other = self.tpm("other")
        other.tool("readpublic", "-c", "0x81010001", "-o", "ek.pub")
        status, why = self.ask(id, tpm, ek_public=text(other.octets("ek.pub")))
        self.assertEqual(status, 401, why)
        status, why = self.ask(id, tpm, ak_public=text(tpm.octets("tls.pub")))
        self.assertIn("restricted", why)
        status, why = self.ask("nobody", tpm)
        self.assertEqual(status, 401, why)
        self.assertEqual(self.device(id)["state"], "expected", "nothing of it enrolled the device")


class Vendors(Stage):
    """A controller that wants to see the vendor's certificate as well."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="muster-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.genuine, cls.other = Swtpm(cls.scratch / "genuine").start(), Swtpm(cls.scratch / "other").start()
        for tpm in (cls.genuine, cls.other):
            cls.addClassCleanup(tpm.stop)
        cls.controller = Controller(BINARIES, cls.scratch / "data", "--tpm-vendors",
                                    cls.genuine.folder / "ca" / "issuercert.pem").start()
        cls.addClassCleanup(cls.controller.stop)
        cls.api, cls.cli = cls.controller.api, cls.controller.cli

    def test_a_tpm_of_another_maker_does_not_enrol_though_it_is_expected(self):
        for id, tpm in (("made-here", self.genuine), ("made-elsewhere", self.other)):
            self.api.post("/devices", {"id": id, "model": "meter", "ek_sha256": tpm.endorsement_sha256()})
            agent = Agent(self.controller, self.scratch, id, "", "--key-store", f"tpm:{tpm.tcti}").start()
            self.addCleanup(agent.stop)
        self.eventually("the one is online", lambda: self.device("made-here")["online"], 60)
        refusals = self.eventually("the other is refused", lambda: self.recorded(
            "attestation.refused", "device/made-elsewhere"), 30)
        self.assertIn("the TPM's certificate", refusals[0]["detail"]["cause"])
        self.assertEqual(self.device("made-elsewhere")["state"], "expected")


if __name__ == "__main__":
    unittest.main()
