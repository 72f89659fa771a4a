"""What the devices' maker brings: meters with a birth certificate (IDevID) or a one-time token, a signed manifest of what
is to be expected of each, and firmware.

All of it with openssl and nothing of ours (docs/formats/manifest.md)."""

import base64
import hashlib
import json
import secrets
import ssl
import subprocess
import time


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


class Maker:
    def __init__(self, folder, model="meter"):
        self.folder, self.model = folder, model
        self.key, self.public_key = folder / "maker.key", folder / "maker.pub"
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        openssl("pkey", "-in", self.key, "-pubout", "-out", self.public_key)

    def ids(self, count):
        return [f"{self.model}-{n:04}" for n in range(1, count + 1)]

    def tokens(self, ids):
        """A one-time token each."""
        return {id: secrets.token_urlsafe(20) for id in ids}

    def devices(self, count):
        return self.tokens(self.ids(count))

    def births(self, serials):
        """By id: a key and a certificate for life, of the maker's own CA, as ID.key and ID.pem in a folder."""
        folder, ca, ca_key = self.folder / "births", self.folder / "maker-ca.pem", self.folder / "maker-ca.key"
        folder.mkdir(mode=0o700)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
        openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", 3650, "-subj", "/O=Maker/CN=Meter Births",
                "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        for id, serial in serials.items():
            openssl("req", "-x509", "-CA", ca, "-CAkey", ca_key, *curve, "-keyout", folder / f"{id}.key", "-out",
                    folder / f"{id}.pem", "-days", 3650, "-subj", f"/O=Maker/serialNumber={serial}", "-addext",
                    "basicConstraints=critical,CA:false", "-addext", "keyUsage=critical,digitalSignature")
        return folder, ca

    def vouchers(self, serials, owner_root):
        """The maker's signed word that these are the owner's (RFC 8366), and the CA of who signs it."""
        key, ca = self.folder / "masa.key", self.folder / "masa.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", key, "-out", ca,
                "-days", 3650, "-subj", "/O=Maker/CN=MASA")
        pinned = base64.b64encode(ssl.PEM_cert_to_DER_cert(owner_root.read_text())).decode()
        now, files = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), []
        for serial in serials:
            text, voucher = self.folder / f"{serial}.json", self.folder / f"{serial}.vch"
            text.write_text(json.dumps({"ietf-voucher:voucher": {"created-on": now, "assertion": "logged",
                                                                 "serial-number": serial, "pinned-domain-cert": pinned}}))
            openssl("cms", "-sign", "-binary", "-nodetach", "-in", text, "-signer", ca, "-inkey", key, "-md", "sha256",
                    "-econtent_type", "1.2.840.113549.1.9.16.1.40", "-outform", "DER", "-out", voucher)
            files.append(voucher)
        return files, ca

    def manifest(self, tokens, births=(), tpms=None, groups=lambda number: ["north" if number % 2 else "south"]):
        """What proves each device: the hash of its token, its serial number (births), or of its TPM's endorsement key."""
        proofs = {**{id: {"token_sha256": hashlib.sha256(token.encode()).hexdigest()} for id, token in tokens.items()},
                  **{id: {} for id in births}, **{id: {"ek_sha256": ek} for id, ek in (tpms or {}).items()}}
        rows = [{"id": id, "model": self.model, "serial": f"SN-{id}", "groups": groups(number), **proof}
                for number, (id, proof) in enumerate(sorted(proofs.items()), 1)]
        return json.dumps({"format": "muster-manifest-1", "owner": "City", "devices": rows})

    def sign(self, text, name="manifest.json"):
        """The text as a file, and its detached signature as another."""
        file, signature = self.folder / name, self.folder / (name + ".sig")
        file.write_text(text)
        openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", file, "-out", signature)
        return file, signature

    def token_file(self, tokens):
        file = self.folder / "tokens.csv"
        file.touch(0o600)
        file.write_text("".join(f"{id},{token}\n" for id, token in tokens.items()))
        return file

    def firmware(self, version, size=64 << 10):
        file = self.folder / f"{self.model}-{version}.bin"
        file.write_bytes(f"{self.model} {version}\n".encode() + secrets.token_bytes(size))
        return file
