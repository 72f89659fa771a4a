"""What was measured, as a table for people and as JSON for machines."""

import json
import statistics


class Spread:
    """Several measurements of one thing: median, and the least and the greatest."""

    def __init__(self, values):
        self.values = list(values)
        self.median = statistics.median(self.values)

    def __str__(self):
        if len(self.values) == 1:
            return show(self.median)
        return f"{show(self.median)} [{show(min(self.values))}–{show(max(self.values))}]"

    def json(self):
        return {"median": self.median, "min": min(self.values), "max": max(self.values), "rounds": len(self.values)}


def show(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def met(value, mark):
    kind, limit = mark
    return value <= limit if kind == "at most" else value >= limit


class Report:
    def __init__(self, machine):
        self.machine = machine
        self.rows = []

    def beside(self, what, unit, ours, theirs, mark=None, note="", peer="mosquitto"):
        """The same in both, in one interleaved run: the ratio is of the two measurements of a round."""
        self._add({"what": what, "unit": unit, "ours": Spread(ours), "peer": peer, "theirs": Spread(theirs),
                   "ratio": Spread(a / b for a, b in zip(ours, theirs)), "note": note}, "ratio", mark)

    def alone(self, what, unit, ours, mark=None, note=""):
        self._add({"what": what, "unit": unit, "ours": Spread(ours), "note": note}, "ours", mark)

    def _add(self, row, judged, mark):
        if mark:
            row["mark"] = f"{mark[0]} {show(mark[1])}{' ×' if judged == 'ratio' else ''}"
            row["met"] = met(row[judged].median, mark)
        self.rows.append(row)
        print("  " + self._line(row), flush=True)

    @staticmethod
    def _line(row):
        parts = [f"{row['what']}: {row['ours']} {row['unit']}"]
        if "peer" in row:
            parts.append(f"{row['peer']} {row['theirs']}; ratio {row['ratio']}")
        if "mark" in row:
            parts.append(f"mark {row['mark']}: {'met' if row['met'] else 'NOT MET'}")
        if row["note"]:
            parts.append(row["note"])
        return "; ".join(parts)

    def table(self):
        lines = ["| measured | Muster | peer | ratio | mark | |", "|---|---|---|---|---|---|"]
        for row in self.rows:
            cells = [f"{row['what']}, {row['unit']}", row["ours"], f"{row['theirs']} {row['peer']}" if "peer" in row else "", row.get("ratio", ""),
                     row.get("mark", ""), {True: "met", False: "**not met**", None: ""}[row.get("met")]]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        notes = [f"- {row['what']}: {row['note']}" for row in self.rows if row["note"]]
        return "\n".join([*(f"{k}: {v}" for k, v in self.machine.items()), "", *lines, "", *notes])

    def write(self, path):
        rows = [{k: v.json() if isinstance(v, Spread) else v for k, v in row.items()} for row in self.rows]
        path.write_text(json.dumps({"machine": self.machine, "results": rows}, indent=1) + "\n")
