"""A TUF repository that a test can bend: metadata is made, signed and served here, by none of our own code, so that what
our client accepts was written by somebody else. Signatures are python3-cryptography's."""

import datetime
import hashlib
import http.server
import json
import threading
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TOP = ("root", "timestamp", "snapshot", "targets")


def canonical(value):
    """OLPC canonical JSON: what signatures are over."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value)


def in_days(days):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class Key:
    """Signs; `public` is how metadata spells it."""

    def __init__(self, scheme="ed25519", extra=None):
        self.scheme = scheme
        if scheme == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
        elif scheme.startswith("ecdsa"):
            self.private = ec.generate_private_key(ec.SECP384R1() if scheme.endswith("384") else ec.SECP256R1())
        else:
            self.private = rsa.generate_private_key(65537, 2048)
        kind = "ed25519" if scheme == "ed25519" else scheme.split("-")[0].replace("rsassa", "rsa")
        self.public = {"keytype": kind, "scheme": scheme, "keyval": {"public": self.spelled()}, **(extra or {})}
        self.keyid = hashlib.sha256(canonical(self.public).encode()).hexdigest()

    def spelled(self):
        public = self.private.public_key()
        if self.scheme == "ed25519":
            return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
        return public.public_bytes(serialization.Encoding.PEM,
                                   serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, data):
        sha256 = hashes.SHA256()
        if self.scheme == "ed25519":
            return self.private.sign(data).hex()
        if self.scheme.startswith("ecdsa"):
            return self.private.sign(data, ec.ECDSA(hashes.SHA384() if "384" in self.scheme else sha256)).hex()
        if self.scheme.startswith("rsassa-pss"):
            return self.private.sign(data, padding.PSS(padding.MGF1(sha256), 32), sha256).hex()
        return self.private.sign(data, padding.PKCS1v15(), sha256).hex()


class Repository:
    """`content` of each role may be changed at will and is out once it is published; `files` are what is served, and
    `asked` is what was asked for, in order: ("root", 2), ("timestamp", None), ("target", "<path>")."""

    def __init__(self, consistent=True, hashes=False, scheme="ed25519"):
        self.hashes, self.scheme, self.files, self.artifacts, self.asked = hashes, scheme, {}, {}, []
        self.content, self.signers, self.published = {}, {}, {}
        for role in TOP:
            self.content[role] = {"_type": role, "spec_version": "1.0.34", "version": 0, "expires": in_days(30)}
        self.content["root"].update(consistent_snapshot=consistent, keys={}, roles={})
        self.content["snapshot"]["meta"] = self.content["timestamp"]["meta"] = {}
        self.content["targets"]["targets"] = {}
        for role in TOP:
            self.content["root"]["roles"][role] = {"keyids": [], "threshold": 1}
            self.add_key(role)
        self.publish(*("targets", "snapshot", "timestamp", "root"))

    root = property(lambda self: self.content["root"])
    targets = property(lambda self: self.content["targets"])
    snapshot = property(lambda self: self.content["snapshot"])
    timestamp = property(lambda self: self.content["timestamp"])

    def role(self, name, by="root"):
        """Where its key ids and threshold stand."""
        if by == "root":
            return self.root["roles"][name]
        return next(r for r in self.content[by]["delegations"]["roles"] if r["name"] == name)

    def add_key(self, name, by="root", key=None, signs=True):
        key = key or Key(self.scheme)
        holder = self.root if by == "root" else self.content[by]["delegations"]
        holder["keys"][key.keyid] = key.public
        self.role(name, by)["keyids"].append(key.keyid)
        if signs:
            self.signers.setdefault(name, []).append(key)
        return key

    def rotate(self, name):
        self.role(name)["keyids"].clear()
        self.signers[name].clear()
        return self.add_key(name)

    def delegate(self, by, name, paths=("*",), terminating=False, prefixes=None, expires=None):
        content = self.content[by].setdefault("delegations", {"keys": {}, "roles": []})
        one = {"name": name, "keyids": [], "threshold": 1, "terminating": terminating}
        one.update({"path_hash_prefixes": list(prefixes)} if prefixes else {"paths": list(paths)})
        content["roles"].append(one)
        if name not in self.content:
            self.content[name] = {"_type": "targets", "spec_version": "1.0.34", "version": 0, "targets": {},
                                  "expires": expires or in_days(30)}
            self.add_key(name, by)
        else:
            for key in self.signers[name]:
                self.add_key(name, by, key, signs=False)

    def add_artifact(self, data, path, role="targets", algorithms=("sha256",)):
        sums = {each: hashlib.new(each, data).hexdigest() for each in algorithms}
        self.content[role]["targets"][path] = {"length": len(data), "hashes": sums}
        self.artifacts[path] = data

    def meta_of(self, role):
        text = self.published[role][-1]
        meta = {"version": json.loads(text)["signed"]["version"]}
        if self.hashes:
            meta.update(length=len(text), hashes={"sha256": hashlib.sha256(text).hexdigest()})
        return meta

    def signed(self, role, signers=None):
        content = self.content[role]
        data = canonical(content).encode()
        signatures = [{"keyid": key.keyid, "sig": key.sign(data)}
                      for key in (self.signers[role] if signers is None else signers)]
        return json.dumps({"signed": content, "signatures": signatures}, indent=1).encode()

    def publish(self, *roles, bump=True, meta=True, at=None, signers=None):
        """Signs the roles in this order; each may be told another version than its own to be served `at`."""
        for role in roles:
            content = self.content[role]
            content["version"] += 1 if bump else 0
            if role == "snapshot" and meta:
                content["meta"] = {f"{name}.json": self.meta_of(name) for name in self.published
                                   if name not in ("root", "timestamp", "snapshot")}
            if role == "timestamp" and meta:
                content["meta"] = {"snapshot.json": self.meta_of("snapshot")}
            self.serve(role, at or content["version"], self.signed(role, signers))
        return self

    def serve(self, role, version, text):
        self.published.setdefault(role, []).append(text)
        name = urllib.parse.quote(role, "")
        if role != "timestamp":
            self.files[f"{version}.{name}.json"] = text
        if role != "root":
            self.files[f"{name}.json"] = text

    def publish_all(self):
        return self.publish(*[role for role in self.content if role not in ("root", "snapshot", "timestamp")],
                            "snapshot", "timestamp")

    def answer(self, path):
        kind, _, name = path.partition("/")
        if kind == "metadata":
            front, _, rest = name.removesuffix(".json").partition(".")
            versioned = front.isdigit() and rest
            self.asked.append((rest, int(front)) if versioned else (name.removesuffix(".json"), None))
            consistent = self.root["consistent_snapshot"] or rest == "root"
            return self.files.get(name) if consistent or not versioned else None
        folder, _, last = urllib.parse.unquote(name).rpartition("/")
        if self.root["consistent_snapshot"]:
            prefix, _, last = last.partition(".")
        wanted = f"{folder}/{last}" if folder else last
        self.asked.append(("target", wanted))
        known = [sums for role in self.content.values() for path, target in role.get("targets", {}).items()
                 if path == wanted for sums in target["hashes"].values()]
        if self.root["consistent_snapshot"] and prefix not in known:
            return None
        return self.artifacts.get(wanted)


class Server:
    """Serves repositories below /<name>/ on loopback. A file that is `endless` never ends."""

    def __init__(self):
        self.repositories, self.endless = {}, set()
        outer = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, name, path = self.path.split("/", 2)
                if path in outer.endless:
                    return self.pour()
                body = outer.repositories[name].answer(path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def pour(self):
                self.send_response(200)
                self.end_headers()
                try:
                    for _ in range(4096):  # 256 MiB: more than any client may take
                        self.wfile.write(b"A" * 65536)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.http.server_address[1]}/{name}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()
