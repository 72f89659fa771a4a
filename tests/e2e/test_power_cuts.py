"""The agent's process ended at every point at which it makes something durable, each point on a device of its own, all of
them in one rollout: enumerated, not drawn by lot."""

import secrets
import subprocess
import unittest

from stage import METRICS, Stage
from test_agent import Agent

# Ends the process right before its n-th call that makes something durable, or visible under its name.
CUT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static long left = -1;
__attribute__((constructor)) static void begin(void) {
  const char *told = getenv("CUT_AT");
  left = told ? atol(told) : -1;
  unsetenv("LD_PRELOAD");  /* not for what it starts */
}
static void count(void) {
  if (left > 0 && --left == 0) kill(getpid(), SIGKILL);
}
int fsync(int fd) {
  static int (*real)(int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsync");
  count();
  return real(fd);
}
int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "rename");
  count();
  return real(from, to);
}
"""
POINTS = 48  # more than an update has: the last ones are never reached, which shows that none was left out


class PowerCuts(Stage):
    def test_a_device_that_ends_at_any_of_its_syncs_is_on_the_new_release_in_the_end(self):
        self.cli("model", "put", "meter", "--interval", 1, *METRICS)
        source, library = self.scratch / "cut.c", self.scratch / "cut.so"
        source.write_text(CUT)
        subprocess.run(["clang-19", "-shared", "-fPIC", "-O1", source, "-o", library, "-ldl"], check=True)
        ids = [f"cut-{n:02}" for n in range(1, POINTS + 1)]
        agents = {id: Agent(self.controller, self.scratch, id, self.expect(id)).start() for id in ids}
        for agent in agents.values():
            self.addCleanup(agent.stop)
        self.eventually("all are online", lambda: self.api.get("/fleet")["devices"]["online"] == POINTS, 60)
        for agent in agents.values():
            agent.kill()

        artifact, octets = self.scratch / "1.0.0.bin", secrets.token_bytes(100_000)
        artifact.write_bytes(octets)
        self.cli("release", "publish", "--model", "meter", "--version", "1.0.0", artifact)
        self.eventually("nobody is online", lambda: self.api.get("/fleet")["devices"]["online"] == 0)
        rollout = self.cli("rollout", "start", "--release", "1.0.0", "--selector", 'id.startsWith("cut-")', "--waves",
                           "100%", "--soak", "1s", "--deadline", "120s")
        for number, agent in enumerate(agents.values(), 1):
            agent.command = ["env", f"LD_PRELOAD={library}", f"CUT_AT={number}", *agent.command]
            agent.start()
        cut = set()

        def all_updated():
            for id, agent in agents.items():
                if id not in cut and agent.process.poll() is not None:
                    cut.add(id)
                    agent.command = agent.command[3:]
                    agent.start()
            return self.api.get(f"/rollouts/{rollout}")["state"] == "done"
        self.eventually("every device has it", all_updated, 60)
        first_uncut = next(n for n, id in enumerate(ids) if id not in cut)
        self.assertGreater(first_uncut, 30, "an update has more points than that")
        self.assertFalse(cut & set(ids[-4:]), "there are points beyond those that were tried")
        for id, agent in agents.items():
            self.assertEqual(agent.running(), octets, id)
            self.assertEqual(agent.status()["phase"], "idle", id)


if __name__ == "__main__":
    unittest.main()
