"""Artifacts over mutual TLS: octets a CPU-second of the server beside nginx, and what thousands of slow ones hold."""

import base64
import hashlib
import pathlib
import re
import resource
import secrets
import shutil
import signal
import time

from fleet import Api
from processes import BenchError, Load, Musterd, Server, connected, cpu_seconds_of, free_port, wait_for_port

ARTIFACT = 32 << 20


class Nginx(Server):
    """The peer, with the fleet's own certificates: one worker, TLS 1.3, its file on the same disk."""

    name = "nginx"

    def __init__(self, fleet, folder, file):
        folder.mkdir(exist_ok=True)
        port = free_port()
        anchors = folder / "anchors.pem"
        anchors.write_text((fleet / "ca.pem").read_text() + (fleet / "issuing.pem").read_text())
        (folder / "artifact").unlink(missing_ok=True)
        shutil.copy(file, folder / "artifact")
        config = folder / "nginx.conf"
        config.write_text(f"""daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; send_timeout 300s; default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} ssl; root {folder};
    ssl_certificate {fleet}/server.pem; ssl_certificate_key {fleet}/keys/server.key; ssl_protocols TLSv1.3;
    ssl_client_certificate {anchors}; ssl_verify_client on; ssl_verify_depth 3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  }}
}}
""")
        super().__init__([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config], folder / "nginx.log")
        self.port, self.target = port, "/artifact"
        wait_for_port(port, self.process, "nginx")
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.worker = int(children[0])

    def cpu_seconds(self):
        return cpu_seconds_of(self.worker)

    def resident_bytes(self):
        rollup = pathlib.Path(f"/proc/{self.worker}/smaps_rollup").read_text()
        return int(re.search(r"^Rss:\s+(\d+)", rollup, re.M)[1]) * 1024


def kernel_octets():
    """What the kernel holds for TCP, of the whole machine."""
    found = re.search(r"^TCP:.* mem (\d+)", pathlib.Path("/proc/net/sockstat").read_text(), re.M)
    return int(found[1]) * 4096


def offered(bench, server):
    """A release that is offered to the first device; the path of its artifact."""
    device = next(line.strip() for line in bench.identities.open() if line.startswith("meter-"))
    octets = secrets.token_bytes(ARTIFACT)
    digest = hashlib.sha256(octets).hexdigest()
    api = Api(server)
    api.connection.request("POST", "/api/v1/artifacts", octets,
                           {**api.headers, "Content-Type": "application/octet-stream",
                            "Content-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"})
    answer = api.connection.getresponse()
    if answer.read() and answer.status >= 300:
        raise BenchError(f"the artifact was refused: {answer.status}")
    release = api.post("/api/v1/releases", {"model": "meter", "version": f"1.{int(time.time())}", "digest": digest})
    api.post("/api/v1/rollouts", {"release": release["id"], "selector": f'id == "{device}"', "deadline_s": 86400,
                                  "waves": [{"share_permille": 1000}]})
    api.close()
    return f"/artifacts/sha256/{digest}", octets


def throughput(bench, ours, theirs):
    rates = ([], [])
    loads = [Load(bench.bin, "download", port=server.port, identities=bench.identities, target=server.target, count=8,
                  seconds=bench.seconds) for server in (ours, theirs)]
    for server, load in zip((ours, theirs), loads):
        connected(server, load)
        load.process.send_signal(signal.SIGSTOP)  # it fetches all the time, and only one at once
    for _ in range(bench.rounds):
        for which, (server, load) in enumerate(zip((ours, theirs), loads)):
            load.process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            used = server.cpu_seconds()
            answer = load.go()
            rates[which].append(answer["octets"] / 1e6 / (server.cpu_seconds() - used))
            load.process.send_signal(signal.SIGSTOP)
    for load in loads:
        load.process.send_signal(signal.SIGCONT)
        load.__exit__()
    bench.report.beside("artifact download over TLS 1.3 (AES-128-GCM), 8 connections, 32 MiB", "MB per server CPU-second",
                        *rates, ("at least", 0.8), "ours checks the certificate and the offer at each request", "nginx")


def slow(bench, server, count):
    before, kernel = server.resident_bytes(), kernel_octets()
    with Load(bench.bin, "download", port=server.port, identities=bench.identities, target=server.target, count=count,
              parallel=64, slow=True, seconds=15) as load:
        connected(server, load)
        answer = load.go()
        if answer["failed"]:
            raise BenchError(f"{answer['failed']} slow downloads were cut")
        return (server.resident_bytes() - before) / count, (kernel_octets() - kernel) / count


def downloads(bench, count=5000):
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    with Musterd(bench.bin, bench.data) as ours:
        with Load(bench.bin, "connect", port=ours.port, identities=bench.identities, count=1, subscribe=True) as load:
            connected(ours, load)  # who is there is told at once what to run
            target, octets = offered(bench, ours)
            time.sleep(2)
        ours.port, ours.target = ours.ports["device"], target
        file = bench.work / "artifact"
        file.write_bytes(octets)
        with Nginx(bench.data, bench.work / "nginx", file) as theirs:
            throughput(bench, ours, theirs)
            (memory, kernel), (their_memory, their_kernel) = slow(bench, ours, count), slow(bench, theirs, count)
    bench.report.beside(f"memory of the server per slow download, {count:,} at once", "bytes RSS", [memory],
                        [their_memory], None, f"of TCP in the kernel, both ends: {kernel:,.0f} and {their_kernel:,.0f}", "nginx")
    bench.report.alone("memory of the server per slow download", "bytes RSS", [memory], ("at most", 64 << 10))
