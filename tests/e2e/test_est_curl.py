"""Enrolment by curl and openssl: what they are given, and what they are refused."""

import base64
import http.client
import ssl
import subprocess
import unittest

from device import Device, Reply
from maker import openssl
from stage import Stage

REFUSED = "muster_enrolments_refused_total"


class EstCurl(Stage):
    def newcomer(self, id):
        return Device(self.controller, self.scratch, id), self.expect(id)

    def refused(self, reply, status, words):
        self.assertEqual(reply.status, status, reply.body)
        self.assertIn(words, reply.body)

    def test_a_key_made_on_the_device_gets_a_certificate_in_its_name(self):
        device, token = self.newcomer("curl-1")
        with self.counted("muster_enrolments_total"):
            device.enrol(token)
        self.assertIn("CN=curl-1", device.subject())
        issuer = self.controller.folder / "issuing.pem"
        openssl("verify", "-CAfile", self.controller.ca, "-untrusted", issuer, device.certificate)
        self.assertEqual(self.device("curl-1")["state"], "active")
        self.assertTrue(self.recorded("certificate.issued", "device/curl-1"))
        self.assertTrue(self.recorded("token.burned", "device/curl-1"))

    def test_the_same_request_again_gets_the_same_certificate(self):
        device, token = self.newcomer("curl-2")
        request = device.request()
        first = device.keep(device.ask(token, request)).serial()
        self.assertEqual(device.keep(device.ask(token, request)).serial(), first)
        self.assertEqual(len(self.recorded("certificate.issued", "device/curl-2")), 1)

    def test_a_used_token_is_refused_for_another_request(self):
        device, token = self.newcomer("curl-3")
        device.enrol(token)
        device.new_key()
        with self.counted(REFUSED):
            self.refused(device.ask(token), 401, "this token has been used; ask the operator for a new one")
        self.assertTrue(self.recorded("enrolment.refused", "device/curl-3"))

    def test_a_wrong_token_and_an_unknown_name_learn_the_same_nothing(self):
        device, _ = self.newcomer("curl-4")
        stranger = Device(self.controller, self.scratch, "curl-nobody")
        since = self.ledger_size()
        with self.counted(REFUSED, by=2):
            wrong, unknown = device.ask("not-the-token"), stranger.ask("not-the-token")
        self.refused(wrong, 401, "not accepted; check both, or ask the operator for a new token")
        self.assertEqual(unknown.body, wrong.body)
        self.assertEqual(len(self.recorded("enrolment.refused", since=since)), 2)

    def test_without_a_token_there_is_a_challenge(self):
        device, _ = self.newcomer("curl-5")
        head = device.folder / "head"
        reply = device.curl("/.well-known/est/simpleenroll", "-D", head, body=device.request())
        self.assertEqual((reply.status, reply.body), (401, ""))
        self.assertIn("one-time token", head.read_text())

    def test_an_rsa_key_is_refused_with_the_kinds_that_are_taken(self):
        device, token = self.newcomer("curl-6")
        device.new_key("RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        with self.counted(REFUSED):
            self.refused(device.ask(token), 400, "P-256")
        device.new_key()
        self.assertEqual(device.ask(token).status, 200, "the refusal must not have used the token up")

    def test_a_request_that_names_somebody_else_is_refused(self):
        device, token = self.newcomer("curl-7")
        with self.counted(REFUSED):
            self.refused(device.ask(token, device.request(name="curl-1")), 400, "common name")
        self.assertTrue(self.recorded("enrolment.refused", "device/curl-7"))

    def test_an_oversized_request_is_refused_before_it_is_read(self):
        device, token = self.newcomer("curl-8")
        with self.counted(REFUSED):
            self.refused(device.ask(token, "A" * 20_000), 413, "at most 8192 octets")

    def test_garbage_is_refused_with_words(self):
        device, token = self.newcomer("curl-9")
        garbage = base64.b64encode(b"\x30\x82\x01\x00" + b"?" * 256).decode()
        with self.counted(REFUSED, by=2):
            self.refused(device.ask(token, garbage), 400, "certificate request")
            self.refused(device.ask(token, "!!!"), 400, "base64")

    def test_a_request_whose_signature_is_not_its_keys_is_refused(self):
        device, token = self.newcomer("curl-10")
        der = bytearray(base64.b64decode(device.request()))
        der[-1] ^= 1
        with self.counted(REFUSED):
            self.refused(device.ask(token, base64.b64encode(der).decode()), 400, "signature")

    def test_five_wrong_tries_spend_the_token(self):
        device, token = self.newcomer("curl-11")
        for _ in range(5):
            self.assertEqual(device.ask("guess").status, 401)
        self.refused(device.ask(token), 401, "tried wrongly too often")

    def test_renewal_by_the_certificate_itself(self):
        device, token = self.newcomer("curl-12")
        device.enrol(token)
        old_key, old_serial = device.key, device.serial()
        device.key = device.folder / "next.pem"
        device.new_key()
        request = device.request()
        device.key = old_key
        device.keep(device.renew(request))
        self.assertNotEqual(device.serial(), old_serial)
        self.assertIn("CN=curl-12", device.subject())

    def tied(self, device, token, binding=None):
        """Asks with a challengePassword that is of the very connection (RFC 7030 section 3.5), or with another."""
        context = ssl.create_default_context(cafile=str(self.controller.ca))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        connection = http.client.HTTPSConnection("localhost", self.controller.ports["enrol"], context=context, timeout=20)
        self.addCleanup(connection.close)
        connection.connect()
        word = base64.b64encode(binding or connection.sock.get_channel_binding("tls-unique")).decode()
        config = device.folder / "tied.cnf"
        config.write_text(f"[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\n[dn]\nCN={device.id}\n[at]\n"
                          f"challengePassword={word}\n")
        der = device.folder / "tied.der"
        openssl("req", "-new", "-key", device.key, "-config", config, "-outform", "DER", "-out", der)
        basic = base64.b64encode(f"{device.id}:{token}".encode()).decode()
        connection.request("POST", "/.well-known/est/simpleenroll", base64.b64encode(der.read_bytes()),
                           {"Content-Type": "application/pkcs10", "Authorization": f"Basic {basic}"})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read().decode())

    def test_a_request_that_is_tied_to_a_connection_is_taken_on_that_one_only(self):
        device, token = self.newcomer("curl-16")
        self.refused(self.tied(device, token, b"another one!"), 400, "challengePassword")
        device.keep(self.tied(device, token))
        self.assertIn("CN=curl-16", device.subject())

    def test_a_renewal_in_other_names_is_refused_by_name(self):
        device, token = self.newcomer("curl-17")
        device.enrol(token)
        old, device.key = device.key, device.folder / "next.pem"
        device.new_key()
        requests = [device.request(name="curl-1"), device.request("curl-17/O=City"),
                    device.request("curl-17", "-addext", "subjectAltName=DNS:curl-1"),
                    device.request("curl-17", "-addext", "subjectAltName=URI:urn:muster:device:curl-17")]
        device.key = old
        for request, words in zip(requests, ("common name", "CN=curl-17", "urn:muster:device:curl-17")):
            self.refused(device.renew(request), 400, words)
        device.keep(device.renew(requests[-1]))

    def test_renewal_without_a_certificate_is_refused(self):
        device, _ = self.newcomer("curl-13")
        reply = device.curl("/.well-known/est/simplereenroll", body=device.request())
        self.refused(reply, 401, "the certificate that is to be renewed")

    def test_a_retired_device_may_not_renew(self):
        device, token = self.newcomer("curl-14")
        device.enrol(token)
        self.cli("device", "retire", "curl-14", "--reason", "scrapped")
        self.refused(device.renew(device.request()), 403, "gets no certificate any more")

    def test_the_revocation_list_names_a_retired_devices_certificate(self):
        device, token = self.newcomer("curl-15")
        device.enrol(token)
        self.cli("device", "retire", "curl-15", "--reason", "scrapped", "--deadline", "1s")
        self.eventually("it is given up", lambda: self.device("curl-15")["state"] == "revoked-unsanitised")
        list_file = device.folder / "list.der"
        subprocess.run(["curl", "-sS", "--cacert", self.controller.ca, "-o", list_file,
                        f"https://localhost:{self.controller.ports['enrol']}/crl"], check=True)
        text = openssl("crl", "-inform", "DER", "-in", list_file, "-noout", "-text")
        self.assertIn(device.serial().lstrip("0"), text.lower())


if __name__ == "__main__":
    unittest.main()
