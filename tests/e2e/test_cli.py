"""The command line as scripts use it: exit codes, the shapes of --json, where words go."""

import os
import resource
import subprocess
import unittest

from device import Device
from maker import Maker, openssl
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

    def test_a_refused_server_certificate_is_1_and_speaks_of_the_anchor(self):
        other = self.scratch / "other-ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other",
                "-keyout", self.scratch / "other.key", "-out", other)
        done = self.exits(FAILED, "device", "list", cli=self.as_operator(self.api.token, ca=other), says="--ca: ")
        self.assertIn(str(other), done.stderr)
        self.assertNotIn("--token-file", done.stderr)

    def test_a_folder_where_a_file_belongs_is_1_and_named(self):
        folder = self.scratch
        other = type(self.cli)(BINARIES / "muster", self.controller.server, folder, self.controller.ca)
        self.exits(FAILED, "fleet", cli=other, says=f"--token-file (MUSTER_TOKEN_FILE): cannot read {folder}: it is a")
        self.exits(FAILED, "fleet", cli=self.as_operator("x", ca=folder), says="--ca (MUSTER_CA)")
        for line in (("manifest", "import", folder, "--signature", folder), ("manifest", "trust", "m", folder),
                     ("release", "trust", "m", folder), ("ledger", "verify", "--since", folder),
                     ("ledger", "verify", "--key", folder), ("manifest", "import", "/dev/zero", "--signature", folder),
                     ("release", "publish", "--model", "meter", "--version", "9", folder),
                     ("release", "publish", "--model", "meter", "--version", "9", "/dev/zero"),
                     ("release", "publish", "--model", "meter", "--version", "9", "--key", folder, self.maker.key)):
            with self.subTest(line=line):
                self.exits(FAILED, *line)

    def test_what_was_given_is_not_taken_for_not_given(self):
        publish = ("release", "publish", "--model", "meter", "--version", "9", self.maker.public_key)
        self.exits(FAILED, *publish, "--key", self.maker.key, "--sequence", "-1", says="--sequence: must be from 1")
        self.exits(FAILED, *publish, "--key", self.maker.key, "--sequence", "0", says="--sequence: must be from 1")
        self.exits(FAILED, *publish, "--sequence", "7", says="--sequence: needs --key")
        self.exits(FAILED, *publish, "--floor", "-1", says="--floor: must be from 0")
        self.exits(FAILED, "ledger", "verify", "--since", "", says="--since")
        self.exits(FAILED, "ledger", "verify", "--save", "", says="--save")
        self.exits(FAILED, "ledger", "verify", "--key", "", says="--key")

    # --- output that fails ---

    def unprinted(self, *arguments, says=""):
        """Runs it with a full disk for stdout."""
        with open("/dev/full", "w") as full:
            done = subprocess.run([self.cli.program, *map(str, arguments)], env=self.cli.environment, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("what was to be printed", done.stderr)
        self.assertIn(says, done.stderr)

    def test_a_secret_that_could_not_be_printed_is_said_to_be_lost(self):
        self.unprinted("device", "expect", "--id", "cli-lost", "--model", "meter", says="muster device token cli-lost")
        self.unprinted("device", "expect", "--id", "cli-lost-2", "--model", "meter", "--json", says="token cli-lost-2")
        self.assertIn("token", self.cli.json("device", "token", "cli-lost"))
        self.unprinted("device", "token", "cli-lost", says="the same command gives another")
        self.unprinted("operator", "add", "lost", says="muster operator remove lost")
        self.unprinted("application", "add", "--id", "lost", "--subscribe", "v1/devices/#",
                       says="muster application remove lost")
        self.unprinted("webhook", "add", "--url", "http://127.0.0.1:9/hook", says="muster webhook remove 1")
        self.unprinted("login-link", says="the same command gives another")

    def test_any_other_output_that_fails_is_1(self):
        for line in (("device", "list"), ("fleet", "--json"), ("doctor",), ("ledger", "checkpoint"),
                     ("ledger", "verify"), ("--help",), ("--version",)):
            with self.subTest(line=line):
                self.unprinted(*line)

    def test_a_closed_stdout_is_1_and_nothing_else_is_written_to(self):
        done = subprocess.run(["sh", "-c", 'exec "$0" fleet >&-', self.cli.program], env=self.cli.environment,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("Bad file descriptor", done.stderr)

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

    def test_a_checkpoint_is_kept_whole_or_the_verification_fails(self):
        kept = self.scratch / "whole"
        self.cli("ledger", "verify", "--save", kept)
        before = kept.read_text()
        self.cli("ledger", "verify", "--since", kept, "--save", kept)
        self.assertEqual(kept.read_text().splitlines()[0], before.splitlines()[0])
        self.assertEqual(list(self.scratch.glob("whole?*")), [], "no draft is left")
        self.exits(FAILED, "ledger", "verify", "--save", "/dev/full", says="--save: ")
        self.exits(FAILED, "ledger", "verify", "--save", self.scratch, says="it is a folder")
        self.exits(FAILED, "ledger", "verify", "--save", self.scratch / "no/such", says="No such file")
        self.exits(FAILED, "ledger", "verify", "--save", kept, cli=self.with_small_files(0), says="--save: ")
        self.assertTrue(kept.read_text().startswith(before.splitlines()[0]), "the one from before is still there")

    def with_small_files(self, octets):
        """The same command line where no file may grow beyond that, as on a full disk."""
        limited = type(self.cli)("env", "", "", "")
        limited.environment = self.cli.environment
        run, before = limited.run, ("--ignore-signal=XFSZ", "prlimit", f"--fsize={octets}", self.cli.program)
        limited.run = lambda *arguments, **more: run(*before, *arguments, **more)
        return limited

    def test_an_empty_kept_checkpoint_proves_nothing_and_is_refused(self):
        for text in ("", "\n"):
            empty = self.scratch / "empty"
            empty.write_text(text)
            self.exits(FAILED, "ledger", "verify", "--since", empty, says="holds no checkpoint")
        self.exits(FAILED, "ledger", "verify", "--since", self.scratch / "never-kept", says="--since: cannot read")

    # --- the controller's own start ---

    def controller_start(self, *options, files=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        return subprocess.run([BINARIES / "musterd", "--data", self.scratch / "second", *options], text=True,
                              capture_output=True, preexec_fn=limit, timeout=60)

    def test_a_controller_that_cannot_start_is_1_and_says_why(self):
        done = self.controller_start("--config", self.scratch)
        self.assertEqual((done.returncode, done.stdout), (FAILED, ""), done.stderr)
        self.assertIn("it is a folder", done.stderr)
        ports = [word for door in ("operator", "mqtt", "device", "enrol") for word in (f"--{door}-port", "0")]
        for files in (12, 16, 20):
            with self.subTest(files=files):
                done = self.controller_start(*ports, files=files)
                self.assertEqual(done.returncode, FAILED, done.stderr)
                self.assertIn("error: ", done.stderr)

    def test_login_links_work_once(self):
        url = self.cli("login-link")
        link = url.split("#")[1]
        nobody = self.controller.client("")
        self.assertEqual(nobody.call("POST", "/api/v1/session", {"link": link}).status, 201)
        self.assertEqual(nobody.call("POST", "/api/v1/session", {"link": link}).status, 401)


if __name__ == "__main__":
    unittest.main()
