"""A whole fleet goes over to a new CA in band, with the controller and the signer killed in the middle of every phase:
all end with the new root, and the old one is gone.

It takes half a minute, since it waits for real devices' renewals; that the swarm's agents take part is shown nowhere
else."""

import shutil
import unittest

from api import Api
from test_rollover import Rolling
from test_signer import log_of

METERS = 80


class RolloverOfASwarm(Rolling):
    def test_all_devices_end_with_the_new_root(self):
        self.swarm, _ = self.start_swarm(METERS)
        self.order("begin")
        self.phase("distributing")
        self.eventually("some have the new root", lambda: self.state()["anchor_reported"] > METERS // 10, 60)
        self.kill_both()
        self.eventually("all have the new root", lambda: self.state()["anchor_reported"] == METERS, 90)
        self.assertEqual(self.state()["anchor_missing"], 0)
        self.new_ca = self.scratch / "new-ca.pem"
        shutil.copy(self.certificates()["other-root"], self.new_ca)

        self.order("switch")
        self.kill_both()
        self.phase("switched")
        self.eventually("some have renewed", lambda: self.state()["old_certificates"] < METERS * 3 // 4, 90)
        self.kill_both()
        self.eventually("nobody is waited for", lambda: not self.state()["waiting_for"], 90)

        self.order("finish")
        self.kill_both()
        self.controller.api = Api(self.controller.ports["operator"], self.new_ca,
                                  self.controller.token_file.read_text().strip())
        self.phase("none")
        self.eventually("the doors show the new CA alone", lambda: not self.greets(self.old_ca))
        self.kill_both()  # whoever comes back now has verified the new chain
        self.controller.api = Api(self.controller.ports["operator"], self.new_ca,
                                  self.controller.token_file.read_text().strip())
        self.eventually("all are back", lambda: self.online_count() == METERS, 60)
        self.assertTrue(self.swarm.alive())
        logged = [serial for kind, serial in log_of(self.controller.folder / "signer") if kind == "device"]
        entries = self.controller.api.items("/ledger/entries?from=0")
        self.assertEqual(sorted(logged), sorted(entry["detail"]["serial"] for entry in entries if entry["action"] in
                                                ("certificate.issued", "certificate.withdrawn")))
        self.assertFalse([entry for entry in entries if entry["action"] == "ca.certificate-unexplained"])

    def online_count(self):
        return self.controller.api.get("/fleet")["devices"]["online"]


if __name__ == "__main__":
    unittest.main()
