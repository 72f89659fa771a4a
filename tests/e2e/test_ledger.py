"""Nobody can alter what happened: a flipped byte is found, and a reader of the formats alone can check it all."""

import base64
import hashlib
import shutil
import sqlite3
import subprocess
import unittest

from controller import Controller
from maker import Maker, openssl
from stage import BINARIES, Stage

DEVICES = 300  # more than one full tile of entries


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """RFC 6962 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def root_from_proof(index, size, leaf, proof):
    """RFC 9162 2.1.3.2."""
    at, last, root = index, size - 1, leaf
    for sibling in proof:
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    return root if last == 0 else None


class Ledger(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        maker = Maker(cls.scratch)
        cls.api.post("/models", {"name": "meter"})
        cls.cli("manifest", "trust", "maker", maker.public_key)
        file, signature = maker.sign(maker.manifest(maker.devices(DEVICES)))
        cls.cli("manifest", "import", file, "--signature", signature)
        cls.pristine = cls.one_file_copy()

    @classmethod
    def one_file_copy(cls):
        """The folder as kill -9 leaves it, with all of its database in one file."""
        cls.size = cls.api.get("/ledger/checkpoint")["size"]
        cls.controller.kill()
        copy = shutil.copytree(cls.controller.folder, cls.scratch / "pristine")
        cls.controller.start()
        cls.api, cls.cli = cls.controller.api, cls.controller.cli
        database = sqlite3.connect(copy / "muster.db")
        database.execute("PRAGMA journal_mode=DELETE")
        database.close()
        return copy

    def note(self):
        text = self.api.call("GET", "/ledger/checkpoint").body.decode()
        body, signatures = text.split("\n\n", 1)
        origin, size, root = body.split("\n")[:3]
        return body + "\n", signatures, origin, int(size), base64.b64decode(root)

    def leaves(self, size):
        """From the entry bundles, as C2SP tlog-tiles lays them out."""
        found = []
        while len(found) < size:
            bundle, width = divmod(len(found), 256)[0], min(256, size - len(found))
            path = f"/ledger/tile/entries/{bundle:03}" + (f".p/{width}" if width < 256 else "")
            octets = self.api.call("GET", path).body
            while octets:
                length = int.from_bytes(octets[:2], "big")
                found.append(octets[2:2 + length])
                octets = octets[2 + length:]
        return found

    # --- independent verification ---

    def test_the_checkpoint_is_signed_by_the_key_in_the_folder(self):
        body, signatures, origin, _, _ = self.note()
        name, _, rest = (self.controller.folder / "ledger.vkey").read_text().strip().partition("+")
        key_id, _, key = rest.partition("+")
        self.assertEqual(name, origin)
        octets = base64.b64decode(key)
        self.assertEqual(octets[0], 1, "Ed25519")
        self.assertEqual(hashlib.sha256(name.encode() + b"\n" + octets).digest()[:4].hex(), key_id)
        line = next(each for each in signatures.splitlines() if each.startswith(f"— {origin} "))
        signature = base64.b64decode(line.split()[-1])
        self.assertEqual(signature[:4].hex(), key_id)
        public, message, sealed = (self.scratch / file for file in ("ledger.der", "note", "note.sig"))
        public.write_bytes(bytes.fromhex("302a300506032b6570032100") + octets[1:])
        message.write_text(body)
        sealed.write_bytes(signature[4:])
        verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", public, "-in", message,
                  "-sigfile", sealed)
        openssl(*verify)
        message.write_text(body.replace(origin, origin + "x"))
        with self.assertRaises(RuntimeError):
            openssl(*verify)

    def test_the_root_follows_from_the_entries(self):
        _, _, _, size, root = self.note()
        leaves = self.leaves(size)
        self.assertGreater(size, 256)
        self.assertEqual(root_of([leaf_hash(leaf) for leaf in leaves]), root)

    def test_an_inclusion_proof_leads_to_the_signed_root(self):
        _, _, _, size, root = self.note()
        leaves = self.leaves(size)
        for index in (0, 1, 255, 256, size - 1):
            proof = self.api.get(f"/ledger/proofs/inclusion?index={index}&size={size}")["proof"]
            proof = [bytes.fromhex(each) for each in proof]
            self.assertEqual(root_from_proof(index, size, leaf_hash(leaves[index]), proof), root, index)
            self.assertNotEqual(root_from_proof(index, size, leaf_hash(leaves[index] + b" "), proof), root)

    def test_the_full_tile_has_the_hashes_of_its_entries(self):
        leaves = self.leaves(256)
        tile = self.api.call("GET", "/ledger/tile/0/000").body
        self.assertEqual(tile, b"".join(leaf_hash(leaf) for leaf in leaves))

    def test_no_statement_alters_an_entry(self):
        copy = self.copy("statement")
        with sqlite3.connect(copy / "muster.db") as database:
            for statement in ("UPDATE ledger_entry SET leaf = '{}' WHERE id = 3", "DELETE FROM ledger_entry",
                              "DELETE FROM ledger_tile"):
                with self.assertRaises(sqlite3.Error, msg=statement):
                    database.execute(statement)
        database.close()

    # --- a flipped byte ---

    def copy(self, name):
        copy = shutil.copytree(self.pristine, self.scratch / name)
        self.addCleanup(shutil.rmtree, copy)
        return copy

    def leaf_in(self, copy, index):
        database = sqlite3.connect(copy / "muster.db")
        leaf = database.execute("SELECT leaf FROM ledger_entry WHERE id = ?", (index,)).fetchone()[0]
        database.close()
        return leaf.encode() if isinstance(leaf, str) else bytes(leaf)

    def flip_in(self, copy, index):
        """One letter of the entry's actor, in the file itself."""
        file, leaf = copy / "muster.db", self.leaf_in(copy, index)
        octets = bytearray(file.read_bytes())
        self.assertEqual(octets.count(leaf), 1)
        octets[octets.index(leaf) + leaf.index(b'"actor":"') + len(b'"actor":"')] ^= 0x01
        file.write_bytes(octets)

    def test_a_flipped_byte_in_the_newest_entries_is_found_at_start(self):
        copy = self.copy("newest")
        self.flip_in(copy, self.size - 1)
        done = subprocess.run([BINARIES / "musterd", "--data", copy, "--operator-port", "0", "--mqtt-port", "0",
                               "--device-port", "0", "--enrol-port", "0"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("ready", done.stdout)
        self.assertIn("ledger", done.stderr)

    def test_a_flipped_byte_in_an_old_entry_is_found_by_verify(self):
        copy = self.copy("old")
        self.flip_in(copy, 7)
        altered = Controller(BINARIES, copy).start()
        try:
            done = altered.cli.run("ledger", "verify")
            self.assertEqual(done.returncode, 1)
            self.assertIn("does not verify", done.stderr)
            self.assertNotIn("verified", done.stdout)
        finally:
            altered.stop()

    def test_a_ledger_made_anew_does_not_extend_a_kept_checkpoint(self):
        kept = self.scratch / "kept"
        self.cli("ledger", "verify", "--save", kept)
        copy = self.copy("anew")
        for file in copy.glob("muster.db*"):
            file.unlink()
        for trace in ("admin.token", "ledger.vkey"):  # else musterd asks where the store is
            (copy / trace).unlink()
        anew = Controller(BINARIES, copy).start()
        try:
            self.assertEqual(anew.cli.run("ledger", "verify").returncode, 0)
            done = anew.cli.run("ledger", "verify", "--since", kept)
            self.assertEqual(done.returncode, 1)
        finally:
            anew.stop()


if __name__ == "__main__":
    unittest.main()
