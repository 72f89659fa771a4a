"""Certificate status as programs of others read it, revocation as they feel it, and one identity in two hands."""

import base64
import re
import socket
import subprocess
import unittest
import urllib.parse

from device import Device
from maker import openssl
from mqtt import Subscriber, connected, mosquitto_options
from stage import Stage


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def said(*command, input=None):
    """All that a program says, whether it is content or not."""
    done = subprocess.run([str(word) for word in command], input=input, capture_output=True, timeout=60)
    return (done.stdout + done.stderr).decode(errors="replace")


class Published(Stage):
    """A controller whose certificates name where their status is told."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.pki = f"http://127.0.0.1:{port}"
        cls.options = ("--status-port", port, "--pki-url", cls.pki)
        cls.options = tuple(str(each) for each in cls.options)
        super().setUpClass()
        cls.issuer = cls.controller.folder / "issuing.pem"

    def enrolled(self, id):
        return Device(self.controller, self.scratch, id).enrol(self.expect(id))

    def revoke(self, device, because="key-compromise"):
        self.cli("cert", "revoke", device.serial(), "--reason", "a test says so", "--because", because)

    def shard(self, device):
        """The revocation list that the certificate names, in a file of DER."""
        text = openssl("x509", "-in", device.certificate, "-noout", "-text")
        url = re.search(r"URI:(http://\S+\.crl)", text).group(1)
        file = device.folder / "shard.crl"
        subprocess.run(["curl", "-sS", "--fail", "-o", file, url], check=True)
        return file


class Revocation(Published):
    def test_openssl_asks_ocsp_by_post(self):
        device = self.enrolled("ocsp-1")
        ask = ("openssl", "ocsp", "-issuer", self.issuer, "-cert", device.certificate, "-url", self.pki + "/ocsp",
               "-CAfile", self.controller.ca, "-verify_other", self.issuer)
        answer = said(*ask)
        self.assertIn("Response verify OK", answer)
        self.assertIn(": good", answer)
        self.revoke(device)
        answer = said(*ask, "-no_nonce")
        self.assertIn("Response verify OK", answer)
        self.assertIn(": revoked", answer)
        self.assertIn("keyCompromise", answer)

    def test_ocsp_by_get_and_on_the_enrolment_door(self):
        device = self.enrolled("ocsp-2")
        request = device.folder / "ask.der"
        said("openssl", "ocsp", "-issuer", self.issuer, "-cert", device.certificate, "-no_nonce", "-reqout", request)
        name = urllib.parse.quote(base64.b64encode(request.read_bytes()).decode(), safe="")
        for url in (self.pki, f"https://localhost:{self.controller.ports['enrol']}"):
            answer = device.folder / "answer.der"
            head = said("curl", "-sS", "--cacert", self.controller.ca, "-D", "-", "-o", answer, f"{url}/ocsp/{name}")
            self.assertIn("application/ocsp-response", head)
            self.assertIn("max-age=60", head)
            text = said("openssl", "ocsp", "-respin", answer, "-issuer", self.issuer, "-cert", device.certificate,
                        "-CAfile", self.controller.ca, "-verify_other", self.issuer)
            self.assertIn(": good", text)

    def test_a_certificate_that_nobody_filed_is_not_answered_for(self):
        answer = said("openssl", "ocsp", "-issuer", self.issuer, "-serial", "0x1234", "-url", self.pki + "/ocsp",
                      "-CAfile", self.controller.ca)
        self.assertIn("unauthorized", answer)
        self.assertIn("malformed", said("openssl", "ocsp", "-issuer", self.issuer, "-respin", "/dev/stdin", "-serial",
                                        "1", input=self.fetch("/ocsp", b"garbage")).lower())

    def fetch(self, path, body):
        return subprocess.run(["curl", "-sS", "--data-binary", "@-", "-H", "Content-Type: application/ocsp-request",
                               self.pki + path], input=body, capture_output=True, check=True).stdout

    def test_ocsptool_of_gnutls_believes_it(self):
        device = self.enrolled("ocsp-3")
        ask = ("ocsptool", f"--ask={self.pki}/ocsp", "--load-cert", device.certificate, "--load-issuer", self.issuer,
               "--load-trust", self.controller.ca)
        answer = said(*ask)
        self.assertIn("Certificate Status: good", answer)
        self.assertNotIn("Verification output: Signer", answer)
        self.assertIn("Success", answer)
        self.revoke(device)
        self.assertIn("Certificate Status: revoked", said(*ask))

    def test_openssl_follows_the_list_that_a_certificate_names(self):
        device, other = self.enrolled("list-1"), self.enrolled("list-2")
        verify = ("openssl", "verify", "-crl_check", "-extended_crl", "-CAfile", self.controller.ca, "-untrusted",
                  self.issuer, "-CRLfile")
        self.assertIn("OK", said(*verify, self.shard(device), device.certificate))
        self.revoke(device)
        self.assertIn("certificate revoked", said(*verify, self.shard(device), device.certificate))
        self.assertIn("OK", said(*verify, self.shard(other), other.certificate))
        text = openssl("crl", "-inform", "DER", "-in", self.shard(device), "-noout", "-text")
        self.assertIn("Issuing Distribution Point: critical", text)
        self.assertIn(self.pki + "/crl/1.crl", text)

    def test_strongswan_verifies_with_the_list_it_is_given(self):
        device = self.enrolled("swan-r")
        verify = ("pki", "--verify", "--in", device.certificate, "--cacert", self.controller.ca, "--cacert",
                  self.issuer, "--crl")
        self.assertIn("certificate trusted", said(*verify, self.shard(device)))
        self.revoke(device)
        self.assertIn("revoked", said(*verify, self.shard(device)))

    def test_the_doors_staple_the_status_of_their_certificate(self):
        for door in ("enrol", "operator"):
            at = f"localhost:{self.controller.ports[door]}"
            self.eventually(f"{door} staples", lambda: "Cert Status: good" in said(
                "openssl", "s_client", "-connect", at, "-status", "-CAfile", self.controller.ca, input=b""))
        silent = said("openssl", "s_client", "-connect", at, "-CAfile", self.controller.ca, input=b"")
        self.assertNotIn("OCSP Response", silent)

    def test_a_revoked_device_is_cut_and_does_not_come_back_by_resumption(self):
        device = self.enrolled("cut-1")
        session = device.folder / "session.pem"
        door = f"localhost:{self.controller.ports['device']}"
        client = ("openssl", "s_client", "-connect", door, "-cert", device.certificate, "-key", device.key, "-CAfile",
                  self.controller.ca, "-ign_eof")
        ask = b"GET /v1/devices/cut-1/updates HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertIn("HTTP/1.1 200", said(*client, "-sess_out", session, input=ask))
        with connected(device) as raw:
            self.revoke(device)
            raw.until_closed()
        again = said(*client, *(["-sess_in", session] if session.exists() else []), input=ask)
        self.assertIn("HTTP/1.1 401", again)
        self.assertIn("revoked", again)
        self.assertNotIn("Reused, TLS", again)

    def test_certificates_are_listed_by_device_and_by_their_end(self):
        device = self.enrolled("listed-1")
        self.assertIn(device.serial(), self.cli("cert", "list", "--device", "listed-1"))
        self.assertIn(device.serial(), self.cli("cert", "list", "--expiring", "31d"))
        self.assertNotIn(device.serial(), self.cli("cert", "list", "--expiring", "7d"))
        self.cli("cert", "revoke", "--device", "listed-1", "--reason", "a test says so")
        self.assertIn("revoked", self.cli("cert", "list", "--device", "listed-1"))


class Clones(Stage):
    def test_two_clients_with_one_certificate_are_found_and_isolated(self):
        device = Device(self.controller, self.scratch, "twin").enrol(self.expect("twin"))
        twins = []
        def stop():
            for each in twins:
                each.kill()
                each.wait()
        self.addCleanup(stop)
        command = ["mosquitto_sub", *mosquitto_options(device, version="mqttv311"), "-t", "v1/devices/twin/desired"]
        for address in ("127.0.0.1", "127.0.0.2"):
            twins.append(subprocess.Popen([*command, "-A", address], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL))
        self.eventually("the device is quarantined", lambda: self.device("twin")["state"] == "quarantined", 60)
        incident = self.api.items("/incidents?state=open")[0]
        self.assertEqual(incident["device"], "twin")
        self.assertIn("127.0.0.1 and 127.0.0.2", str(incident))

    def test_a_client_that_reconnects_from_one_address_is_left_alone(self):
        device = Device(self.controller, self.scratch, "single").enrol(self.expect("single"))
        for _ in range(8):
            with connected(device):
                pass
        self.assertEqual(self.device("single")["state"], "active")

    def test_one_key_under_two_names_isolates_its_owner(self):
        one = Device(self.controller, self.scratch, "shared-1").enrol(self.expect("shared-1"))
        token = self.expect("shared-2")
        thief = Device(self.controller, self.scratch, "shared-2")
        thief.key = one.key
        self.assertEqual(thief.ask(token).status, 403)
        self.eventually("the owner is quarantined", lambda: self.device("shared-1")["state"] == "quarantined")


class ServerCertificate(Stage):
    long = True
    options = ("--server-certificate-life", "1m")

    def served(self, door):
        at = f"localhost:{self.controller.ports[door]}"
        shown = said("openssl", "s_client", "-connect", at, "-CAfile", self.controller.ca, input=b"")
        return said("openssl", "x509", "-noout", "-serial", input=shown[shown.index("-----BEGIN"):].encode())

    def test_it_is_renewed_without_a_restart_and_live_sessions_stay(self):
        device = Device(self.controller, self.scratch, "stays").enrol(self.expect("stays"))
        before = {door: self.served(door) for door in ("enrol", "operator")}
        with connected(device) as raw:
            for door in before:
                self.eventually(f"{door} has a new certificate", lambda: self.served(door) != before[door], 70)
            raw.send(b"\xc0\x00")
            self.assertEqual(raw.packet()[0], 0xD0, "the session has outlived the renewal")
        self.assertEqual(len(set(map(self.served, before))), 1)


if __name__ == "__main__":
    unittest.main()
