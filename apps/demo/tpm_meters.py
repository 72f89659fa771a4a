"""Meters whose keys are in a TPM: for each a software TPM (swtpm) and a `muster-agent` of its own."""

import pathlib
import subprocess

from swtpm import Swtpm


class TpmMeters:
    def __init__(self, binaries, scratch, ids):
        self.binaries, self.scratch, self.agents = pathlib.Path(binaries), scratch, []
        self.tpms = {}
        for id in ids:
            self.tpms[id] = Swtpm(scratch / "tpm" / id).start()

    def endorsements(self):
        """What a manifest names each TPM by."""
        return {id: tpm.endorsement_sha256() for id, tpm in self.tpms.items()}

    def start(self, *options):
        for id, tpm in self.tpms.items():
            log = open(self.scratch / f"{id}.log", "ab")
            self.agents.append((subprocess.Popen(
                [self.binaries / "muster-agent", "--id", id, "--state", self.scratch / f"{id}.state", "--key-store",
                 f"tpm:{tpm.tcti}", *map(str, options)], stdout=log, stderr=log), log))

    def stop(self):
        for process, log in self.agents:
            process.terminate()
            process.wait(15)
            log.close()
        for tpm in self.tpms.values():
            tpm.stop()
