import { describe, expect, it } from "vitest";
import type { Retirement } from "../api/retirement_types";
import { asked_by, progress_of, state_of_affairs } from "./retirements";

const none = {
  waiting: 0,
  rejected: 0,
  wiping: 0,
  sanitised: 0,
  unsanitised: 0,
  destroyed: 0,
  "nothing-to-wipe": 0,
  skipped: 0,
};
const retirement = (over: Partial<Retirement>): Retirement => ({
  id: 1,
  state: "running",
  devices: 10,
  steps: none,
  second_operator: false,
  reason: "end of life",
  selector: null,
  deadline_s: null,
  requested_by: "operator:ann",
  requested_at: "2026-01-01T00:00:00Z",
  decided_by: null,
  decided_at: null,
  why: null,
  ...over,
});

describe("a retirement", () => {
  it("fills from what is over to what is to come", () => {
    const steps = { ...none, wiping: 3, sanitised: 6, unsanitised: 1 };
    expect(progress_of({ steps })).toEqual([
      { name: "sanitised", n: 6 },
      { name: "unsanitised", n: 1 },
      { name: "wiping", n: 3 },
    ]);
    expect(progress_of({ steps: none })).toEqual([]);
  });

  it("says what is still to do, and never calls unsanitised wiped", () => {
    expect(state_of_affairs(retirement({ state: "waiting" }))).toMatch(/another operator/);
    expect(state_of_affairs(retirement({ state: "rejected" }))).toBe("was rejected");
    expect(state_of_affairs(retirement({ steps: { ...none, wiping: 4 } }))).toBe("4 of 10 still to wipe");
    expect(state_of_affairs(retirement({ state: "done", steps: { ...none, sanitised: 10 } }))).toBe("over");
    expect(
      state_of_affairs(retirement({ state: "done", steps: { ...none, sanitised: 8, unsanitised: 2 } })),
    ).toBe("over; 2 never said that they are wiped");
  });

  it("knows whose it is", () => {
    expect(asked_by(retirement({}), "ann")).toBe(true);
    expect(asked_by(retirement({}), "olaf")).toBe(false);
  });
});
