import { describe, expect, it } from "vitest";
import type { Rollout, Wave } from "../api/types";
import { cell, csv } from "./csv";
import { band, measure, octets, percent, rate, short_hash } from "./numbers";
import { allowance, standing, total_of } from "./outcomes";
import { ago, lasted, moment, span } from "./times";

const wave = (over: Partial<Wave>): Wave => ({
  share_permille: 1000,
  tolerance_permille: 100,
  soak_s: 30,
  state: "open",
  targets: 100,
  offered: 0,
  installed: 0,
  failed: 0,
  reverted: 0,
  silent: 0,
  outcomes: { installed: 0, offered: 0, failed: 0, silent: 0, reverted: 0, overtaken: 0, waiting: 100 },
  opened_at: "2026-01-01T00:00:00Z",
  ...over,
});
const rollout = (over: Partial<Rollout>): Rollout => ({
  id: 1,
  release: {
    id: "ab",
    model: "m",
    version: "2",
    sequence: 2,
    digest: "",
    size: 1,
    published_at: "",
    signed_by: [],
  },
  selector: "all",
  state: "running",
  wave: 0,
  reason: "",
  started_at: "2026-01-01T00:00:00Z",
  ended_at: null,
  deadline_s: 300,
  waves: [wave({})],
  ...over,
});

describe("numbers", () => {
  it("never round a few into none or all", () => {
    expect(percent(0, 100_000)).toBe("0 %");
    expect(percent(1, 100_000)).toBe("< 0.1 %");
    expect(percent(99_999, 100_000)).toBe("> 99.9 %");
    expect(percent(100_000, 100_000)).toBe("100 %");
    expect(percent(1, 0)).toBe("–");
  });
  it("keep four digits of a measurement", () => {
    expect([measure(21.456789), measure(0), measure(123456.7), measure(1e-7), measure(NaN)]).toEqual([
      "21.46",
      "0",
      "123,457",
      "1.00e-7",
      "–",
    ]);
  });
  it("name octets and rates", () => {
    expect([octets(0), octets(999), octets(1000), octets(524_288), octets(2.5e9)]).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "524 kB",
      "2.5 GB",
    ]);
    expect([rate(0), rate(0.5), rate(12.34), rate(1234.5)]).toEqual(["0", "0.5", "12.3", "1,235"]);
    expect(short_hash("0123456789abcdef", 4)).toBe("0123…");
  });
});

describe("times", () => {
  it("are spans a person reads at a glance", () => {
    expect([span(3), span(61), span(3600), span(5400), span(86_400), span(400_000)]).toEqual([
      "3 s",
      "1 min",
      "1 h",
      "1 h 30 min",
      "24 h",
      "4 d",
    ]);
    const now = Date.parse("2026-01-01T00:10:00Z");
    expect(lasted("2026-01-01T00:00:00Z", null, now)).toBe("10 min");
    expect(lasted("2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", now)).toBe("5 s");
    expect(ago("2026-01-01T00:00:00Z", now)).toBe("10 min ago");
    expect(ago("2026-01-01T00:09:58Z", now)).toBe("now");
    expect(ago("2026-01-01T01:10:00Z", now)).toBe("in 1 h");
    expect(ago(null, now)).toBe("never");
    expect(moment("2026-01-01T00:00:00.123Z")).toBe("2026-01-01 00:00:00");
    expect(moment("nonsense")).toBe("–");
  });
});

describe("exports", () => {
  it("quote what must be quoted and defuse formulas, but leave numbers alone", () => {
    expect(cell('a "b", c')).toBe('"a ""b"", c"');
    expect(cell("=HYPERLINK(1)")).toBe("'=HYPERLINK(1)");
    expect(cell("-5.2")).toBe("-5.2");
    expect(csv(["id"], [["m-1"], [null]])).toBe("id\r\nm-1\r\n\r\n");
  });
});

describe("waves", () => {
  it("say how many failures a wave allows, and what it waits for", () => {
    expect(allowance(wave({ targets: 25, tolerance_permille: 100 }))).toBe(2);
    const now = Date.parse("2026-01-01T00:01:30Z");
    expect(standing(rollout({}), now)).toBe(
      "Wave 1 of 1 waits for 100 of 100 devices, open for 1 min. It tolerates 10 % failures.",
    );
    expect(standing(rollout({ state: "halted" }), now)).toContain("Halted");
  });
  it("add up to what became of a rollout", () => {
    const failed = { installed: 3, offered: 0, failed: 2, silent: 0, reverted: 0, overtaken: 0, waiting: 0 };
    expect(total_of(rollout({ waves: [wave({ outcomes: failed }), wave({})] }))).toEqual({
      ...failed,
      waiting: 100,
    });
  });
});

it("names a band by what is known of it", () => {
  expect([band(1, 2), band(null, 2), band(1, undefined), band(null, null), band(-Infinity, 5)]).toEqual([
    "1 to 2",
    "at most 2",
    "at least 1",
    "any value",
    "at most 5",
  ]);
});
