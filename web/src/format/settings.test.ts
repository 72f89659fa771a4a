import { expect, it } from "vitest";
import { compared } from "./settings";

it("compares nested settings by their dotted name and says how each stands", () => {
  const rows = compared(
    { net: { ntp: "a" }, interval: 60, led: true, list: [1] },
    { net: { ntp: "b" }, interval: 60, extra: {}, list: [1] },
  );
  expect(rows.map(({ name, standing }) => [name, standing])).toEqual([
    ["extra", "only reported"],
    ["interval", "same"],
    ["led", "not reported"],
    ["list", "same"],
    ["net.ntp", "differs"],
  ]);
});

it("finds nothing in absent documents", () => {
  expect(compared(null, undefined)).toEqual([]);
  expect(compared({}, {})).toEqual([]);
});
