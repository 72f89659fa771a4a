import { describe, expect, it } from "vitest";
import { id_of_serial, is_name, names_of } from "./names";

describe("a name", () => {
  it("is what the API takes", () => {
    for (const good of ["m", "meter-7", "a.b:c_d", "x".repeat(64)]) expect(is_name(good)).toBe(true);
    for (const bad of ["", "-m", "a b", "ä", "x".repeat(65)]) expect(is_name(bad)).toBe(false);
  });

  it("is made of a serial number", () => {
    expect(id_of_serial("SN-0042")).toBe("SN-0042");
    expect(id_of_serial("00 42/7")).toBe("00-42-7");
    expect(id_of_serial("##")).toBe("");
    expect(id_of_serial("9".repeat(80))).toHaveLength(64);
  });

  it("stands in a list apart by commas", () => {
    expect(names_of(" north, pilot ,,")).toEqual(["north", "pilot"]);
    expect(names_of("")).toEqual([]);
  });
});
