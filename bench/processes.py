"""The processes of a bench: musterd, mosquitto and the load generator, each pinned, and what the kernel says of them."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

SERVER_CORE, CLIENT_CORE = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A sentence for who runs the bench."""


def pinned(core, command):
    return ["taskset", "--cpu-list", core, *map(str, command)] if os.cpu_count() > 1 else list(map(str, command))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, what):
    for _ in range(200):
        if process.poll() is not None:
            raise BenchError(f"{what} ended with exit code {process.returncode}; its words are in its log")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BenchError(f"{what} did not open port {port} in 10 s")


def cpu_seconds_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK  # utime, stime


class Server:
    """A running server: CPU seconds it has used, and its resident memory."""

    name = ""

    def __init__(self, command, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(pinned(SERVER_CORE, command), stdout=subprocess.PIPE, stderr=self.log)
        self.port = 0

    def cpu_seconds(self):
        return cpu_seconds_of(self.process.pid)

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise BenchError("the kernel tells no Rss")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise BenchError(f"{self.name} did not end within 20 s of SIGTERM") from None
        finally:
            self.process.stdout.close()
            self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def is_signer(process, data):
    """Of the controller with this folder; it is a process of its own, and nobody's child."""
    with contextlib.suppress(OSError):
        words = (process / "cmdline").read_bytes().split(b"\0")
        return words[0].endswith(b"muster-signer") and any(w.startswith(str(data).encode()) for w in words)
    return False


class Musterd(Server):
    name = "musterd"

    def __init__(self, binaries, data, *options):
        self.data = data
        super().__init__(
            [binaries / "musterd", "--data", data, "--operator-port", 0, "--mqtt-port", 0, "--device-port", 0,
             "--enrol-port", 0, "--io-threads", 1, "--isolations-per-hour", 0, "--log-level", "warning", *options],
            data.parent / f"{data.name}.log")
        for line in self.process.stdout:
            if line.strip() == b"ready":
                break
        else:
            raise BenchError(f"musterd did not start; see {data.parent / data.name}.log")
        self.signer = next((int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit() and
                            is_signer(entry, data)), None)
        self.ports = json.loads((data / "ports.json").read_text())
        self.port = self.ports["mqtt"]

    def cpu_seconds(self):
        return super().cpu_seconds() + (cpu_seconds_of(self.signer) if self.signer else 0)

    def token(self):
        return (self.data / "admin.token").read_text().strip()


class Mosquitto(Server):
    """The peer, with the fleet's own certificates. TLS 1.3, nothing persistent."""

    name = "mosquitto"

    def __init__(self, fleet, folder):
        folder.mkdir(exist_ok=True)
        port = free_port()
        anchors = folder / "anchors.pem"
        anchors.write_text((fleet / "ca.pem").read_text() + (fleet / "issuing.pem").read_text())
        config = folder / "mosquitto.conf"
        config.write_text(f"""user root
listener {port} 127.0.0.1
cafile {anchors}
certfile {fleet / "server.pem"}
keyfile {fleet / "keys/server.key"}
require_certificate true
use_identity_as_username true
tls_version tlsv1.3
set_tcp_nodelay true
persistence false
max_queued_messages 0
sys_interval 0
log_dest none
""")
        super().__init__([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", config], folder / "mosquitto.log")
        self.port = port
        wait_for_port(port, self.process, "mosquitto")


class Load:
    """The load generator: one JSON object a line; a line to it says "go on", the end of its stdin "leave"."""

    def __init__(self, binaries, mode, **options):
        command = [binaries / "muster-load", mode]
        for key, value in options.items():
            if value is True:
                command.append(f"--{key}")
            elif value is not None and value is not False:
                command += [f"--{key}", value]
        self.process = subprocess.Popen(pinned(CLIENT_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def next(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchError("the load generator ended early")
        return json.loads(line)

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.next()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def connected(server, load):
    answer = load.next()
    if answer["failed"]:
        raise BenchError(f"{answer['failed']} devices could not connect to {server.name}")
    return answer
