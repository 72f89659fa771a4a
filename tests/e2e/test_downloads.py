"""Small downloads: what the controller makes of what is published, told apart by clients that we did not write (curl and
zstd), and fetched by the agent."""

import base64
import hashlib
import os
import secrets
import subprocess
import tarfile
import unittest

from device import Device
from stage import METRICS, Stage
from test_agent import Agent

SIZE = 1 << 20


class Downloads(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 1, *METRICS)

    def publish_octets(self, version, octets):
        file = self.scratch / f"{version}.bin"
        file.write_bytes(octets)
        self.cli("release", "publish", "--model", "meter", "--version", version, file)
        return hashlib.sha256(octets).hexdigest()

    def form(self, digest, suffix):
        """Of an artifact, once the controller has made it."""
        file = self.controller.folder / "artifacts" / digest[:2] / f"{digest}{suffix}"
        self.eventually(f"{file.name} is made", file.exists, 90)
        return file

    def roll_out(self, version, *ids):
        rollout = self.cli("rollout", "start", "--release", version, "--selector",
                           " || ".join(f'id == "{id}"' for id in ids), "--waves", "100%", "--soak", "1s", "--deadline", "60s")
        return rollout

    def done(self, rollout):
        self.eventually(f"rollout {rollout} is done", lambda: self.api.get(f"/rollouts/{rollout}")["state"] == "done", 60)

    def poll(self, device):
        """Asks what there is to do, which is when an offer is made."""
        door = f"https://localhost:{self.controller.ports['device']}/v1/devices/{device.id}/updates"
        subprocess.run(["curl", "-sS", "--fail", "--cacert", self.controller.ca, "--cert", device.certificate, "--key",
                        device.key, "-o", "/dev/null", door], check=True)

    def fetch(self, device, digest, *options):
        """Status, headers and octets of what curl gets with the device's certificate."""
        out, heads = device.folder / "artifact", device.folder / "heads"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", self.controller.ca, "--cert",
                               device.certificate, "--key", device.key, "-o", out, "-D", heads, "-w", "%{http_code}",
                               *options, f"https://localhost:{self.controller.ports['device']}/artifacts/sha256/{digest}"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        headers = dict(line.lower().split(": ", 1) for line in heads.read_text().splitlines() if ": " in line)
        return int(done.stdout), headers, out.read_bytes() if out.exists() else b""

    def test_an_agent_fetches_a_patch_and_clients_of_others_understand_it(self):
        agent = Agent(self.controller, self.scratch, "small", self.expect("small")).start()
        self.addCleanup(agent.stop)
        self.eventually("it is online", lambda: self.device("small")["online"])
        other = Device(self.controller, self.scratch, "other")
        other.enrol(self.expect("other"))
        before = secrets.token_bytes(SIZE)
        first = self.publish_octets("1.0.0", before)
        self.done(self.roll_out("1.0.0", "small"))

        text = b"a line of text, and another\n" * 4000
        after = before[:1000] + b"changed" + before[1007:] + text
        second = self.publish_octets("1.1.0", after)
        patch = self.form(second, f".{first}.dcz").read_bytes()
        self.assertLess(len(patch), 3000)
        rollout = self.roll_out("1.1.0", "small", "other")
        self.eventually("the agent has it", lambda: self.device("small")["firmware"] == "1.1.0", 60)
        self.assertEqual(agent.running(), after)
        self.assertIn(f'coding="dcz" octets="{len(patch)}" of="{len(after)}"', open(agent.log.name).read())

        # To a client that knows of no smaller forms it is as it was.
        self.poll(other)
        plain = self.fetch(other, second)
        self.assertEqual((plain[0], plain[2]), (200, after))
        self.assertEqual(plain[1]["etag"], f'"{second}"')
        self.assertNotIn("content-encoding", plain[1])
        self.assertIn("immutable", plain[1]["cache-control"])
        self.assertEqual(plain[1]["vary"], "accept-encoding, available-dictionary")

        # A patch, by RFC 9842, undone with zstd's own program.
        dictionary = base64.b64encode(bytes.fromhex(first)).decode()
        accept = ("-H", "Accept-Encoding: dcz, zstd", "-H", f"Available-Dictionary: :{dictionary}:")
        status, headers, octets = self.fetch(other, second, *accept)
        self.assertEqual((status, headers["content-encoding"], octets), (200, "dcz", patch))
        (self.scratch / "base").write_bytes(before)
        (self.scratch / "patch.zst").write_bytes(octets[40:])
        subprocess.run(["zstd", "-q", "-d", "-f", f"--patch-from={self.scratch}/base", self.scratch / "patch.zst", "-o",
                        self.scratch / "made"], check=True)
        self.assertEqual((self.scratch / "made").read_bytes(), after)

        # Resumed, as the same form only; and not sent again to who has it.
        tag = headers["etag"]
        status, headers, rest = self.fetch(other, second, *accept, "-H", "Range: bytes=100-", "-H", f"If-Range: {tag}")
        self.assertEqual((status, rest), (206, patch[100:]))
        status, headers, whole = self.fetch(other, second, "-H", "Range: bytes=100-", "-H", f"If-Range: {tag}")
        self.assertEqual((status, whole), (200, after), "the form as it is has another tag")
        self.assertEqual(self.fetch(other, second, *accept, "-H", f"If-None-Match: {tag}")[0], 304)
        self.cli("rollout", "halt", rollout, "--reason", "seen enough")

    def test_what_saves_nothing_is_not_made_and_what_does_is_compressed_for_who_asks(self):
        device = Device(self.controller, self.scratch, "plain")
        device.enrol(self.expect("plain", model="lock"))
        octets = b"the same line again and again\n" * 20000
        file = self.scratch / "lock.bin"
        file.write_bytes(octets)
        self.cli("release", "publish", "--model", "lock", "--version", "1.0.0", file)
        digest = hashlib.sha256(octets).hexdigest()
        form = self.form(digest, ".zstd").read_bytes()
        self.cli("rollout", "start", "--release", "lock/1.0.0", "--waves", "100%", "--deadline", "60s")
        self.poll(device)
        status, headers, got = self.fetch(device, digest, "-H", "Accept-Encoding: zstd;q=1.0, gzip")
        self.assertEqual((status, headers["content-encoding"], got), (200, "zstd", form))
        done = subprocess.run(["zstd", "-q", "-d", "-c"], input=got, capture_output=True, check=True)
        self.assertEqual(done.stdout, octets)
        noise = self.scratch / "noise.bin"
        noise.write_bytes(secrets.token_bytes(100_000))
        self.cli("release", "publish", "--model", "noisy", "--version", "1.0.0", noise)
        digest = hashlib.sha256(noise.read_bytes()).hexdigest()
        self.assertEqual(self.form(digest, ".zstd").read_bytes(), b"", "it was tried, and found to be of no use")

    def test_the_same_folder_is_the_same_artifact_wherever_and_whenever_it_is_packed(self):
        digests = set()
        for n, order in enumerate((("b", "a", "deep"), ("deep", "a", "b"))):
            tree = self.scratch / f"tree-{n}"
            tree.mkdir(mode=0o700 if n else 0o755)
            for name in order:
                if name == "deep":
                    (tree / ("d" * 90) / ("e" * 90)).mkdir(parents=True)
                    (tree / ("d" * 90) / ("e" * 90) / "file").write_bytes(b"deep")
                else:
                    (tree / name).write_text(name * 700)
                    (tree / name).chmod(0o755 if name == "a" else 0o640 if n else 0o664)
            (tree / "link").symlink_to("a")
            os.utime(tree / "a", (n, n))
            self.cli("release", "publish", "--model", f"tree-{n}", "--version", "1.0.0", "--from-dir", tree)
            digests.add(next(each["digest"] for each in self.api.items("/releases") if each["model"] == f"tree-{n}"))
            packed = self.scratch / f"tree-{n}.tar"
            self.assertEqual(self.cli("release", "pack", tree, packed).strip(), hashlib.sha256(packed.read_bytes()).hexdigest())
            digests.add(hashlib.sha256(packed.read_bytes()).hexdigest())
        self.assertEqual(len(digests), 1)
        with tarfile.open(packed) as archive:
            members = {each.name: (each.type, each.mode, each.mtime, each.uid) for each in archive}
            self.assertEqual(archive.extractfile("d" * 90 + "/" + "e" * 90 + "/file").read(), b"deep")
        self.assertEqual(members["a"], (tarfile.REGTYPE, 0o755, 0, 0))
        self.assertEqual(members["b"], (tarfile.REGTYPE, 0o644, 0, 0))
        self.assertEqual(members["link"][0], tarfile.SYMTYPE)
        os.mkfifo(tree / "pipe")
        refused = self.cli.run("release", "pack", tree, packed)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("is neither a file", refused.stderr)


if __name__ == "__main__":
    unittest.main()
