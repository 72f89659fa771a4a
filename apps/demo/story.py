"""A city's meters: expected, enrolled, heard, updated, saved from a bad update, one cut off, patched and let back in.

Every step acts through the `muster` command line as an operator would, and ends when its outcome was observed through
the public API; a step that is not observed by its deadline ends the story."""

import json
import os
import time
import urllib.parse

from readings import Readings
from receiver import Receiver
from swarm import Swarm
from tpm_meters import TpmMeters

METERS, WITH_TPM = 200, 4
TROUBLED = "meter-0042"
FIRST, BAD, PATCH = "1.1.0", "1.2.0", "1.2.1"
LOOK_EVERY_S = 0.2


class NotObserved(Exception):
    def __init__(self, step, wanted, last):
        self.step = step
        super().__init__(f"step {step}: {wanted}; last seen: {last}")


class Story:
    def __init__(self, controller, maker, screen, scratch, readings_file, kill):
        self.controller, self.maker, self.screen, self.scratch = controller, maker, screen, scratch
        self.readings = Readings(readings_file)
        self.kill, self.began, self.step = kill, time.monotonic(), "start"
        self.receiver, self.swarm, self.tpm_meters = Receiver(), None, None

    # Letter, name, title, what is done and observed.
    STEPS = (
        ("a", "enrol", f"{METERS} meters are expected, enrol themselves and connect", "enrol"),
        ("b", "readings", "Readings arrive", "hear"),
        ("c", "rollout", f"Release {FIRST} goes out in waves", "roll_out"),
        ("d", "halt", f"Release {BAD} is bad on some meters", "halt"),
        ("e", "isolate", f"{TROUBLED} begins to misbehave", "isolate"),
        ("f", "patch", f"{TROUBLED} is patched and let back in", "patch"),
        ("g", "ledger", "The ledger tells it all, and adds up", "audit"),
    )

    def tell(self):
        for letter, name, title, act in self.STEPS:
            self.step = f"{letter} ({name})"
            self.screen.step(letter, title)
            self.kill.step_begins(letter, name)
            getattr(self, act)()

    def stop(self):
        if self.swarm:
            self.swarm.stop()
        if self.tpm_meters:
            self.tpm_meters.stop()
        self.receiver.stop()

    # --- seeing ---

    def observe(self, within_s, wanted, total, look):
        """Polls look() -> (how many, last seen) until there are `total`."""
        deadline, last = time.monotonic() + within_s, "nothing yet"
        while time.monotonic() < deadline:
            if self.kill.is_due():
                self.strike()
            if not self.controller.alive():
                raise NotObserved(self.step, "musterd runs", "it ended by itself")
            if self.swarm and not self.swarm.alive():
                raise NotObserved(self.step, "muster-swarm runs", "it ended: " + " | ".join(list(self.swarm.said)[-3:]))
            seen, last = look()
            self.screen.progress(seen, total, wanted)
            if seen >= total:
                return last
            time.sleep(LOOK_EVERY_S)
        raise NotObserved(self.step, wanted, json.dumps(last)[:2000])

    def strike(self):
        self.screen.does("kill -9 musterd; start it again on the same folder")
        self.controller.restart()
        self.screen.saw("musterd is back, from its folder alone")

    def device(self, id=TROUBLED):
        return self.controller.api.get(f"/devices/{id}")

    def devices(self, **wanted):
        found = self.controller.api.items("/devices")
        matching = sum(all(each[name] == value for name, value in wanted.items()) for each in found)
        others = [f"{each['id']}: {each['state']}, {'online' if each['online'] else 'offline'}, {each['firmware']}"
                  for each in found if any(each[name] != value for name, value in wanted.items())]
        return matching, f"{matching} are; of the others: " + "; ".join(others[:5])

    # --- the steps ---

    def enrol(self):
        cli, screen = self.controller.cli, self.screen
        screen.does("muster model put meter --metric ...")
        screen.does("muster manifest trust city maker.pub; muster release trust maker maker.pub")
        cli("model", "put", "meter", "--risk", "moderate", "--interval", 1, *self.readings.metric_options())
        cli("manifest", "trust", "city", self.maker.public_key)
        cli("release", "trust", "maker", self.maker.public_key)
        tokens, births = self.expect()
        self.checkpoint = self.scratch / "checkpoint"
        cli("ledger", "verify", "--save", self.checkpoint)
        folder = self.controller.folder
        known = ("--server", "localhost", "--ports", folder / "ports.json", "--ca", folder / "ca.pem", "--release-key",
                 self.maker.public_key, "--assignment-key", folder / "release.pub", "--interval", "1s",
                 *self.readings.swarm_options())
        self.swarm = Swarm(self.controller.binaries, self.scratch / "swarm.log", "--tokens",
                           self.maker.token_file(tokens), "--births", births, "--state", "memory", "--seed", 7, *known)
        if self.tpm_meters:
            self.tpm_meters.start(*known)
        self.observe(60, "enrolled over EST and connected with their own certificates", METERS,
                     lambda: self.devices(state="active", online=True))
        certificates = self.controller.api.get("/fleet")["certificates"]
        screen.saw(f"{METERS} meters are active and online; {certificates['valid']} certificates are valid")
        issued = [e["detail"]["proof"] for e in cli.json("ledger", "entries") if e["action"] == "certificate.issued"]
        screen.saw("they proved themselves by " + ", ".join(
            f"{name}: {issued.count(proof)}" for proof, name in (("idevid", "birth certificate"),
            ("token", "one-time token"), ("tpm", "TPM")) if proof in issued))

    def expect(self):
        """A third by token; a third by birth certificate, in the manifest; a third by one of which a voucher tells. With
        MUSTER_TPM=1 some by their TPM."""
        cli, screen, maker = self.controller.cli, self.screen, self.maker
        ids = maker.ids(METERS)
        with_token, born, vouched = ids[:METERS // 3], ids[METERS // 3:2 * METERS // 3], ids[2 * METERS // 3:]
        tpms = {}
        if os.environ.get("MUSTER_TPM") == "1":
            self.tpm_meters = TpmMeters(self.controller.binaries, self.scratch, born[-WITH_TPM:])
            born, tpms = born[:-WITH_TPM], self.tpm_meters.endorsements()
        births, ca = maker.births({**{id: f"SN-{id}" for id in born}, **{id: id for id in vouched}})
        screen.does("muster ca trust-maker maker maker-ca.pem --models meter")
        cli("ca", "trust-maker", "maker", ca, "--models", "meter")
        tokens = maker.tokens(with_token)
        manifest, signature = maker.sign(maker.manifest(tokens, born, tpms))
        screen.does("muster manifest import manifest.json --signature manifest.json.sig")
        imported = cli.json("manifest", "import", manifest, "--signature", signature)["imported"]
        screen.saw(f"{imported} devices are expected, by a manifest signed with Ed25519")
        vouchers, masa = maker.vouchers(vouched, self.controller.ca)
        screen.does("muster voucher import *.vch --maker maker --maker-ca masa.pem --group north")
        cli("voucher", "import", *vouchers, "--maker", "maker", "--maker-ca", masa, "--group", "north")
        known = len(self.controller.api.items("/devices?state=expected"))
        if known != METERS:
            raise NotObserved(self.step, f"{METERS} devices are expected", known)
        screen.saw(f"{len(vouched)} more by vouchers of their maker (RFC 8366)")
        return tokens, births

    def hear(self):
        id = "meter-0001"
        metrics = self.observe(30, "meters that sent readings", METERS, self.heard_from)
        since = self.controller.api.get("/fleet")["readings_total"]
        self.observe(30, "more readings kept", METERS, lambda: self.more_readings(since))
        metric = self.readings.first_metric()
        query = urllib.parse.urlencode({"metric": metric, "points": 60})
        def look():
            series = self.controller.api.get(f"/devices/{id}/series?{query}")
            return sum(bucket["count"] for bucket in series["buckets"]), series
        series = self.observe(30, f"readings of {metric} in the history of {id}", 3, look)
        low, high = min(b["min"] for b in series["buckets"]), max(b["max"] for b in series["buckets"])
        if not self.readings.holds(metric, low, high):
            raise NotObserved(self.step, f"{metric} as in {self.readings.origin}", f"{low} to {high}")
        self.screen.saw(f"{metrics}; {metric} of {id}: {low:g} to {high:g} {series['unit'] or ''}".rstrip())

    def heard_from(self):
        fleet = self.controller.api.get("/fleet")
        return min(fleet["messages_total"], METERS), f"{fleet['readings_total']} readings kept"

    def more_readings(self, since):
        total = self.controller.api.get("/fleet")["readings_total"]
        return min(total - since, METERS), f"{total} readings kept"

    def publish(self, version):
        """Signed here with the maker's key, which the controller never sees, so it alone cannot change a meter."""
        self.screen.does(f"muster release publish --model meter --version {version} --key maker.key meter-{version}.bin")
        return self.controller.cli("release", "publish", "--model", "meter", "--version", version, "--key",
                                   self.maker.key, self.maker.firmware(version))

    def start(self, version, *options):
        shown = " ".join(f"'{word}'" if " " in word else word for word in options)
        self.screen.does(f"muster rollout start --release {version} {shown}")
        return self.controller.cli("rollout", "start", "--release", version, *options)

    def rollout(self, id):
        return self.controller.api.get(f"/rollouts/{id}")

    def roll_out(self):
        self.publish(FIRST)
        id = self.start(FIRST, "--waves", "2%,10%,100%", "--soak", "1s", "--deadline", "60s")
        def look():
            rollout = self.rollout(id)
            return sum(wave["state"] == "passed" for wave in rollout["waves"]), rollout
        rollout = self.observe(60, "waves passed", 3, look)
        rollout = self.observe(10, "rollout done", 1, lambda: self.in_state(id, "done"))
        waves = ", ".join(str(wave["installed"]) for wave in rollout["waves"])
        self.screen.saw(f"rollout {id} is done; installed wave by wave: {waves}")
        self.observe(15, f"report {FIRST}", METERS, lambda: self.devices(firmware=FIRST, online=True))
        self.screen.saw(f"{METERS} meters report {FIRST}")

    def in_state(self, id, *states):
        rollout = self.rollout(id)
        return int(rollout["state"] in states), rollout

    def halt(self):
        self.swarm.tell(f"fail-update {BAD} 0.5")
        self.publish(BAD)
        id = self.start(BAD, "--waves", "10%,100%", "--soak", "2s", "--deadline", "60s")
        rollout = self.observe(60, "rollout halted, its way back walked to the end", 1,
                               lambda: self.in_state(id, "reverted"))
        first, later = rollout["waves"]
        if later["offered"] or first["state"] != "failed":
            raise NotObserved(self.step, "the first wave failed and the second never opened", rollout["waves"])
        self.screen.saw(f"halted in its first wave: {rollout['reason']}")
        taken = [each["device"] for each in self.controller.api.items(f"/rollouts/{id}/targets?outcome=reverted")]
        self.observe(15, f"report {FIRST} again", METERS, lambda: self.devices(firmware=FIRST))
        self.screen.saw(f"{len(taken)} meters had taken {BAD} and are back on {FIRST}; {METERS - first['targets']} "
                        "were never offered it")

    def isolate(self):
        cli, screen = self.controller.cli, self.screen
        screen.does(f"muster webhook add --url {self.receiver.url} --event 'incident.*'")
        self.receiver.secret = cli.json("webhook", "add", "--url", self.receiver.url, "--event", "incident.*")["secret"]
        self.swarm.tell(f"misbehave {TROUBLED} out-of-range until {PATCH}")
        began = time.monotonic()
        def look():
            device = self.device()
            return int(device["state"] == "quarantined" and not device["online"]), device
        device = self.observe(30, "isolated", 1, look)
        isolation = device["isolation"]
        screen.saw(f"{TROUBLED} was isolated {time.monotonic() - began:.1f} s after its first bad reading: "
                   f"{isolation['reason']}")
        self.incident = isolation["incident"]
        state = self.controller.api.get(f"/incidents/{self.incident}")["state"]
        if state != "open":
            raise NotObserved(self.step, "its incident is open", state)
        screen.saw(f"incident {self.incident} is open")
        self.observe(20, "notifications with a good signature", 1, self.told)
        screen.saw("the webhook receiver was told, and verified the signature")

    def told(self):
        about = [each for each in self.receiver.verified if TROUBLED in json.dumps(each)]
        return len(about), {"verified": self.receiver.verified[-3:], "refused": self.receiver.refused}

    def patch(self):
        cli, screen = self.controller.cli, self.screen
        self.publish(PATCH)
        id = self.start(PATCH, "--selector", f'id == "{TROUBLED}"', "--waves", "100%", "--soak", "1s", "--deadline",
                        "60s", "--quarantined")
        self.observe(60, "patched on the update path, while cut off from the rest", 1,
                     lambda: self.in_state(id, "done"))
        device = self.device()
        if device["state"] != "quarantined" or device["firmware"] != PATCH:
            raise NotObserved(self.step, f"still in quarantine, and on {PATCH}", device)
        screen.saw(f"{TROUBLED} runs {PATCH} and is still in quarantine")
        screen.does(f"muster device release {TROUBLED} --reason 'patched and checked'")
        cli("device", "release", TROUBLED, "--reason", "patched and checked")
        def look():
            now = self.device()
            return int(now["state"] == "active" and now["online"] and now["firmware"] == PATCH), now
        self.observe(40, "back", 1, look)
        closed = self.controller.api.get(f"/incidents/{self.incident}")
        if closed["state"] != "closed":
            raise NotObserved(self.step, "its incident is closed", closed)
        screen.saw(f"{TROUBLED} is active, online, on {PATCH}; incident {self.incident} is closed")

    def audit(self):
        cli, screen = self.controller.cli, self.screen
        screen.does("muster ledger verify --since checkpoint")
        verified = cli.json("ledger", "verify", "--since", self.checkpoint)
        if not (verified["verified"] and verified["extends_kept_checkpoint"]):
            raise NotObserved(self.step, "the ledger verifies and extends the checkpoint of the first step", verified)
        screen.saw(f"{verified['size']} entries, every hash computed again; it extends the checkpoint kept at the start")
        entries = cli.json("ledger", "entries")
        told = [entry["action"] for entry in entries]
        wanted = ["manifest.imported", "vouchers.imported", "certificate.issued", "device.activated", "release.published", "rollout.started",
                  "wave.passed", "update.installed", "rollout.done", "release.published", "rollout.started",
                  "update.failed", "rollout.halted", "update.reverted", "rollout.reverted", "device.quarantined",
                  "incident.opened", "release.published", "rollout.started", "rollout.done", "device.released",
                  "incident.closed"]
        at = iter(told)
        missing = next((action for action in wanted if action not in at), None)
        if missing:
            raise NotObserved(self.step, f"{missing} in its place in the ledger", sorted(set(told)))
        for entry in entries:
            if entry["action"] in ("rollout.halted", "device.quarantined", "device.released"):
                screen.does(f"{entry['index']:>5}  {entry['at']}  {entry['action']}  {entry['target']}  "
                            f"{entry['actor']}: {entry['reason']}")
        screen.saw("its entries tell this story, in this order")
