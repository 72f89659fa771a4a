"""MQTT as Mosquitto's programs speak it, and as octets by hand over TLS."""

import queue
import socket
import ssl
import subprocess
import threading
import time


def mosquitto_options(device, client_id=None, version="mqttv5"):
    return ["-h", "localhost", "-p", str(device.controller.ports["mqtt"]), "--cafile", str(device.controller.ca),
            "--cert", str(device.certificate), "--key", str(device.key), "-V", version, "-i", client_id or device.id]


def publish(device, topic, payload, version="mqttv5", client_id=None, qos=1):
    """The finished mosquitto_pub. What it cannot say in 10 s is an answer too: MQTT 3.1.1 has no way to say no, and
    the program goes on trying."""
    command = ["mosquitto_pub", *mosquitto_options(device, client_id, version), "-q", str(qos), "-t", topic, "-m",
               payload]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, -1, (late.stdout or b"").decode(), (late.stderr or b"").decode())


class Subscriber:
    """A mosquitto_sub, and the lines it prints: "topic payload", with its debug lines between them."""

    def __init__(self, device, topic, version="mqttv5", client_id=None):
        self.process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub",
                                         *mosquitto_options(device, client_id, version), "-d", "-v", "-q", "1", "-t",
                                         topic], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines, self.said = queue.Queue(), []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def wait_for(self, text, within=10):
        """The first line with the text in it; an AssertionError with what came instead."""
        deadline = time.monotonic() + within
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"mosquitto_sub did not say {text!r}, but {self.said}")
            self.said.append(line)
            if text in line:
                return line

    def ended(self, within=10):
        return self.process.wait(within)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()


def text(value):
    octets = value.encode()
    return len(octets).to_bytes(2, "big") + octets


def packet(first, body=b""):
    length, out = len(body), bytes([first])
    while True:
        length, digit = length >> 7, length & 0x7F
        out += bytes([digit | (0x80 if length else 0)])
        if not length:
            return out + body


def connect(client_id, version=5, keep_alive=60):
    properties = b"\x00" if version == 5 else b""
    return packet(0x10, text("MQTT") + bytes([version, 0x02]) + keep_alive.to_bytes(2, "big") + properties +
                  text(client_id))


class Raw:
    """A TLS connection with the device's certificate, and whatever octets one likes."""

    def __init__(self, device, timeout=10):
        context = ssl.create_default_context(cafile=device.controller.ca)
        if device.certificate.exists():
            context.load_cert_chain(device.certificate, device.key)
        plain = socket.create_connection(("localhost", device.controller.ports["mqtt"]), timeout)
        self.line = context.wrap_socket(plain, server_hostname="localhost")
        self.line.settimeout(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def send(self, octets):
        self.line.sendall(octets)
        return self

    def packet(self):
        """First octet and body; None at the end of the connection."""
        try:
            first = self.line.recv(1)
            if not first:
                return None
            length, shift = 0, 0
            while True:
                digit = self.line.recv(1)[0]
                length |= (digit & 0x7F) << shift
                shift += 7
                if digit < 0x80:
                    break
            body = b""
            while len(body) < length:
                body += self.line.recv(length - len(body))
            return first[0], body
        except (ConnectionError, ssl.SSLError, IndexError):
            return None

    def until_closed(self):
        """The packets that came before the end; TimeoutError if there is no end."""
        packets = []
        while (one := self.packet()) is not None:
            packets.append(one)
        return packets


def connected(device, version=5):
    raw = Raw(device).send(connect(device.id, version))
    answer = raw.packet()
    if not answer or answer[0] != 0x20 or answer[1][1] != 0:
        raw.line.close()
        raise AssertionError(f"{device.id} may not connect: {answer}")
    return raw
