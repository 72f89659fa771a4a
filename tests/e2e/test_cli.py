"""The command line as scripts use it: exit codes, the shapes of --json, where words go."""

import os
import subprocess
import unittest

from device import Device
from maker import Maker
from stage import BINARIES, METRICS, Stage

FAILED, USAGE, NOT_FOUND, CONFLICT, DENIED = 1, 2, 3, 4, 5


class Cli(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli("model", "put", "meter", "--interval", 60, *METRICS)
        cls.maker = Maker(cls.scratch)
        for n in range(1, 4):
            cls.cli("device", "expect", "--id", f"cli-{n}", "--model", "meter", "--group", "north")

    def exits(self, code, *arguments, says="", cli=None):
        done = (cli or self.cli).run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr)
        if code:
            self.assertEqual(done.stdout, "", "errors go to stderr")
        return done

    def as_operator(self, token, server=None, ca=None):
        file = self.scratch / "a.token"
        file.write_text(token)
        return type(self.cli)(BINARIES / "muster", server or self.controller.server, file, ca or self.controller.ca)

    # --- exit codes ---

    def test_a_mistake_in_the_line_is_2(self):
        self.exits(USAGE, "device", "frobnicate")
        self.exits(USAGE, "device", "isolate", "cli-1", says="--reason")
        self.exits(USAGE)

    def test_what_is_not_there_is_3(self):
        self.exits(NOT_FOUND, "device", "show", "nobody", says="there is no device nobody")
        self.exits(NOT_FOUND, "rollout", "show", "99")
        self.exits(NOT_FOUND, "rollout", "start", "--release", "9.9.9", says="9.9.9")

    def test_a_conflict_is_4(self):
        self.exits(CONFLICT, "device", "expect", "--id", "cli-1", "--model", "meter", says="cli-1")

    def test_no_right_is_5(self):
        self.exits(DENIED, "device", "list", cli=self.as_operator("wrong"), says="--token-file")
        viewer = self.cli("operator", "add", "looker", "--role", "viewer")
        looker = self.as_operator(viewer)
        self.assertEqual(looker.run("device", "list").returncode, 0)
        self.exits(DENIED, "device", "retire", "cli-1", "--reason", "no", cli=looker, says="role")

    def test_nobody_there_and_a_wrong_anchor_are_1_and_say_what_to_do(self):
        self.exits(FAILED, "device", "list", cli=self.as_operator("x", server="https://localhost:1"),
                   says="is musterd running")
        self.exits(FAILED, "device", "list", cli=self.as_operator("x", ca=self.maker.public_key))

    def test_what_is_missing_is_asked_for(self):
        bare = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")}
        done = subprocess.run([BINARIES / "muster", "device", "list"], env=bare, capture_output=True, text=True)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("--token-file", done.stderr)

    # --- data ---

    def test_expect_prints_the_token_and_nothing_else(self):
        done = self.cli.run("device", "expect", "--id", "cli-token", "--model", "meter")
        self.assertRegex(done.stdout, r"^[A-Za-z0-9_-]{20,}\n$")
        self.assertIn("one-time token of cli-token", done.stderr)

    def test_device_list_json(self):
        devices = self.cli.json("device", "list", "--selector", 'id.startsWith("cli-")')
        first = next(each for each in devices if each["id"] == "cli-1")
        self.assertLessEqual({"id", "model", "state", "online", "firmware", "risk", "last_seen", "groups"}, set(first))
        self.assertEqual((first["model"], first["state"], first["online"], first["groups"]),
                         ("meter", "expected", False, ["north"]))

    def test_rollout_show_json(self):
        self.start_swarm(4)
        self.publish(self.maker, "1.1.0")
        start = ("rollout", "start", "--release", "meter/1.1.0", "--selector", 'id.startsWith("meter-")')
        self.exits(FAILED, *start, "--waves", "half", says="--waves")
        preview = self.cli.json(*start, "--waves", "25%,100%", "--dry-run")
        self.assertEqual((preview["dry_run"], preview["targets"], preview["waves"]), (True, 4, [1, 3]))
        id = self.cli(*start, "--waves", "25%,100%", "--soak", "1s")
        watched = self.cli.run("rollout", "watch", id, timeout=60)
        self.assertEqual(watched.returncode, 0, watched.stderr)
        rollout = self.cli.json("rollout", "show", id)
        self.assertEqual((rollout["state"], len(rollout["waves"])), ("done", 2))
        counts = {"targets", "offered", "installed", "failed", "reverted", "silent"}
        for wave in rollout["waves"]:
            self.assertLessEqual(counts, set(wave))
            self.assertEqual(wave["installed"], wave["targets"])
        self.assertIn(id, [str(each["id"]) for each in self.cli.json("rollout", "list")])

    def test_incident_list_json_and_the_way_through_an_incident(self):
        self.cli("device", "expect", "--id", "cli-odd", "--model", "meter")
        self.exits(CONFLICT, "device", "isolate", "cli-odd", "--reason", "it is not even here yet")
        device = self.enrolled("cli-here")
        answer = self.cli.json("device", "isolate", device, "--reason", "odd traffic")
        incident = next(each for each in self.cli.json("incident", "list") if each["device"] == device)
        self.assertLessEqual({"id", "device", "state", "severity", "opened_at", "reason"}, set(incident))
        self.assertEqual((incident["id"], incident["state"]), (answer["incident"], "open"))
        self.exits(CONFLICT, "incident", "close", incident["id"], "--reason", "too early")
        self.cli("device", "release", device, "--reason", "checked")
        self.assertEqual(self.cli.json("incident", "show", incident["id"])["state"], "closed")
        self.assertEqual(self.cli.json("incident", "list", "--state", "open"), [])

    def enrolled(self, id):
        Device(self.controller, self.scratch, id).enrol(self.expect(id))
        return id

    def test_edit_and_history(self):
        self.cli("device", "edit", "cli-2", "--risk", "high", "--group", "east", "--desired", '{"interval": 5}')
        device = self.cli.json("device", "show", "cli-2")
        self.assertEqual((device["risk"], device["groups"], device["desired"]), ("high", ["east"], {"interval": 5}))
        self.assertIn("device.expected", [each["action"] for each in self.cli.json("device", "history", "cli-2")])

    def test_tables_are_for_people(self):
        lines = self.cli("device", "list").splitlines()
        self.assertEqual(lines[0].split()[:3], ["ID", "MODEL", "STATE"])

    def test_the_doctor_looks_at_it_all(self):
        for word in ("controller", "ready", "devices", "certificates", "incidents", "ledger"):
            self.assertIn(word, self.cli("doctor"))

    def test_ledger_verify_and_checkpoint(self):
        kept = self.scratch / "kept"
        self.assertIn("verified:", self.cli("ledger", "verify", "--save", kept))
        verified = self.cli.json("ledger", "verify", "--since", kept)
        self.assertTrue(verified["verified"] and verified["extends_kept_checkpoint"])
        self.assertEqual(self.cli("ledger", "checkpoint").splitlines()[0], kept.read_text().splitlines()[0])
        other = self.scratch / "other"
        other.write_text(kept.read_text().replace("\n", " \n", 1))
        self.exits(FAILED, "ledger", "verify", "--since", other)

    def test_login_links_work_once(self):
        url = self.cli("login-link")
        link = url.split("#")[1]
        nobody = self.controller.client("")
        self.assertEqual(nobody.call("POST", "/api/v1/session", {"link": link}).status, 201)
        self.assertEqual(nobody.call("POST", "/api/v1/session", {"link": link}).status, 401)


if __name__ == "__main__":
    unittest.main()
