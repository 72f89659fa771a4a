"""Enrolment and renewal by clients that others wrote: strongSwan's pki and Bouncy Castle's org.bouncycastle.est."""

import pathlib
import subprocess
import unittest

from device import Device
from maker import openssl
from stage import Stage

JARS = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcutil", "bcpkix"))


def pems(text, kind="CERTIFICATE"):
    end = f"-----END {kind}-----\n"
    return [part[part.index("-----BEGIN"):] + end for part in text.split(end)[:-1] if f"BEGIN {kind}" in part]


class StrongSwan(Stage):
    def pki(self, *arguments):
        return subprocess.run(["pki", *map(str, arguments)], capture_output=True, timeout=60)

    def request(self, device):
        file = device.folder / "request.pem"
        openssl("req", "-new", "-key", device.key, "-subj", f"/CN={device.id}", "-out", file)
        return file

    def test_strongswan_takes_the_authorities_enrols_and_renews(self):
        device, token = Device(self.controller, self.scratch, "swan-1"), self.expect("swan-1")
        door = f"https://localhost:{self.controller.ports['enrol']}"
        trust = ("--url", door, "--cacert", self.controller.ca)
        ca = device.folder / "ca.pem"
        done = self.pki("--estca", *trust, "--caout", ca, "--outform", "pem")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        done = self.pki("--est", *trust, "--in", self.request(device), "--userpass", f"swan-1:{token}",
                        "--outform", "pem")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        device.certificate.write_bytes(done.stdout)
        first, old_key = device.serial(), device.key
        device.key = device.folder / "next.pem"
        device.new_key()
        done = self.pki("--est", *trust, "--in", self.request(device), "--cert", device.certificate, "--key", old_key,
                        "--outform", "pem")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        device.certificate.write_bytes(done.stdout)
        self.assertNotEqual(device.serial(), first)
        self.assertIn("CN=swan-1", device.subject())
        self.assertEqual(len(self.recorded("certificate.issued", "device/swan-1")), 2)


class BouncyCastle(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = pathlib.Path(__file__).with_name("EstClient.java")
        subprocess.run(["javac", "-cp", JARS, "-d", cls.scratch, source], check=True)

    def client(self, id, token, verb, label="-"):
        return subprocess.run(["java", "-cp", f"{JARS}:{self.scratch}", "EstClient",
                               f"localhost:{self.controller.ports['enrol']}", str(self.controller.ca), label, id, token,
                               verb], capture_output=True, text=True, timeout=60)

    def kept(self, pem, name):
        file = self.scratch / name
        file.write_text(pem)
        return file

    def test_bouncy_castle_enrols_after_a_challenge_and_renews_by_its_certificate(self):
        done = self.client("castle-1", self.expect("castle-1"), "enrol")
        self.assertEqual(done.returncode, 0, done.stderr)
        first, second = pems(done.stdout)
        self.assertNotEqual(first, second)
        issuing = self.controller.folder / "issuing.pem"
        for pem in (first, second):
            file = self.kept(pem, "castle.pem")
            openssl("verify", "-CAfile", self.controller.ca, "-untrusted", issuing, file)
            self.assertIn("castle-1", openssl("x509", "-in", file, "-noout", "-subject"))
        self.assertEqual(len(self.recorded("certificate.issued", "device/castle-1")), 2)

    def test_bouncy_castle_is_refused_with_a_wrong_token(self):
        self.expect("castle-2")
        self.assertNotEqual(self.client("castle-2", "not-the-token", "enrol").returncode, 0)
        self.assertFalse(self.recorded("certificate.issued", "device/castle-2"))

    def test_the_server_makes_a_key_only_where_a_profile_says_so(self):
        token = self.expect("castle-3")
        refused = self.client("castle-3", token, "keygen")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("keys are made on the device", refused.stderr + refused.stdout + self.reason("castle-3", token))
        self.cli("enrol", "profile", "set", "sensors", "--server-keys", "--life", "7d")
        done = self.client("castle-3", token, "keygen", "sensors")
        self.assertEqual(done.returncode, 0, done.stderr)
        certificate = self.kept(pems(done.stdout)[0], "given.pem")
        key = self.kept(pems(done.stdout, "PRIVATE KEY")[0], "given.key")
        self.assertEqual(openssl("pkey", "-in", key, "-pubout"), openssl("x509", "-in", certificate, "-noout", "-pubkey"))

    def reason(self, id, token):
        device = Device(self.controller, self.scratch, id)
        return device.curl("/.well-known/est/serverkeygen", "-u", f"{id}:{token}", body=device.request()).body


if __name__ == "__main__":
    unittest.main()
