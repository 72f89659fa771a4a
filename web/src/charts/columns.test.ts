import { expect, it } from "vitest";
import type { Series } from "../api/types";
import { columns_of } from "./columns";

const series = (seconds: number[], step_ms = 1000): Series => ({
  metric: "power",
  unit: "W",
  step_ms,
  buckets: seconds.map((s) => ({
    at: new Date(s * 1000).toISOString(),
    min: s,
    max: s + 2,
    mean: s + 1,
    count: 1,
  })),
});

it("leaves a hole where a device was silent for longer than usual, whatever the width of a bucket", () => {
  expect(columns_of(series([0, 60, 120, 600, 660]))).toEqual([
    [0, 60, 120, 360, 600, 660],
    [0, 60, 120, null, 600, 660],
    [2, 62, 122, null, 602, 662],
    [1, 61, 121, null, 601, 661],
  ]);
  expect(columns_of(series([0, 60], 60_000))[0]).toEqual([0, 60]);
});

it("takes an empty bucket for no value, and nothing for nothing", () => {
  const one = series([0, 1, 2]);
  one.buckets[1]!.count = 0;
  expect(columns_of(one)[3]).toEqual([1, 3]);
  expect(columns_of(series([]))).toEqual([[], [], [], []]);
});
