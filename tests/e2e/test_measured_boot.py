"""Whole computers that measure what they boot: firmware, boot loader, kernel and the agent inside are real, only the
processor, the disk and the TPM chip are software. What comes of it is seen where an operator sees it."""

import unittest

from machine import Images, Machine
from maker import Maker
from stage import BINARIES, Stage

LONG = 600  # seconds: a boot takes some 20 on a machine that has nothing else to do
MODEL, MEASURED = "gateway", "sha256:0,2,4,7,11"


class MeasuredBoot(Stage):
    long = True
    options = ("--public-name", "controller.test")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = Maker(cls.scratch, MODEL)
        cls.images = Images(cls.scratch, BINARIES / "muster-agent")

    def machine(self, id, image, banks):
        folder = self.controller.folder
        machine = Machine(self.scratch / id, image, banks, f"--id {id} --model {MODEL} --firmware 1.0\n",
                          [folder / name for name in ("ca.pem", "release.pub", "ports.json")])
        self.addCleanup(machine.cut_power)
        return machine

    def eventually(self, wanted, look, within=LONG):
        try:
            return super().eventually(wanted, look, within)
        except AssertionError as late:
            said = "".join(f"\n{file}:\n{file.read_text(errors='replace')[-2000:]}"
                           for file in sorted(self.scratch.glob("*/*.log")))
            raise AssertionError(f"{late}{said}") from None

    def trust(self, id):
        return self.device(id)["attestation"]["state"]

    def roll_out(self, release, id):
        rollout = self.cli("rollout", "start", "--release", release, "--selector", f'id == "{id}"', "--waves", "100%",
                           "--soak", "1s", "--deadline", f"{LONG}s")
        done = self.eventually(f"the rollout to {id} ends", lambda: (now := self.api.get(f"/rollouts/{rollout}"))[
            "state"] in ("done", "halted", "reverted") and now)
        self.assertEqual((done["state"], done["waves"][0]["installed"]), ("done", 1), done)

    def learn(self, id, *options):
        self.cli("attest", "policy", "set", "--model", MODEL, "--pcrs", MEASURED, "--learn", id, *options)

    def test_a_release_is_learnt_from_one_machine_and_a_tampered_boot_of_another_is_caught(self):
        factory, update = self.images.make("1.0"), self.images.make("2.0")
        lab, field = self.machine("lab", factory, "sha1,sha256"), self.machine("field", factory, "sha256")
        self.cli("device", "expect", "--id", "lab", "--model", MODEL, "--ek-sha256", lab.endorsement_sha256)
        self.cli("manifest", "trust", "maker", self.maker.public_key)
        file, signature = self.maker.sign("id,model,serial,groups,risk,token_sha256,idevid_sha256,ek_sha256\n"
                                          f"field,{MODEL},SN-1,,,,,{field.endorsement_sha256}\n", "manifest.csv")
        self.cli("manifest", "import", file, "--signature", signature)

        lab.power_on()
        field.power_on()
        self.eventually("the lab's machine is online", lambda: self.device("lab")["online"])
        self.assertEqual(self.trust("lab"), "unknown", "there is no policy")
        self.learn("lab")
        self.assertEqual(self.trust("lab"), "trusted")

        self.eventually("the field's machine is online", lambda: self.device("field")["online"])
        device = self.device("field")
        self.assertEqual((device["state"], device["key_protection"]), ("active", "tpm"))
        self.assertEqual(self.trust("field"), "trusted", "it booted what the lab's machine did")
        self.assertEqual([entry["detail"]["proof"] for entry in self.recorded("certificate.issued", "device/field")],
                         ["tpm"])

        # A release that nobody has taught yet: the lab's machine, which is not isolated, teaches it.
        release = self.cli("release", "publish", "--model", MODEL, "--version", "2.0", update)
        self.roll_out("2.0", "lab")
        self.eventually("its new boot is another", lambda: self.trust("lab") == "failed")
        self.assertRegex(self.device("lab")["attestation"]["why"], r"PCR 4, 11$")
        self.learn("lab", "--release", release, "--isolate")
        self.assertEqual(self.trust("lab"), "trusted")
        self.learn("field", "--isolate")

        # The field follows, and no moment of it looks like an attack.
        self.roll_out("2.0", "field")
        self.eventually("its new boot is trusted", lambda: self.trust("field") == "trusted")
        self.assertEqual(self.device("field")["firmware"], "2.0")
        self.assertEqual(self.recorded("attestation.failed", "device/field"), [])
        self.assertEqual(self.recorded("attestation.refused"), [])

        # Somebody who has the machine in hands changes one octet of the image's kernel parameters on its disk.
        field.cut_power()
        self.eventually("it is gone", lambda: not self.device("field")["online"])
        image = self.scratch / "tampered.efi"
        field.get("EFI/Linux/muster-b.efi", image)
        octets = image.read_bytes()
        self.assertEqual(octets, update.read_bytes())
        self.assertEqual(octets.count(b"note=0"), 1)
        image.write_bytes(octets.replace(b"note=0", b"note=1"))
        field.put(image, "EFI/Linux/muster-b.efi")
        field.power_on()
        self.eventually("its boot is not trusted", lambda: self.trust("field") == "failed")
        self.eventually("it is isolated", lambda: self.device("field")["state"] == "quarantined")
        self.eventually("it is cut off", lambda: not self.device("field")["online"])
        self.assertRegex(self.device("field")["attestation"]["why"], r"PCR 4, 11$")
        self.assertEqual(len(self.recorded("attestation.failed", "device/field")), 1)
        incidents = [each for each in self.api.items("/incidents") if each["device"] == "field"]
        self.assertEqual([finding["feature"] for each in incidents for finding in each["findings"]], ["attestation"])
        self.assertEqual(self.device("lab")["state"], "active")


if __name__ == "__main__":
    unittest.main()
