"""A software TPM of its own, with a vendor CA of its own, and the tools of others (tpm2-tools) that speak to it."""

import hashlib
import os
import socket
import subprocess
import time


class Swtpm:
    def __init__(self, folder, banks="sha256"):
        self.folder, self.process = folder, None
        (folder / "ca").mkdir(parents=True)
        (folder / "setup.conf").write_text(
            f"create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config={folder}/localca.conf\n"
            f"create_certs_tool_options={folder}/options\nactive_pcr_banks={banks}\n")
        ca = folder / "ca"
        (folder / "localca.conf").write_text(f"statedir={ca}\nsigningkey={ca}/signkey.pem\n"
                                             f"issuercert={ca}/issuercert.pem\ncertserial={ca}/certserial\n")
        (folder / "options").write_text("--platform-manufacturer Maker\n--platform-version 1\n--platform-model Board\n")
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", folder, "--create-ek-cert", "--create-platform-cert",
                        "--config", folder / "setup.conf", "--lock-nvram", "--overwrite"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        for _ in range(20):
            port = self._free_pair()
            local = ",bindaddr=127.0.0.1"
            self.process = subprocess.Popen(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--server",
                 f"type=tcp,port={port}{local}", "--ctrl", f"type=tcp,port={port + 1}{local}", "--flags",
                 "startup-clear,not-need-init"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._answers(port + 1):
                self.tcti = f"swtpm:host=127.0.0.1,port={port}"
                return self
        raise AssertionError("swtpm does not run")

    @staticmethod
    def _free_pair():
        """Its control port has to be the one after."""
        while True:
            with socket.socket() as first, socket.socket() as second:
                first.bind(("127.0.0.1", 0))
                port = first.getsockname()[1]
                try:
                    second.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port

    def _answers(self, port):
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def tool(self, name, *options):
        """One of tpm2-tools in this TPM's folder. Nothing stays loaded: there are three slots, and no resource manager."""
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.tcti, "TSS2_LOG": "all+NONE"}
        done = None
        for words in ([f"tpm2_{name}", *map(str, options)], ["tpm2_flushcontext", "-t"]):
            ran = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
            done = done or ran
            if ran.returncode:
                raise AssertionError(f"{' '.join(words)}: {ran.stderr}")
        return done.stdout

    def octets(self, name):
        return (self.folder / name).read_bytes()

    def endorsement_sha256(self):
        """What a manifest names it by."""
        self.tool("readpublic", "-c", "0x81010001", "-f", "der", "-o", "ek.der")
        return hashlib.sha256(self.octets("ek.der")).hexdigest()
