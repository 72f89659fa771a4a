"""What the operator door refuses, and how it says why."""

import base64
import hashlib
import json
import unittest

from maker import Maker
from stage import Stage

ABSENT = object()


class ApiBadInput(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = Maker(cls.scratch)
        cls.api.post("/models", {"name": "meter"})
        cls.cli("manifest", "trust", "maker", cls.maker.public_key)

    def refused(self, method, path, body, status, field=ABSENT, words="", api=None, headers=None):
        answer = (api or self.api).call(method, "/api/v1" + path, body, headers)
        said = answer.json()
        self.assertEqual(answer.status, status, said)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        self.assertTrue({"type", "title", "status", "detail"} <= said.keys(), said)
        if field is not ABSENT:
            self.assertEqual(said.get("field"), field, said)
        self.assertIn(words, said["detail"])
        return said

    # --- fields ---

    def test_unknown_and_mistyped_fields_are_named_by_their_pointer(self):
        wave = {"share_permille": 1000}
        for path, body, field in (
                ("/devices", {"id": "d-1", "model": "meter", "colour": "red"}, "/colour"),
                ("/devices", {"id": 7, "model": "meter"}, "/id"),
                ("/devices", {"id": "d-1"}, "/model"),
                ("/devices", {"id": "no spaces", "model": "meter"}, "/id"),
                ("/devices", {"id": "d-1", "model": "meter", "groups": ["a", 1]}, "/groups/1"),
                ("/models", {"name": "m", "interval_s": "often"}, "/interval_s"),
                ("/models", {"name": "m", "metrics": [{"name": "a"}, {"name": "b", "max": "high"}]}, "/metrics/1/max"),
                ("/rollouts", {"release": "0" * 64, "waves": [wave], "selector": "model = 1"}, "/selector"),
                ("/rollouts", {"release": "0" * 64, "waves": [{"share_permille": 2000}]}, "/waves/0/share_permille"),
                ("/rollouts", {"release": "0" * 64, "waves": [{**wave, "soak": 1}]}, "/waves/0/soak"),
                ("/operators", {"name": "x", "role": "king"}, "/role"),
                ("/applications", {"id": "app", "subscribe": ["$SYS/#"]}, "/subscribe/0")):
            with self.subTest(path=path, field=field):
                self.refused("POST", path, body, 400, field)

    def test_what_is_not_json_or_too_deep_or_twice_is_refused(self):
        for body in ("{", "[1,2", '{"id":"a","id":"b","model":"meter"}', "[" * 200, '{"id":"\\ud800"}', "nul"):
            with self.subTest(body=body[:20]):
                self.refused("POST", "/devices", body, 400, headers={"Content-Type": "application/json"})

    def test_queries_are_checked_too(self):
        for query, field in (("limit=0", "?limit"), ("limit=many", "?limit"), ("selector=model+%3D%3D", "?selector"),
                             ("state=happy", ABSENT), ("cursor=%21%21", "?cursor")):
            with self.subTest(query=query):
                self.refused("GET", f"/devices?{query}", None, 400, field)

    def test_what_is_not_there_is_not_found(self):
        for path in ("/devices/nobody", "/rollouts/999", "/incidents/7", "/releases/" + "0" * 64, "/nothing"):
            with self.subTest(path=path):
                self.refused("GET", path, None, 404)
        self.assertEqual(self.api.call("PUT", "/api/v1/devices").status, 405)

    # --- manifests ---

    def import_manifest(self, text, signature=None, **query):
        if signature is None:
            signature = self.maker.sign(text)[1].read_bytes()
        body = {"manifest": text, "signature": base64.b64encode(signature).decode()}
        return self.api.call("POST", "/api/v1/manifests" + ("?dry_run=true" if query else ""), body)

    def nothing_imported(self, answer, words):
        self.assertGreaterEqual(answer.status, 400)
        self.assertIn(words, answer.json()["detail"] + " " + answer.json().get("field", ""))
        found = [each["id"] for each in self.api.items("/devices") if each["id"].startswith("mf-")]
        self.assertEqual(found, [])

    def row(self, number, **more):
        return {"id": f"mf-{number}", "model": "meter", "serial": f"S{number}", **more}

    def text(self, *rows):
        return json.dumps({"format": "muster-manifest-1", "owner": "City", "devices": rows})

    def test_a_repeated_id_or_serial_imports_nothing(self):
        self.nothing_imported(self.import_manifest(self.text(self.row(1), self.row(2), self.row(1, serial="S9"))),
                              "mf-1")
        self.nothing_imported(self.import_manifest(self.text(self.row(1), self.row(2, serial="S1"))), "S1")

    def test_an_id_that_is_known_already_imports_nothing(self):
        self.expect("known-1")
        self.nothing_imported(self.import_manifest(self.text(self.row(1), self.row(2, id="known-1"))), "known-1")

    def test_a_bad_signature_imports_nothing_and_is_recorded(self):
        since = self.ledger_size()
        good = self.text(self.row(1))
        signature = self.maker.sign(good)[1].read_bytes()
        self.nothing_imported(self.import_manifest(good + " ", signature), "signature")
        self.nothing_imported(self.import_manifest(good, bytes(64)), "signature")
        self.assertTrue(self.recorded("manifest.refused", since=since))

    def test_one_bad_row_imports_nothing_and_is_named(self):
        self.nothing_imported(self.import_manifest(self.text(self.row(1), {"id": "mf-2"})), "/devices/1/model")

    def test_a_dry_run_changes_nothing(self):
        answer = self.import_manifest(self.text(self.row(1), self.row(2)), dry_run=True)
        self.assertEqual((answer.status, answer.json()["imported"], answer.json()["dry_run"]), (200, 2, True))
        self.nothing_imported(self.import_manifest(self.text({"id": "mf-1"})), "/devices/0/model")

    def test_what_cannot_be_tried_out_says_so(self):
        self.refused("POST", "/devices?dry_run=true", {"id": "dry-1", "model": "meter"}, 400, "?dry_run")
        self.refused("GET", "/devices/dry-1", None, 404)

    # --- releases ---

    def upload(self, octets, digest=None):
        digest = base64.b64encode(hashlib.sha256(octets if digest is None else digest).digest()).decode()
        return self.api.call("POST", "/api/v1/artifacts", octets,
                             {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"})

    def test_an_artifact_with_another_digest_is_refused_and_not_kept(self):
        answer = self.upload(b"firmware", digest=b"something else")
        self.assertEqual(answer.status, 422, answer.body)
        missing = hashlib.sha256(b"firmware").hexdigest()
        self.refused("POST", "/releases", {"model": "meter", "version": "0.1", "digest": missing}, 404)
        spool = [file for file in (self.controller.folder / "artifacts").rglob("*") if file.is_file()]
        self.assertEqual([file for file in spool if file.read_bytes() == b"firmware"], [])

    def test_an_artifact_without_a_digest_or_a_token_is_refused(self):
        self.refused("POST", "/artifacts", b"firmware", 400, "Content-Digest")
        self.refused("POST", "/artifacts", b"firmware", 401, api=self.controller.client("wrong"))
        self.refused("POST", "/artifacts", b"firmware", 401, api=self.controller.client(""))

    def test_a_viewers_artifact_is_refused_as_his_role_may_not(self):
        self.refused("POST", "/artifacts", b"firmware", 403, "Authorization", "role",
                     api=self.operator("viewer", "uploader"))

    def test_a_release_may_not_go_back(self):
        digest = self.upload(b"two").json()["digest"]
        body = {"model": "meter", "version": "2.0.0", "digest": digest}
        self.assertEqual(self.api.post("/releases", body)["version"], "2.0.0")
        self.refused("POST", "/releases", {**body, "version": "1.9.9"}, 409, "/version", "older")
        self.refused("POST", "/releases", {**body, "version": "2.0"}, 409, "/version", "already")
        self.refused("POST", "/releases", {**body, "version": "two"}, 400, "/version")

    # --- concurrency and repeats ---

    def test_an_edit_needs_what_was_read(self):
        self.expect("etag-1")
        change = {"risk": "high"}
        tag = self.api.call("GET", "/api/v1/devices/etag-1").headers["etag"]
        self.refused("PATCH", "/devices/etag-1", change, 428, "If-Match")
        answer = self.api.call("PATCH", "/api/v1/devices/etag-1", change, {"If-Match": tag})
        self.assertEqual((answer.status, answer.json()["risk"]), (200, "high"))
        self.assertNotEqual(answer.headers["etag"], tag)
        self.refused("PATCH", "/devices/etag-1", {"risk": "low"}, 412, "If-Match", headers={"If-Match": tag})
        self.assertEqual(self.device("etag-1")["risk"], "high")

    def test_the_same_key_does_it_once(self):
        body = {"url": "http://127.0.0.1:9/hook", "events": ["incident.*"]}
        model = {"name": "once", "interval_s": 5}
        first = self.api.call("POST", "/api/v1/models", model, {"Idempotency-Key": "k-1"})
        again = self.api.call("POST", "/api/v1/models", model, {"Idempotency-Key": "k-1"})
        self.assertEqual((again.status, again.json()), (first.status, first.json()))
        self.refused("POST", "/models", {**model, "interval_s": 6}, 409, headers={"Idempotency-Key": "k-1"})
        self.assertEqual(self.api.get("/models/once")["interval_s"], 5)
        self.assertIn("secret", self.api.post("/webhooks", body, Idempotency_Key="k-2"))
        self.refused("POST", "/webhooks", body, 409, words="secret", headers={"Idempotency-Key": "k-2"})
        self.assertEqual(len(self.api.items("/webhooks")), 1)

    # --- roles ---

    def operator(self, role, name=None):
        body = {"name": name or f"a-{role}", "role": role}
        return self.controller.client(self.api.post("/operators", body)["token"])

    def refusal_is_recorded(self, refuse):
        """Refusals are recorded once a second, with how many there were."""
        since = self.ledger_size()
        self.eventually("it is recorded", lambda: refuse() or self.recorded("operator.refused", since=since), 5)

    def test_a_viewer_may_look_and_no_more(self):
        self.expect("role-1")
        viewer = self.operator("viewer")
        self.assertEqual(viewer.get("/devices/role-1")["id"], "role-1")
        for method, path, body in (("POST", "/devices", {"id": "role-2", "model": "meter"}),
                                   ("POST", "/devices/role-1/isolate", {"reason": "because"}),
                                   ("POST", "/rollouts", {}), ("GET", "/operators", None)):
            with self.subTest(path=path):
                self.refused(method, path, body, 403, words="role", api=viewer)
        self.assertEqual(self.device("role-1")["state"], "expected")
        self.refusal_is_recorded(lambda: self.refused("POST", "/rollouts", {}, 403, api=viewer) and None)

    def test_an_operator_may_not_do_an_admins_work(self):
        operator = self.operator("operator")
        self.assertEqual(operator.post("/devices", {"id": "role-3", "model": "meter"})["device"]["id"], "role-3")
        self.refused("POST", "/operators", {"name": "friend", "role": "admin"}, 403, api=operator)
        self.refused("POST", "/devices/role-3/retire", {"reason": "gone"}, 403, api=operator)

    def test_who_is_nobody_gets_nothing(self):
        for token in ("", "wrong", "x" * 5000):
            with self.subTest(token=token[:5]):
                self.assertIn(self.controller.client(token).call("GET", "/api/v1/fleet").status, (401, 431))

    # --- the console's cookie ---

    def test_a_cookie_changes_nothing_from_a_foreign_page(self):
        self.expect("cookie-1")
        nobody = self.controller.client("")
        link = self.api.post("/session-links")["url"].split("#")[1]
        opened = nobody.call("POST", "/api/v1/session", {"link": link})
        cookie = {"Cookie": opened.headers["set-cookie"].split(";")[0]}
        own = {**cookie, "Origin": self.controller.server}
        path, why = "/devices/cookie-1/retire", {"reason": "a foreign page wants it"}
        self.refused("POST", path, why, 403, "Origin", api=nobody, headers=cookie)
        self.refused("POST", path, why, 403, "Origin", api=nobody, headers={**cookie, "Origin": "https://localhost:1"})
        self.refused("POST", path, why, 403, "Sec-Fetch-Site", api=nobody,
                     headers={**cookie, "Sec-Fetch-Site": "cross-site"})
        self.refused("POST", path, json.dumps(why), 403, "Content-Type", api=nobody,
                     headers={**own, "Content-Type": "text/plain"})
        self.refused("DELETE", "/session", None, 403, "Origin", api=nobody, headers=cookie)
        self.assertEqual(self.device("cookie-1")["state"], "expected")
        self.refusal_is_recorded(lambda: self.refused("POST", path, why, 403, api=nobody, headers=cookie) and None)
        self.assertEqual(nobody.call("GET", "/api/v1/session", headers=cookie).status, 200)
        answer = nobody.call("POST", "/api/v1" + path, why, own)
        self.assertEqual((answer.status, self.device("cookie-1")["state"]), (200, "retired"), answer.body)

    def test_no_secret_comes_back(self):
        token = self.expect("quiet-1")
        everything = json.dumps([self.device("quiet-1"), self.api.items("/ledger/entries"), self.api.items("/webhooks")])
        self.assertNotIn(token, everything)
        self.assertNotIn(self.api.token, everything)
        self.assertNotIn(token, (self.scratch / "data.log").read_text(errors="replace"))


if __name__ == "__main__":
    unittest.main()
