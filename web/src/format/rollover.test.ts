import { describe, expect, it } from "vitest";
import type { CaRollover } from "../api/ca_types";
import { anchor_parts, step_states, unsettled, what_keeps } from "./rollover";

const rollover = (over: Partial<CaRollover> = {}): CaRollover => ({
  phase: "switched",
  id: "ab",
  scope: "root",
  begun_at: "2026-01-01T00:00:00Z",
  switched_at: "2026-01-02T00:00:00Z",
  refused: null,
  devices: 10,
  anchor_reported: 6,
  anchor_fetched: 3,
  anchor_missing: 1,
  old_certificates: 0,
  waiting_for: [],
  ...over,
});

describe("a rollover of the CA", () => {
  it("goes on step by step", () => {
    expect(step_states("none")).toEqual(["to come", "to come", "to come", "to come"]);
    expect(step_states("beginning")[0]).toBe("now");
    expect(step_states("distributing")).toEqual(["done", "now", "to come", "to come"]);
    expect(step_states("switching")).toEqual(["done", "done", "now", "to come"]);
    expect(step_states("switched")).toEqual(["done", "done", "done", "to come"]);
    expect(step_states("finishing")[3]).toBe("now");
  });

  it("waits for the signer in every phase that it was ordered, and no other", () => {
    for (const phase of ["beginning", "aborting", "switching", "finishing"] as const)
      expect(unsettled(phase)).toBe(true);
    for (const phase of ["none", "distributing", "switched"] as const) expect(unsettled(phase)).toBe(false);
  });

  it("says what keeps it from its end", () => {
    expect(what_keeps(rollover())).toBe("1 device lacks the new root");
    expect(what_keeps(rollover({ anchor_missing: 2000, old_certificates: 1 }))).toBe(
      "2,000 devices lack the new root, 1 certificate is still of the old CA",
    );
    expect(what_keeps(rollover({ anchor_missing: 0 }))).toBe("");
  });

  it("counts each device once", () => {
    expect(anchor_parts(rollover()).reduce((sum, { n }) => sum + n, 0)).toBe(10);
  });
});
