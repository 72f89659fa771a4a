"""What the audience sees: a heading per step, a bar while it waits, and what was observed. Plain lines when the
output is not a terminal; no colour with NO_COLOR."""

import os
import sys
import time

BAR = 28


class Screen:
    def __init__(self, out=sys.stdout):
        self.out, self.live = out, out.isatty()
        self.colour = self.live and not os.environ.get("NO_COLOR")
        self.began, self.drawn = time.monotonic(), None

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        self._wipe()
        print(text, file=self.out, flush=True)

    def step(self, mark, title):
        self.line()
        self.line(self.paint("1", f"({mark}) {title}"))

    def does(self, text):
        self.line("    " + self.paint("2", text))

    def saw(self, text):
        self.line(f"    {self.paint('32', 'ok')}  {text}  {self.paint('2', f'[{self.elapsed():.1f} s]')}")

    def failed(self, text):
        self.line(f"    {self.paint('31', 'NOT OBSERVED')}  {text}")

    def elapsed(self):
        return time.monotonic() - self.began

    def progress(self, done, total, words):
        if not self.live:
            quarter = done * 4 // max(total, 1)
            if (words, quarter) != self.drawn and 0 < done:
                print(f"    ..  {done}/{total} {words}", file=self.out, flush=True)
            self.drawn = words, quarter
            return
        filled = BAR * min(done, total) // max(total, 1)
        bar = self.paint("36", "█" * filled) + self.paint("2", "░" * (BAR - filled))
        print(f"\r\033[K    {bar} {done}/{total} {words}", end="", file=self.out, flush=True)
        self.drawn = True

    def _wipe(self):
        if self.live and self.drawn:
            print("\r\033[K", end="", file=self.out)
        self.drawn = None
