"""Who is told: a webhook receiver that believes nothing but a good signature (Standard Webhooks, symmetric)."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

TOLERANCE_S = 300


def verifies(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    expected = base64.b64encode(hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    signatures = (each.split(",", 1) for each in headers.get("webhook-signature", "").split())
    return any(version == "v1" and hmac.compare_digest(signature, expected) for version, signature in signatures)


class Receiver:
    """Listens on a loopback port of its own. `secret` is what `muster webhook add` printed."""

    def __init__(self):
        self.secret, self.verified, self.refused = "", [], 0
        receiver = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1 << 20))
                good = bool(receiver.secret) and verifies(receiver.secret, self.headers, body)
                if good:
                    receiver.verified.append(json.loads(body))
                else:
                    receiver.refused += 1
                self.send_response(204 if good else 401)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
