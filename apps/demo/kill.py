"""DEMO_KILL: when to kill -9 musterd in the middle of the story. A step (its letter or name), or seconds from the
start; several, separated by commas."""

import time

AFTER_STEP_BEGAN_S = 0.5


class Kill:
    def __init__(self, text):
        self.began, self.due = time.monotonic(), []
        words = [word.strip() for word in text.split(",") if word.strip()]
        self.steps = {word for word in words if not word.replace(".", "", 1).isdigit()}
        self.due += [self.began + float(word) for word in words if word not in self.steps]

    def check(self, known):
        unknown = self.steps - set(known)
        if unknown:
            raise ValueError(f"DEMO_KILL: no step {', '.join(sorted(unknown))} has room for it; these have: "
                             + ", ".join(known))

    def step_begins(self, mark, name):
        if {mark, name} & self.steps:
            self.steps -= {mark, name}
            self.due.append(time.monotonic() + AFTER_STEP_BEGAN_S)

    def is_due(self):
        now = time.monotonic()
        due = [at for at in self.due if at <= now]
        self.due = [at for at in self.due if at > now]
        return bool(due)
