"""What the meters measure: a CSV with a header (a column of numbers is a metric), or the swarm's own seeded model."""

import csv

# Of the seeded model of muster-swarm: name, unit, healthy range.
SEEDED = {"voltage": ("V", 200, 260), "power": ("W", 0, 20_000), "current": ("A", 0, 100), "energy": ("kWh", 0, 1e9)}
NOT_METRICS = {"date", "time", "timestamp"}
UNITS = {"voltage": "V", "global_intensity": "A", "global_active_power": "kW"}


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


class Readings:
    def __init__(self, file):
        self.file = file
        self.origin = f"from {file.name}" if file else "from a seeded model of a household"
        self.ranges = self._ranges_of(file) if file else {name: (low, high) for name, (_, low, high) in SEEDED.items()}
        if not self.ranges:
            raise ValueError(f"{file}: has no column of numbers")

    @staticmethod
    def _ranges_of(file):
        ranges = {}
        with open(file, newline="") as text:
            for row in csv.DictReader(text):
                for name, value in row.items():
                    if name and name not in NOT_METRICS and (at := number(value or "")) is not None:
                        low, high = ranges.get(name, (at, at))
                        ranges[name] = min(low, at), max(high, at)
        return ranges

    def metric_options(self):
        """`--metric NAME:UNIT:MIN:MAX`, with room around what a healthy meter measures."""
        for name, (low, high) in self.ranges.items():
            unit = SEEDED[name][0] if not self.file else UNITS.get(name, "")
            room = (high - low) * 0.2 or 1.0 if self.file else 0
            yield from ("--metric", f"{name}:{unit}:{low - room:g}:{high + room:g}")

    def swarm_options(self):
        return ("--readings", self.file) if self.file else ()

    def first_metric(self):
        return "voltage" if "voltage" in self.ranges else next(iter(self.ranges))

    def holds(self, metric, low, high):
        lowest, highest = self.ranges[metric]
        return lowest - 1e-3 <= low <= high <= highest + 1e-3
