"""muster-tuf against repositories that python made: the case families of the public conformance suite, by its command
line. What a client may do is judged from outside: how it ends, what it keeps, what it asks for."""

import hashlib
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from stage import BINARIES
from tufrepo import Key, Repository, Server, in_days

FIRST = [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]


class Follower:
    """One client: its folders and its command line."""

    def __init__(self, folder, url):
        self.metadata, self.targets, self.url = folder / "metadata", folder / "targets", url
        self.metadata.mkdir(parents=True)
        self.targets.mkdir()

    def run(self, *arguments, days=0):
        late = ["faketime", "-f", f"+{days}d"] if days else []
        done = subprocess.run([*late, BINARIES / "muster-tuf", "--metadata-dir", self.metadata, *arguments],
                              capture_output=True, timeout=60)
        self.said = done.stderr.decode()
        return done.returncode

    def init(self, root):
        given = self.metadata.parent / "given_root.json"
        given.write_bytes(root)
        return self.run("init", given)

    def refresh(self, days=0):
        return self.run("--metadata-url", f"{self.url}/metadata", "refresh", days=days)

    def download(self, *names, days=0):
        named = [word for name in names for word in ("--target-name", name)]
        return self.run("--metadata-url", f"{self.url}/metadata", *named, "--target-base-url", f"{self.url}/targets",
                        "--target-dir", self.targets, "download", days=days)

    def kept(self):
        """The versions that it trusts, by role."""
        out = {}
        for file in self.metadata.glob("*.json"):
            out[urllib.parse.unquote(file.stem)] = json.loads(file.read_bytes())["signed"]["version"]
        return out

    def has(self):
        return sorted(file.read_bytes() for file in self.targets.iterdir())


class TufClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="muster-tuf-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.numbers = itertools.count()

    def begin(self, repo=None, refresh=False, **options):
        """A repository and a client that trusts its first root."""
        repo = repo or Repository(**options)
        name = f"r{next(self.numbers)}"
        self.server.repositories[name] = repo
        client = Follower(self.scratch / name, self.server.url(name))
        self.assertEqual(client.init(repo.published["root"][0]), 0, client.said)
        if refresh:
            self.ok(client.refresh(), client)
            repo.asked.clear()
        return repo, client

    def ok(self, code, client):
        self.assertEqual(code, 0, client.said)

    def refused(self, code, client, *words):
        self.assertEqual(code, 1, "it was taken")
        for word in words:
            self.assertIn(word, client.said)

    # --- the order of a refresh, and what is kept ---

    def test_a_refresh_asks_in_order_and_keeps_each_file_as_it_came(self):
        repo, client = self.begin()
        self.ok(client.refresh(), client)
        self.assertEqual(repo.asked, FIRST)
        for role in ("root", "timestamp", "snapshot", "targets"):
            self.assertEqual((client.metadata / f"{role}.json").read_bytes(), repo.published[role][-1])
        repo.asked.clear()
        self.ok(client.refresh(), client)
        self.assertEqual(repo.asked, [("root", 2), ("timestamp", None)])

    def test_white_space_of_the_repository_is_kept(self):
        repo, client = self.begin()
        repo.files["timestamp.json"] += b" "
        self.ok(client.refresh(), client)
        self.assertEqual((client.metadata / "timestamp.json").read_bytes(), repo.files["timestamp.json"])

    def test_a_download_refreshes_first(self):
        repo, client = self.begin()
        self.refused(client.download("nothing"), client, "nothing")
        self.assertEqual(repo.asked, FIRST)
        self.assertEqual(client.kept(), dict.fromkeys(("root", "timestamp", "snapshot", "targets"), 1))

    def test_without_consistent_snapshots_names_have_no_version(self):
        repo, client = self.begin(consistent=False)
        repo.add_artifact(b"plain", "folder/plain.bin")
        repo.publish_all()
        self.ok(client.download("folder/plain.bin"), client)
        self.assertEqual(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", None), ("targets", None),
                                      ("target", "folder/plain.bin")])

    def test_a_trusted_root_that_is_not_signed_or_not_whole_asks_for_nothing(self):
        for spoil in (lambda root: root["signed"].pop("version"),
                      lambda root: root["signatures"][0].update(sig="00" * 64)):
            repo, client = self.begin()
            root = json.loads(repo.published["root"][0])
            spoil(root)
            (client.metadata / "root.json").write_text(json.dumps(root))
            self.refused(client.refresh(), client)
            self.assertEqual(repo.asked, [])
            self.refused(Follower(client.metadata.parent / "again", client.url).init(json.dumps(root).encode()), client)

    def test_what_is_not_there_ends_the_refresh_and_what_came_before_stays(self):
        repo, client = self.begin(refresh=True)
        repo.timestamp["meta"]["snapshot.json"]["version"] = 2
        repo.publish("timestamp", meta=False)
        self.refused(client.refresh(), client, "2.snapshot.json")
        self.assertEqual(client.kept(), {"root": 1, "snapshot": 1, "targets": 1, "timestamp": 2})
        repo, client = self.begin(refresh=True)
        repo.snapshot["meta"]["targets.json"]["version"] = 2
        repo.publish("snapshot", meta=False).publish("timestamp")
        self.refused(client.refresh(), client, "2.targets.json")
        self.assertEqual(client.kept(), {"root": 1, "snapshot": 2, "targets": 1, "timestamp": 2})
        repo, client = self.begin(refresh=True)
        del repo.files["timestamp.json"]
        self.refused(client.refresh(), client, "timestamp.json")

    def test_members_that_nobody_knows_are_covered_by_the_signature_and_else_ignored(self):
        repo, client = self.begin(refresh=True)
        repo.root["custom"] = {"a": [1, {"b": "é\n\"\\"}]}
        repo.role("root")["note"] = "ours"
        repo.add_key("root", key=Key(extra={"extra": {"a": 1}, "keyid_hash_algorithms": ["md5"]}))
        repo.publish("root")
        self.ok(client.refresh(), client)
        self.assertEqual(client.kept()["root"], 2)

    def test_a_role_that_poses_as_another_is_refused(self):
        repo, client = self.begin()
        repo.snapshot["meta"] = {"snapshot.json": {"version": 1}}
        repo.snapshot["version"] = 2
        repo.files["timestamp.json"] = repo.signed("snapshot", repo.signers["timestamp"])
        self.refused(client.refresh(), client, "_type")
        self.assertEqual(client.kept(), {"root": 1})

    # --- signatures and keys ---

    def test_each_role_must_be_signed_and_those_before_it_are_kept(self):
        all_of = {"root": 2, "timestamp": 2, "snapshot": 2, "targets": 2}
        for role, kept in (("root", {"root": 1}), ("timestamp", {"root": 2}),
                           ("snapshot", {"root": 2, "timestamp": 2}),
                           ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}), (None, all_of)):
            with self.subTest(unsigned=role):
                repo, client = self.begin()
                if role:
                    repo.signers[role].clear()
                repo.publish("root").publish_all()
                self.assertEqual(client.refresh(), 1 if role else 0, client.said)
                self.assertEqual(client.kept(), kept)

    def test_every_key_type_signs_and_a_wrong_signature_of_it_does_not(self):
        for scheme in ("rsassa-pss-sha256", "rsa-pkcs1v15-sha256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                       "ed25519"):
            with self.subTest(scheme=scheme):
                repo, client = self.begin()
                key = repo.add_key("root", key=Key(scheme))
                repo.role("root")["threshold"] = 2
                repo.publish("root")
                self.ok(client.refresh(), client)
                self.assertEqual(client.kept()["root"], 2)
                other = json.loads(repo.published["root"][-1])
                repo.root["version"] += 1
                wrong = json.loads(repo.signed("root"))
                stale = next(s["sig"] for s in other["signatures"] if s["keyid"] == key.keyid)
                next(s for s in wrong["signatures"] if s["keyid"] == key.keyid)["sig"] = stale
                repo.serve("root", 3, json.dumps(wrong).encode())
                self.refused(client.refresh(), client, "1 of 2")
                self.assertEqual(client.kept()["root"], 2)

    def test_ecdsa_keys_may_be_bare_points(self):
        repo, client = self.begin()
        key = Key("ecdsa-sha2-nistp256")
        point = key.private.public_key().public_numbers()
        key.public["keyval"]["public"] = "04%064x%064x" % (point.x, point.y)
        repo.add_key("root", key=key)
        repo.role("root")["threshold"] = 2
        repo.publish("root")
        self.ok(client.refresh(), client)

    def test_a_threshold_counts_keys_and_not_their_names(self):
        repo, client = self.begin(refresh=True)
        repo.role("snapshot")["threshold"] = 3
        repo.publish("root")
        for needed in (1, 0):
            repo.add_key("snapshot")
            repo.publish("root", "snapshot", "timestamp")
            self.assertEqual(client.refresh(), 1 if needed else 0, client.said)
        kept = client.kept()["snapshot"]
        alias = repo.signers["snapshot"][0]
        twin = Key()
        twin.private, twin.public = alias.private, dict(alias.public, twin=True)
        twin.keyid = "ab" * 32
        repo.add_key("snapshot", key=twin)
        repo.role("snapshot")["threshold"] = 4
        repo.publish("root", "snapshot", "timestamp")
        self.refused(client.refresh(), client, "3 of 4")
        self.assertEqual(client.kept()["snapshot"], kept)

    def test_a_key_without_a_signature_and_a_signature_without_a_key_do_not_count(self):
        repo, client = self.begin(refresh=True)
        repo.role("snapshot")["threshold"] = 2
        repo.add_key("snapshot", signs=False)  # known, and did not sign
        repo.signers["snapshot"].append(Key())  # signed, and is not known
        repo.publish("root", "snapshot", "timestamp")
        self.refused(client.refresh(), client, "1 of 2")
        self.assertEqual(client.kept()["snapshot"], 1)

    def test_two_signatures_by_one_key_id_are_refused_and_so_are_doubled_key_ids(self):
        repo, client = self.begin()
        doubled = json.loads(repo.files["1.snapshot.json"])
        doubled["signatures"].append(doubled["signatures"][0])
        repo.files["1.snapshot.json"] = json.dumps(doubled).encode()
        self.refused(client.refresh(), client, "second time")
        repo, client = self.begin()
        repo.role("snapshot")["keyids"] *= 2
        repo.publish("root")
        self.refused(client.refresh(), client, "each once")
        self.assertEqual(client.kept(), {"root": 1})

    def test_roots_lead_from_one_to_the_next_with_both_thresholds(self):
        keys = [Key() for _ in range(10)]
        three = [0, 1, 2, 3, 4]
        chains = {  # (keys, threshold, who signs) of each root; whether the last one is taken
            "one key for another": ([([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])], True),
            "signatures that nobody asked for": ([([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])],
                                                 True),
            "any three of five": ([(three, 3, [0, 2, 4]), (three, 3, [0, 4, 1]), (three, 3, [0, 1, 3])], True),
            "one of five replaced": ([(three, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])], True),
            "one of five replaced, signed by both": ([(three, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]),
                                                      ([0, 1, 3, 4, 5], 3, [0, 4, 5])], True),
            "all five replaced": ([(three, 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
                                   ([5, 6, 7, 8, 9], 3, [5, 6, 7])], True),
            "a higher threshold": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])], True),
            "a lower threshold": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])], True),
            "not signed by the old key": ([([1], 1, [1]), ([2], 1, [2, 3, 4])], False),
            "not signed by the new key": ([([1], 1, [1]), ([2], 1, [1, 3, 4])], False),
            "too few of the new": ([(three, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])], False),
            "too few of the old": ([(three, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])], False),
            "a higher threshold that is not reached": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])], False),
            "a lower threshold before its time": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])], False),
        }
        for name, (chain, taken) in chains.items():
            with self.subTest(name):
                repo = Repository()
                repo.published["root"].clear()
                repo.root["version"] = 0
                for ids, threshold, signers in chain:
                    repo.role("root").update(keyids=[], threshold=threshold)
                    for i in ids:
                        repo.add_key("root", key=keys[i], signs=False)
                    repo.publish("root", signers=[keys[i] for i in signers])
                repo, client = self.begin(repo)
                self.assertEqual(client.refresh(), 0 if taken else 1, client.said)
                wanted = repo.published["root"][-1 if taken else -2]
                self.assertEqual((client.metadata / "root.json").read_bytes(), wanted)

    def test_other_roles_change_keys_and_thresholds(self):
        keys = [Key() for _ in range(6)]
        for ids, threshold, signers, taken in (([2], 1, [2], True), ([1], 1, [3, 1, 4], True), ([2], 1, [1, 3], False),
                                               ([0, 1, 3, 4, 5], 3, [0, 2, 4], False), ([0, 1, 3], 2, [1, 3], True)):
            for role in ("timestamp", "snapshot", "targets"):
                with self.subTest(role=role, keys=ids, signers=signers):
                    repo, client = self.begin()
                    repo.role(role).update(keyids=[], threshold=threshold)
                    for i in ids:
                        repo.add_key(role, key=keys[i], signs=False)
                    repo.signers[role] = [keys[i] for i in signers]
                    repo.publish("root").publish_all()
                    self.assertEqual(client.refresh(), 0 if taken else 1, client.said)

    def test_a_root_of_another_version_than_its_name_is_refused(self):
        repo, client = self.begin()
        repo.root["version"] = 2
        repo.publish("root", at=2)
        self.refused(client.refresh(), client, "version 2")
        self.assertEqual(client.kept(), {"root": 1})
        for role in ("snapshot", "targets"):
            repo, client = self.begin()
            repo.content[role]["version"] = 2
            repo.files[f"1.{role}.json"] = repo.signed(role)
            self.refused(client.refresh(), client, "says 1")

    # --- time ---

    def test_an_expired_root_is_kept_and_nothing_after_it_is_asked_for(self):
        repo, client = self.begin(refresh=True)
        repo.root["expires"] = in_days(-1)
        repo.publish("root").publish_all()
        self.refused(client.refresh(), client, "root 2 has expired")
        self.assertEqual(client.kept(), {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1})
        self.assertEqual(repo.asked, [("root", 2), ("root", 3)])
        repo.root["expires"] = in_days(30)
        repo.publish("root")
        self.ok(client.refresh(), client)

    def test_expired_metadata_is_not_taken(self):
        for role in ("timestamp", "snapshot", "targets"):
            with self.subTest(role=role):
                repo, client = self.begin(refresh=True)
                repo.content[role]["expires"] = in_days(-5)
                repo.publish_all()
                self.refused(client.refresh(), client, role, "has expired")
                self.assertEqual(client.kept()[role], 1)

    def test_expired_metadata_on_the_shelf_leads_to_newer_and_is_no_way_back(self):
        repo, client = self.begin()
        repo.timestamp["expires"] = in_days(7)
        repo.publish("timestamp")
        self.ok(client.refresh(), client)
        self.refused(client.refresh(days=18), client, "timestamp 2 has expired")
        repo.timestamp["expires"] = in_days(21)
        repo.publish_all()
        self.ok(client.refresh(days=18), client)
        self.assertEqual(client.kept(), {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2})
        repo.timestamp["version"], repo.timestamp["expires"] = 1, in_days(30)
        repo.publish("timestamp", bump=False)
        self.refused(client.refresh(days=25), client, "goes back")

    def test_a_delegated_role_that_expired_vouches_for_nothing(self):
        repo, client = self.begin()
        repo.delegate("targets", "late", ["late/*"], expires=in_days(-1))
        repo.add_artifact(b"late", "late/file", "late")
        repo.publish_all()
        self.ok(client.refresh(), client)
        self.refused(client.download("late/file"), client, "late 1 has expired")
        self.assertNotIn("late", client.kept())
        repo, client = self.begin()
        repo.delegate("targets", "soon", ["soon/*"], expires=in_days(7))
        repo.add_artifact(b"one", "soon/one", "soon")
        repo.add_artifact(b"two", "soon/two", "soon")
        repo.publish_all()
        self.ok(client.download("soon/one"), client)
        self.refused(client.download("soon/two", days=18), client, "soon 1 has expired")
        repo.content["soon"]["expires"] = in_days(21)
        repo.publish("soon", "snapshot", "timestamp")
        self.ok(client.download("soon/two", days=18), client)
        self.assertEqual(client.has(), [b"one", b"two"])

    # --- going back, and coming back from too far ahead ---

    def test_no_version_goes_back(self):
        for hashes in (False, True):
            with self.subTest(hashes=hashes):
                repo, client = self.begin(hashes=hashes)
                repo.publish_all()
                self.ok(client.refresh(), client)
                repo.timestamp["version"] = 1
                repo.publish("timestamp", bump=False)
                self.refused(client.refresh(), client, "timestamp", "goes back")
                repo.timestamp["version"], repo.snapshot["version"] = 2, 1
                repo.publish("snapshot", bump=False).publish("timestamp")
                self.refused(client.refresh(), client, "leads back")
                repo.snapshot["version"], repo.targets["version"] = 2, 1
                repo.publish("targets", bump=False).publish("snapshot", "timestamp")
                self.refused(client.refresh(), client, "targets.json goes back")
                self.assertEqual(client.kept(), {"root": 1, "timestamp": 4, "snapshot": 2, "targets": 2})

    def test_a_role_does_not_vanish_from_the_snapshot(self):
        repo, client = self.begin()
        repo.delegate("targets", "gone")
        repo.publish_all()
        self.ok(client.refresh(), client)
        del repo.published["gone"]
        repo.publish("snapshot", "timestamp")
        self.refused(client.refresh(), client, "gone.json is not in it any more")

    def test_an_old_snapshot_under_a_current_timestamp_changes_nothing(self):
        repo, client = self.begin()
        repo.publish_all()
        self.ok(client.refresh(), client)
        repo.files["2.snapshot.json"] = repo.files["1.snapshot.json"]
        self.ok(client.refresh(), client)
        self.assertEqual(client.kept()["snapshot"], 2)
        fresh = Follower(client.metadata.parent / "fresh", client.url)
        self.ok(fresh.init(repo.published["root"][0]), fresh)
        self.refused(fresh.refresh(), fresh, "says 2")

    def test_a_timestamp_of_the_same_version_is_ignored_whatever_it_says(self):
        repo, client = self.begin(refresh=True)
        repo.timestamp["meta"]["snapshot.json"]["version"] = 100
        repo.publish("timestamp", bump=False, meta=False)
        self.ok(client.refresh(), client)
        kept = json.loads((client.metadata / "timestamp.json").read_bytes())
        self.assertEqual(kept["signed"]["meta"]["snapshot.json"]["version"], 1)

    def test_rotated_keys_bring_back_what_was_sent_too_far_ahead(self):
        repo, client = self.begin()
        repo.timestamp["version"] = 99
        repo.publish("timestamp")
        self.ok(client.refresh(), client)
        repo.rotate("timestamp")
        repo.timestamp["version"] = 0
        repo.publish("root", "timestamp")
        self.ok(client.refresh(), client)
        self.assertEqual(client.kept()["timestamp"], 1)

        repo, client = self.begin()
        repo.snapshot["version"] = 99999
        repo.publish("snapshot", "timestamp")
        self.ok(client.refresh(), client)
        repo.rotate("snapshot"), repo.rotate("timestamp")
        repo.snapshot["version"] = 0
        repo.publish("root", "snapshot", "timestamp")
        self.ok(client.refresh(), client)
        self.assertEqual(client.kept()["snapshot"], 1)

        repo, client = self.begin()
        repo.targets["version"] = 99
        repo.publish_all()
        self.ok(client.refresh(), client)
        repo.rotate("snapshot")
        repo.targets["version"] = 0
        repo.publish("root").publish_all()
        self.ok(client.refresh(), client)
        self.assertEqual(client.kept()["targets"], 1)

    # --- hashes and caps ---

    def test_metadata_must_have_the_hash_and_the_length_that_were_announced(self):
        for wrong in ({"hashes": {"sha256": "46" * 32}}, {"length": 17}, {"hashes": {"whirlpool": "46" * 64}}):
            with self.subTest(wrong=wrong):
                repo, client = self.begin(hashes=True)
                repo.publish_all()
                self.ok(client.refresh(), client)
                repo.publish("targets", "snapshot")
                repo.snapshot["meta"]["targets.json"].update(wrong)
                repo.publish("snapshot", meta=False).publish("timestamp")
                self.refused(client.refresh(), client)
                self.assertEqual(client.kept()["targets"], 2)

    def test_endless_metadata_and_endless_targets_are_cut_off(self):
        for role, file in (("timestamp", "timestamp.json"), ("root", "2.root.json"), ("snapshot", "2.snapshot.json"),
                           ("targets", "2.targets.json")):
            with self.subTest(role=role):
                repo, client = self.begin()
                repo.publish_all()
                self.server.endless.add(f"metadata/{file}")
                code = client.refresh()
                self.server.endless.clear()
                self.refused(code, client, file, "more than")
                self.assertNotIn(role if role != "root" else "timestamp", client.kept())
        repo, client = self.begin()
        repo.add_artifact(b"short", "file")
        repo.publish_all()
        name = hashlib.sha256(b"short").hexdigest() + ".file"
        self.server.endless.add(f"targets/{name}")
        code = client.download("file")
        self.server.endless.clear()
        self.refused(code, client, "more than 5 bytes")
        self.assertEqual(client.has(), [])

    # --- targets ---

    def test_targets_are_fetched_once_and_kept_by_one_name(self):
        repo, client = self.begin()
        repo.add_artifact(b"first", "folder/of/file.bin")
        repo.add_artifact(b"other", "other")
        repo.publish_all()
        self.ok(client.download("folder/of/file.bin", "other"), client)
        self.assertEqual(client.has(), [b"first", b"other"])
        repo.asked.clear()
        self.ok(client.download("folder/of/file.bin"), client)
        self.assertNotIn(("target", "folder/of/file.bin"), repo.asked)
        repo.add_artifact(b"second", "folder/of/file.bin")
        repo.publish_all()
        self.ok(client.download("folder/of/file.bin"), client)
        self.assertEqual(client.has(), [b"other", b"second"])

    def test_a_target_that_was_swapped_is_not_kept(self):
        repo, client = self.begin()
        repo.add_artifact(b"good one", "one")
        repo.add_artifact(b"good two", "two")
        repo.publish_all()
        self.ok(client.download("one"), client)
        repo.artifacts.update(one=b"bad one!", two=b"bad two!")
        self.ok(client.download("one"), client)
        self.refused(client.download("two"), client, "SHA-256")
        repo.artifacts["two"] = b"short"
        self.refused(client.download("two"), client, "5 bytes")
        self.assertEqual(client.has(), [b"good one"])

    def test_targets_may_be_hashed_either_way_or_both_and_by_nothing_else(self):
        for algorithms, taken in ((["sha256"], True), (["sha512"], True), (["sha256", "sha512"], True),
                                  (["md5"], False)):
            with self.subTest(algorithms=algorithms):
                repo, client = self.begin()
                repo.add_artifact(b"content", "file", algorithms=algorithms)
                repo.publish_all()
                self.assertEqual(client.download("file"), 0 if taken else 1, client.said)
                self.assertEqual(client.has(), [b"content"] if taken else [])

    # --- delegations ---

    def test_delegations_are_visited_in_order_and_depth_first(self):
        graphs = {  # (delegator, role, patterns, terminating), then who is asked, in order
            "one": ([("targets", "A")], "A"),
            "side by side": ([("targets", "A"), ("targets", "B")], "AB"),
            "two deep": ([("targets", "A"), ("targets", "B"), ("B", "C")], "ABC"),
            "depth first": ([("targets", "A"), ("targets", "B"), ("A", "C"), ("A", "D")], "ACDB"),
            "three deep": ([("targets", "A"), ("targets", "B"), ("A", "C"), ("C", "D")], "ACDB"),
            "terminating": ([("targets", "A"), ("targets", "B"), ("A", "C", "*", True), ("A", "D")], "AC"),
            "terminating, and on below": ([("targets", "A"), ("targets", "B"), ("A", "C", "*", True), ("C", "D")],
                                          "ACD"),
            "paths that do not match": ([("targets", "A", "*.py"), ("targets", "B"), ("A", "C")], "B"),
            "deeper paths that do not match": ([("targets", "A"), ("targets", "B"), ("A", "C", "*.py"), ("C", "D")],
                                               "AB"),
            "in a circle": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("C", "D"), ("D", "B")], "ABCD"),
            "two lead to one": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("A", "C")], "ACB"),
            "two lead to one, one of them elsewhere": ([("targets", "A"), ("targets", "B"), ("B", "C"),
                                                        ("A", "C", "*.py")], "ABC"),
        }
        for name, (delegations, order) in graphs.items():
            with self.subTest(name):
                repo, client = self.begin()
                for by, role, *rest in delegations:
                    repo.delegate(by, role, [rest[0] if rest else "*"], terminating=len(rest) > 1)
                repo.publish_all()
                self.refused(client.download("missing"), client, "no role")
                self.assertEqual([role for role, _ in repo.asked[4:]], list(order))

    def test_a_target_is_found_where_every_role_on_the_way_covers_it(self):
        for path, found, order in (("top", True, ""), ("README.md", True, "A"), ("releases/x/x1", True, "BC"),
                                   ("releases/y/y1.zip", True, "BD"), ("releases/z/z1.zip", False, "B")):
            with self.subTest(path=path):
                repo, client = self.begin()
                repo.delegate("targets", "A", ["*.doc", "*.md"])
                repo.delegate("targets", "B", ["releases/*/*"])
                repo.delegate("B", "C", ["releases/x/*"])
                repo.delegate("B", "D", ["releases/y/*.zip"])
                for data, name, role in ((b"t", "top", "targets"), (b"a", "README.md", "A"),
                                         (b"c", "releases/x/x1", "C"), (b"d", "releases/y/y1.zip", "D"),
                                         (b"z", "releases/z/z1.zip", "D")):
                    repo.add_artifact(data, name, role)
                repo.publish_all()
                self.assertEqual(client.download(path), 0 if found else 1, client.said)
                asked = [role for role, _ in repo.asked[4:] if role != "target"]
                self.assertEqual(asked, list(order))

    def test_hash_prefixes_delegate_too(self):
        repo, client = self.begin()
        digest = hashlib.sha256(b"file").hexdigest()
        other = "0" if digest[0] != "0" else "1"
        repo.delegate("targets", "elsewhere", prefixes=[other])
        repo.delegate("targets", "here", prefixes=["ffff", digest[:2]])
        repo.add_artifact(b"content", "file", "here")
        repo.publish_all()
        self.ok(client.download("file"), client)
        self.assertNotIn(("elsewhere", 1), repo.asked)

    def test_odd_role_names_are_quoted_in_requests_and_stay_in_the_folder(self):
        for role in ("?", "#", "/delegated", "../delegated", "..", "a b", "ä"):
            with self.subTest(role=role):
                repo, client = self.begin()
                repo.delegate("targets", role)
                repo.publish_all()
                self.refused(client.download("missing"), client)
                self.assertIn((urllib.parse.quote(role, ""), 1), repo.asked)
                self.assertEqual(len(client.kept()), 5)
                self.assertEqual({p.name for p in client.metadata.parent.iterdir()},
                                 {"metadata", "targets", "given_root.json"})

    def test_a_role_may_not_take_a_top_level_name(self):
        repo, client = self.begin()
        repo.delegate("targets", "extra")
        repo.role("extra", "targets")["name"] = "snapshot"
        repo.publish("targets", "snapshot", "timestamp")
        self.refused(client.refresh(), client, "top-level")

    def test_delegated_roles_on_the_shelf_are_verified_by_who_leads_to_them_now(self):
        repo, client = self.begin()
        repo.delegate("targets", "A")
        repo.add_artifact(b"by A", "file", "A")
        repo.publish_all()
        self.ok(client.download("file"), client)
        repo.asked.clear()
        self.ok(client.download("file"), client)
        self.assertNotIn(("A", 1), repo.asked)
        repo.role("A", "targets")["keyids"].clear()
        repo.add_key("A", "targets", Key(), signs=False)  # whoever signed A does not count any more
        repo.publish("targets", "snapshot", "timestamp")
        for file in client.targets.iterdir():
            file.unlink()
        self.refused(client.download("file"), client, "A, by the keys that targets gives it")
        self.assertEqual(client.has(), [])

    def test_one_role_reached_by_two_must_satisfy_each(self):
        repo, client = self.begin()
        repo.delegate("targets", "A", ["a/*"])
        repo.delegate("targets", "B", ["b/*"])
        repo.delegate("A", "C", ["*/*"])
        repo.delegate("B", "C", ["*/*"])
        repo.role("C", "B")["keyids"].clear()
        repo.add_key("C", "B", Key(), signs=False)
        repo.add_artifact(b"one", "a/one", "C")
        repo.add_artifact(b"two", "b/two", "C")
        repo.publish_all()
        self.refused(client.download("a/one", "b/two"), client, "C, by the keys that B gives it")
        self.assertEqual(client.has(), [b"one"])

    def test_a_search_without_an_end_is_cut_off(self):
        repo, client = self.begin()
        by = "targets"
        for number in range(40):
            repo.delegate(by, f"role{number}")
            by = f"role{number}"
        repo.publish_all()
        self.refused(client.download("missing"), client, "32 roles")
        self.assertEqual(len(repo.asked), 4 + 32)


if __name__ == "__main__":
    unittest.main()
