"""A device made of openssl and curl: nothing of ours takes part on its side."""

import base64
import pathlib
import secrets
import subprocess
from dataclasses import dataclass

from maker import openssl

P256 = ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass
class Reply:
    status: int
    body: str


class Device:
    def __init__(self, controller, scratch, id):
        self.controller, self.id = controller, id
        self.folder = pathlib.Path(scratch) / f"{id}-{secrets.token_hex(4)}"
        self.folder.mkdir()
        self.key, self.certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        self.new_key()

    def new_key(self, *algorithm):
        openssl("genpkey", "-algorithm", *(algorithm or P256), "-out", self.key)

    def request(self, name=None, *options):
        """A PKCS#10 request in base64, without lines around it."""
        der = self.folder / "request.der"
        openssl("req", "-new", "-key", self.key, "-subj", f"/CN={self.id if name is None else name}", "-outform", "DER",
                "-out", der, *options)
        return base64.b64encode(der.read_bytes()).decode()

    def curl(self, path, *options, body=None):
        out = self.folder / "answer"
        out.write_bytes(b"")
        door = f"https://localhost:{self.controller.ports['enrol']}"
        send = [] if body is None else ["-H", "Content-Type: application/pkcs10", "-H", "Expect:", "--data-binary", "@-"]
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", self.controller.ca, "-o", out, "-w",
                               "%{http_code}", *send, *options, door + path],
                              input=body, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"curl {path}: {done.stderr}")
        return Reply(int(done.stdout), out.read_text())

    def ask(self, token, request=None, user=None):
        return self.curl("/.well-known/est/simpleenroll", "-u", f"{user or self.id}:{token}",
                         body=self.request() if request is None else request)

    def renew(self, request):
        return self.curl("/.well-known/est/simplereenroll", "--cert", self.certificate, "--key", self.key, body=request)

    def keep(self, reply):
        """The certificate of an answer, into a file."""
        if reply.status != 200:
            raise AssertionError(f"enrolment of {self.id}: {reply.status} {reply.body}")
        cms = self.folder / "answer.p7"
        cms.write_bytes(base64.b64decode(reply.body))
        openssl("pkcs7", "-inform", "DER", "-in", cms, "-print_certs", "-out", self.certificate)
        return self

    def enrol(self, token):
        return self.keep(self.ask(token))

    def subject(self):
        return openssl("x509", "-in", self.certificate, "-noout", "-subject", "-nameopt", "RFC2253").strip()

    def serial(self):
        return openssl("x509", "-in", self.certificate, "-noout", "-serial").strip().split("=")[1].lower()
