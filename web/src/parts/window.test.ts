import { expect, it } from "vitest";
import { sight } from "./window";

it("shows what is in sight and a little around it, never outside of the list", () => {
  expect(sight(0, 340, 34, 100_000)).toEqual({ first: 0, end: 24 });
  expect(sight(34 * 50_000, 340, 34, 100_000)).toEqual({ first: 49_984, end: 50_024 });
  expect(sight(34 * 99_990, 340, 34, 100_000)).toEqual({ first: 99_976, end: 100_000 });
  expect(sight(0, 340, 34, 0)).toEqual({ first: 0, end: 0 });
  expect(sight(34 * 500, 340, 34, 3)).toEqual({ first: 3, end: 3 }); // the list just shrank
});
