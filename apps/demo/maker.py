"""What the devices' maker brings: a signed manifest of meters with the hashes of their one-time tokens, and firmware.

All of it with openssl and nothing of ours (docs/formats/manifest.md)."""

import hashlib
import json
import secrets
import subprocess


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

    def devices(self, count):
        """Ids and their one-time tokens."""
        return {f"{self.model}-{n:04}": secrets.token_urlsafe(20) for n in range(1, count + 1)}

    def manifest(self, tokens, groups=lambda number: ["north" if number % 2 else "south"]):
        rows = [{"id": id, "model": self.model, "serial": f"SN-{id}", "groups": groups(number),
                 "token_sha256": hashlib.sha256(token.encode()).hexdigest()}
                for number, (id, token) in enumerate(tokens.items(), 1)]
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
