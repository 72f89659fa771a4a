"""SoftHSM2 with tokens of its own, below a folder of the test's."""

import os
import subprocess

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "7301-the-pin"


class SoftHsm:
    """Sets SOFTHSM2_CONF for this process and all that it starts, until put_away()."""

    def __init__(self, folder):
        self.tokens, self.pin_file = folder / "tokens", folder / "pin"
        self.tokens.mkdir(parents=True)
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.before = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = str(conf)
        self.write_pin(PIN)

    def put_away(self):
        if self.before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = self.before

    def write_pin(self, pin):
        self.pin_file.touch(mode=0o600)
        self.pin_file.write_text(pin + "\n")

    def add(self, token):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", token, "--pin", PIN, "--so-pin",
                        "12345678"], check=True, capture_output=True)

    def uri(self, token, object=None):
        name = f"pkcs11:token={token}" + (f";object={object}" if object else "")
        return f"{name}?module-path={MODULE}&pin-source=file:{self.pin_file}"

    def tool(self, token, *words):
        done = subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", token, "--login", "--pin", PIN,
                               *map(str, words)], check=True, capture_output=True, text=True)
        return done.stdout

    def private_keys(self, token):
        """Their labels and ids."""
        label, found = "", []
        for line in self.tool(token, "--list-objects", "--type", "privkey").splitlines():
            name, _, value = line.strip().partition(":")
            if name == "label":
                label = value.strip()
            if name == "ID":
                found.append((label, value.strip()))
        return found
