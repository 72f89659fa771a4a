"""A fleet of virtual devices: one `muster-swarm`, told what to do line by line."""

import collections
import json
import pathlib
import subprocess
import threading


class Swarm:
    def __init__(self, binaries, log, *options):
        self.log = open(log, "ab")
        self.process = subprocess.Popen([pathlib.Path(binaries) / "muster-swarm", *map(str, options)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.said = collections.deque(maxlen=200)
        self.status = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            try:
                heard = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(heard, dict):
                self.status = heard

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
