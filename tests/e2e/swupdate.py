"""Debian's `swupdate` on a device of its own: a folder is its flash, a SWU by CMS its release, suricatta its daemon."""

import os
import pathlib
import re
import subprocess
import tempfile

from device import Device
from maker import openssl

BOARD = "meter:1.0"


class Signer:
    """Who signs SWU files: a CA and a certificate for e-mail protection, as swupdate wants it of CMS."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.ca, ca_key = self.folder / "ca.pem", self.folder / "ca.key"
        self.certificate, self.key = self.folder / "signer.pem", self.folder / "signer.key"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", 30)
        openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca, "-subj", "/CN=Image CA", "-addext",
                "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
        openssl("req", "-x509", "-CA", self.ca, "-CAkey", ca_key, *curve, "-keyout", self.key, "-out", self.certificate,
                "-subj", "/CN=Image signer", "-addext", "basicConstraints=critical,CA:false", "-addext",
                "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=emailProtection")

    def swu(self, version, target, octets, tampered=False):
        """One file that is written to `target`, relative to what swupdate has as its current folder."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (work / "payload").write_bytes(octets)
        digest = openssl("dgst", "-sha256", "-r", work / "payload").split()[0]
        (work / "sw-description").write_text(f"""software = {{
  version = "{version}";
  hardware-compatibility: ["{BOARD.split(':')[1]}"];
  files: ({{ filename = "payload"; path = "{target}"; type = "rawfile"; sha256 = "{digest}"; }});
}}
""")
        openssl("cms", "-sign", "-in", work / "sw-description", "-out", work / "sw-description.sig", "-signer",
                self.certificate, "-inkey", self.key, "-outform", "DER", "-nosmimecap", "-binary")
        if tampered:
            text = (work / "sw-description").read_text()
            (work / "sw-description").write_text(text.replace(version, version[::-1]))
        names = "sw-description\nsw-description.sig\npayload\n"
        swu = work / f"{version}.swu"
        with open(swu, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "crc", "--quiet"], input=names.encode(), stdout=out, cwd=work, check=True)
        return swu


class Swupdate(Device):
    """Enrolled by openssl and curl, updated by swupdate, which is started again as a reboot would."""

    def __init__(self, controller, scratch, id, signer, attributes=None, **more):
        super().__init__(controller, scratch, id)
        self.process, self.flash, self.port = None, self.folder / "flash", controller.ports["device"]
        self.log = self.folder / "swupdate.log"
        identify = "".join(f'{{ name = "{name}"; value = "{value}"; }},'
                           for name, value in {"board": "meter", **(attributes or {})}.items()).rstrip(",")
        more = "".join(f'{name} = "{value}";\n' for name, value in more.items())
        self.config = self.folder / "swupdate.cfg"
        self.config.write_text(f"""globals : {{ verbose = true; loglevel = 5; public-key-file = "{signer.ca}"; }};
suricatta : {{
  tenant = "default"; id = "{id}"; url = "https://localhost:PORT"; polldelay = 1; retry = 5; retrywait = 1;
  cafile = "{controller.ca}"; sslcert = "{self.certificate}"; sslkey = "{self.key}";
  {more}}};
identify : ( {identify} );
""")
        (self.folder / "tmp").mkdir()

    def start(self, *suricatta):
        """suricatta: what a bootloader would know; "-c", 2 after a good boot, "-c", 3 after a bad one."""
        config = self.folder / "started.cfg"
        config.write_text(self.config.read_text().replace("PORT", str(self.port)))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["swupdate", "-f", config, "-B", "none", "-H", BOARD, "-u", "-e " + " ".join(map(str, suricatta))],
                env={**os.environ, "TMPDIR": str(self.folder / "tmp")}, stdout=log, stderr=subprocess.STDOUT,
                cwd=self.folder, start_new_session=True)
        return self

    def boots(self, version):
        """What its next image would say of itself."""
        self.config.write_text(re.sub(r'(name = "firmware"; value = )"[^"]*"', rf'\1"{version}"', self.config.read_text()))
        return self

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.process = None

    def restart(self, *suricatta):
        self.stop()
        return self.start(*suricatta)

    def said(self):
        return self.log.read_text(errors="replace")
