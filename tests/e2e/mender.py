"""Debian's `mender-client` on a device of its own: a folder holds its slot, and an update module that can go back fills
it. The module and the script that names the device lie where the package looks for them, for all devices at once."""

import json
import os
import pathlib
import subprocess

from device import Device
from maker import openssl

SHARE = pathlib.Path("/usr/share/mender")
IDENTITY = '#!/bin/sh\necho "id=$MENDER_TEST_ID"\n'
MODULE = """#!/bin/sh
# Fills $MENDER_TEST_SLOT, and gives back what it held before.
set -e
case "$1" in
  NeedsArtifactReboot) echo No ;;
  SupportsRollback) echo Yes ;;
  ArtifactInstall)
    while [ -e "$MENDER_TEST_SLOT.slow" ]; do sleep 0.1; done
    cp "$MENDER_TEST_SLOT" "$MENDER_TEST_SLOT.before"
    cp "$2"/files/* "$MENDER_TEST_SLOT" ;;
  ArtifactRollback) mv "$MENDER_TEST_SLOT.before" "$MENDER_TEST_SLOT" ;;
esac
"""


def prepare():
    """What Debian leaves to who builds the image."""
    for path, text in ((SHARE / "identity/mender-device-identity", IDENTITY), (SHARE / "modules/v3/slot", MODULE)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    info = pathlib.Path("/etc/mender/artifact_info")
    info.parent.mkdir(exist_ok=True)
    info.write_text("artifact_name=factory\n")
    pathlib.Path("/data/mender").mkdir(parents=True, exist_ok=True)


class Signer:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.key, self.public_key = self.folder / "artifact.key", self.folder / "artifact.pub"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        openssl("ec", "-in", self.key, "-pubout", "-out", self.public_key)

    def artifact(self, version, octets, model="meter"):
        payload, out = self.folder / "firmware", self.folder / f"{version}.mender"
        payload.write_bytes(octets)
        subprocess.run(["mender-artifact", "write", "module-image", "-T", "slot", "-n", version, "-t", model, "-o", out,
                        "-f", payload, "-k", self.key], check=True, capture_output=True)
        return out


class Mender(Device):
    def __init__(self, controller, scratch, id, artifact_key, model="meter"):
        super().__init__(controller, scratch, id)
        self.process, self.slot, self.data = None, self.folder / "slot", self.folder / "data"
        self.log = self.folder / "mender.log"
        self.slot.write_bytes(b"factory")
        self.data.mkdir()
        (self.data / "device_type").write_text(f"device_type={model}\n")
        self.config = self.folder / "mender.conf"
        self.config.write_text(json.dumps({
            "ServerURL": f"https://localhost:{controller.ports['device']}", "ServerCertificate": str(controller.ca),
            "HttpsClient": {"Certificate": str(self.certificate), "Key": str(self.key)},
            "ArtifactVerifyKey": str(artifact_key), "DeviceTypeFile": str(self.data / "device_type"),
            "UpdatePollIntervalSeconds": 1, "InventoryPollIntervalSeconds": 1, "RetryPollIntervalSeconds": 1,
            "UpdateControlMapExpirationTimeSeconds": 2, "UpdateControlMapBootExpirationTimeSeconds": 2,
            "ModulesWorkPath": str(self.data / "modules"), "DBus": {"Enabled": False}}))

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["mender", "-c", self.config, "-b", self.config, "-d", self.data, "--no-syslog", "-l", "debug", "daemon"],
                env={**os.environ, "MENDER_TEST_ID": self.id, "MENDER_TEST_SLOT": str(self.slot)}, stdout=log,
                stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True)
        return self

    def slow(self, on):
        """While it is on, an installation does not come to its end."""
        mark = self.slot.with_name("slot.slow")
        mark.touch() if on else mark.unlink()

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.process = None

    def said(self):
        return self.log.read_text(errors="replace")
