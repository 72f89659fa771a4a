"""Parts of the bench about identities: a hundred thousand registrations beside what OpenSSL's primitives alone would
cost, revocation among ten thousand live sessions, and what third parties are told of a certificate."""

import re
import resource
import subprocess
import time

from fleet import Api, expect_devices
from processes import CLIENT_CORE, SERVER_CORE, BenchError, Load, Musterd, connected, free_port, pinned

SESSIONS, REVOKED = 10_000, 500
WITHOUT_LIMIT = ("--enrolments-per-address", "1000000")  # all of them come from 127.0.0.1


def primitives():
    """Seconds of one core for what an enrolment cannot do without, by `openssl speed`: the server's half of a TLS 1.3
    handshake (key share, agreement, signature), the proof of possession in the request, the certificate's signature."""
    out = subprocess.run(pinned(SERVER_CORE, ["openssl", "speed", "-mr", "-seconds", "2", "ecdsap256", "ecdhx25519"]),
                         capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\+F(\d):\d+:\d+:(.+)$", out, re.MULTILINE)
    times = {kind: [1 / rate if rate > 1 else rate for rate in map(float, rest.split(":"))] for kind, rest in found}
    sign, verify = times["4"][:2]
    agree = times["5"][0]
    return {"sign": sign, "verify": verify, "agree": agree, "enrolment": 2 * sign + verify + 2 * agree}


def registrations(bench, count):
    """Manifest to certificates, at the public doors; the fleet is left in bench.many."""
    rates, costs, shares = [], [], []
    bench.many = bench.work / "many"
    before = primitives()
    with Musterd(bench.bin, bench.many, *WITHOUT_LIMIT) as server:
        api = Api(server)
        began = time.monotonic()
        used = server.cpu_seconds()
        devices = expect_devices(api, bench.work, count)
        imported, import_cpu = time.monotonic() - began, server.cpu_seconds() - used
        api.close()
        waves = max(1, count // SESSIONS)
        for wave in range(waves):
            tokens, part = bench.work / "many-tokens", bench.work / f"many-identities-{wave}"
            chosen = devices[wave * count // waves:(wave + 1) * count // waves]
            tokens.write_text("".join(f"{name} {token}\n" for name, token in chosen))
            used = server.cpu_seconds()
            with Load(bench.bin, "enrol", port=server.ports["enrol"], identities=part, tokens=tokens,
                      ca=bench.many / "ca.pem", parallel=100) as load:
                answer = load.next()
            if answer["refused"]:
                raise BenchError(f"{answer['refused']} enrolments were refused")
            cpu = (server.cpu_seconds() - used) / answer["enrolled"]
            costs.append(1 / cpu)
            shares.append(100 * before["enrolment"] / cpu)
            rates.append(answer["enrolled"] / answer["seconds"])
            if wave:
                part.unlink()
    bench.many_identities = bench.work / "many-identities-0"
    parts = ", ".join(f"{name} {before[name] * 1e6:.0f} µs" for name in ("sign", "verify", "agree"))
    bench.report.alone(f"registrations of {count:,} devices: manifest imported", "s", [imported], None,
                       f"{import_cpu:.1f} s of CPU; signed JSON, a token hash each; ledger entry and rows each")
    bench.report.alone(f"registrations of {count:,} devices: enrolments", "per second", rates, None,
                       f"in waves of {count // waves:,}; server and signer on one core")
    bench.report.alone("enrolments (TLS, EST, commit, ledger, signer's log)", "per CPU-second", costs,
                       ("at least", 600), "musterd and muster-signer together")
    bench.report.alone("the same, share of the ceiling by OpenSSL's primitives", "%", shares, None,
                       f"2 signatures, 1 verification, 2 X25519 of `openssl speed` in this run: {parts}")


def revocation(bench):
    """From the API's 200 to the client's end of stream, with ten thousand mutual TLS sessions."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Musterd(bench.bin, bench.many) as server, \
            Load(bench.bin, "connect", port=server.port, identities=bench.many_identities, count=SESSIONS) as load:
        connected(server, load)
        api, told = Api(server), {}
        with open(bench.many_identities) as identities:
            names = [line.strip() for line in identities if line.startswith("meter-")][:REVOKED]
        for name in names:
            api.post(f"/api/v1/devices/{name}/certificates/revoke", {"reason": "bench", "because": "key-compromise"})
            told[name] = time.monotonic_ns()
        closed = {}
        while len(closed) < REVOKED:
            line = load.next()
            closed[line["closed"]] = line["at_ns"]
        api.close()
    late = sorted(max(0, closed[n] - told[n]) / 1e6 for n in names)
    note = f"{REVOKED} revoked one after the other, {SESSIONS:,} live sessions; 0: the end of the stream came before the 200"
    bench.report.alone("revocation, from the API's 200 to the device's end of stream, p50", "ms", [late[len(late) // 2]])
    bench.report.alone("revocation, from the API's 200 to the device's end of stream, p99", "ms",
                       [late[int(len(late) * .99)]], ("at most", 100), note)


def request_for(bench, folder):
    """An OCSP request for the certificate of the fleet's first device."""
    certificate, request = folder / "device.pem", folder / "device.req"
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", bench.identities.read_text(), re.DOTALL)
    certificate.write_text(pem[0] + "\n")
    subprocess.run(["openssl", "ocsp", "-issuer", bench.data / "issuing.pem", "-cert", certificate, "-no_nonce",
                    "-reqout", request], check=True, capture_output=True)
    return request


def asked(port, path, request, requests, keep):
    """Answers per second, by ab from another core."""
    command = ["ab", "-q", "-c", "32", "-n", requests, "-p", request, "-T", "application/ocsp-request",
               *(["-k"] if keep else []), f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(pinned(CLIENT_CORE, command), capture_output=True, text=True)
    rate = re.search(r"^Requests per second:\s+([\d.]+)", done.stdout, re.MULTILINE)
    wrong = re.search(r"^Non-2xx responses:\s+(\d+)", done.stdout, re.MULTILINE)
    if done.returncode or not rate or wrong:
        raise BenchError(f"ab: {(done.stderr or done.stdout)[-300:]}")
    return float(rate[1])


def status(bench):
    """OCSP over HTTP; its answers and lists of a million beside OpenSSL's own functions."""
    folder = bench.work / "status"
    folder.mkdir(exist_ok=True)
    fresh, kept = [], []
    port = free_port()
    request = request_for(bench, folder)
    with Musterd(bench.bin, bench.data, "--status-port", port):
        for _ in range(bench.rounds):
            fresh.append(asked(port, "/ocsp", request, 5_000, keep=False))
            kept.append(asked(port, "/ocsp", request, 50_000, keep=True))
    bench.report.alone("OCSP answers over HTTP, a connection each", "per second", fresh, None,
                       "32 at once by ab, one core serves; answered from what was signed and kept")
    bench.report.alone("OCSP answers over HTTP, connections kept", "per second", kept)
    ours, theirs = (bench.only("crypto_bench", f"^answer{peer}$") for peer in ("", "_with_openssl"))
    bench.report.beside("OCSP answers made and signed", "per second", ours, theirs, None, "", "OpenSSL")
    for what, name in ("a CRL of 1,000,000 entries, sorted, signed, DER", "revoke"), ("the same, read", "read_list"):
        ours, theirs = (bench.only("crypto_bench", f"^{name}{peer}/1000000$", "real_time")
                        for peer in ("", "_with_openssl"))
        bench.report.beside(what, "ms", ours, theirs, None, "", "OpenSSL")
    for batch in (1, 64):
        bench.report.alone(f"issuing alone, {batch} a write of the issuance log", "per second",
                           bench.only("signer_bench", f"^keeper/{batch}/"), ("at least", 3_000) if batch == 64 else None,
                           f"fsync {bench.report.machine['fsync of 4 KiB']}")
