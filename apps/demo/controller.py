"""One `musterd` on a folder of its own: started, killed, started again on the same folder and ports, stopped."""

import json
import pathlib
import select
import subprocess
import time

from api import Api, Cli


class NotReady(Exception):
    pass


class Controller:
    def __init__(self, binaries, folder, *options):
        self.binaries, self.folder = pathlib.Path(binaries), pathlib.Path(folder)
        self.options, self.ports, self.process, self.link = list(options), None, None, ""
        self.log = open(self.folder.parent / (self.folder.name + ".log"), "ab")

    def start(self, within=30):
        """Returns when every door is open. The first start takes free ports, later ones the same again."""
        doors = self.ports or dict.fromkeys(("operator", "mqtt", "device", "enrol"), 0)
        ports = [word for door, port in doors.items() if door != "bind" for word in (f"--{door}-port", str(port))]
        self.process = subprocess.Popen([self.binaries / "musterd", "--data", self.folder, *ports, *self.options],
                                        stdout=subprocess.PIPE, stderr=self.log)
        self._wait_until_ready(time.monotonic() + within)
        self.ports = json.loads((self.folder / "ports.json").read_text())
        self.ca = self.folder / "ca.pem"
        self.token_file = self.folder / "admin.token"
        self.server = f"https://localhost:{self.ports['operator']}"
        self.api = Api(self.ports["operator"], self.ca, self.token_file.read_text().strip())
        self.cli = Cli(self.binaries / "muster", self.server, self.token_file, self.ca)
        return self

    def _wait_until_ready(self, deadline):
        text = b""
        while b"ready\n" not in text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise NotReady(f"musterd did not say ready in time; its log is {self.log.name}")
            piece = self.process.stdout.read1()
            if not piece:
                raise NotReady(f"musterd ended with {self.process.wait()} before it was ready; "
                               f"its log is {self.log.name}")
            text += piece
        for line in text.decode().splitlines():
            if line.startswith("console"):
                self.link = line.split()[-1]

    def client(self, token):
        return Api(self.ports["operator"], self.ca, token)

    def kill(self):
        """As a power cut would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def restart(self):
        self.kill()
        return self.start()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, within=20):
        """Its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -9
        self.process.stdout.close()
        self.process = None
        self.log.close()
        return code
