"""The public way into musterd: the operator's REST API and EST, as an owner with a signed manifest uses them."""

import base64
import hashlib
import http.client
import json
import secrets
import ssl
import subprocess

MODEL = {"name": "meter", "risk": "moderate", "interval_s": 1,
         "metrics": [{"name": "voltage", "unit": "V", "min": 100, "max": 400},
                     {"name": "power", "unit": "W", "min": 0, "max": 20000}, {"name": "energy", "unit": "Wh"}]}


class Api:
    def __init__(self, musterd):
        trust = ssl.create_default_context(cafile=musterd.data / "ca.pem")
        self.connection = http.client.HTTPSConnection("127.0.0.1", musterd.ports["operator"], context=trust, timeout=60)
        self.headers = {"Authorization": f"Bearer {musterd.token()}", "Content-Type": "application/json"}

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text.decode()[:300]}")
        return json.loads(text)

    def close(self):
        self.connection.close()


def expect_devices(api, folder, count):
    """Imports a signed manifest with a token hash for each device. Returns a file of names and tokens."""
    key, public = folder / "maker.key", folder / "maker.pub"
    run = lambda *command: subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    run("genpkey", "-algorithm", "ed25519", "-out", key)
    run("pkey", "-in", key, "-pubout", "-out", public)
    tokens = {f"meter-{n:05}": secrets.token_urlsafe(24) for n in range(count)}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({
        "format": "muster-manifest-1", "owner": "bench",
        "devices": [{"id": name, "model": "meter", "token_sha256": hashlib.sha256(token.encode()).hexdigest()}
                    for name, token in tokens.items()]}))
    run("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", manifest, "-out", folder / "manifest.sig")
    api.post("/api/v1/models", MODEL)
    api.post("/api/v1/manifest-keys", {"name": "maker", "public_key_pem": public.read_text()})
    api.post("/api/v1/manifests", {"manifest": manifest.read_text(),
                                   "signature": base64.b64encode((folder / "manifest.sig").read_bytes()).decode()})
    return list(tokens.items())
