import { expect, it } from "vitest";
import { literal, path_of, query_string } from "./query_string";
import { of_target } from "../route/addresses";

it("leaves out what is absent, so that equal views have equal addresses", () => {
  expect(query_string({ state: "", q: undefined, cursor: null, dry_run: false })).toBe("");
  expect(query_string({ q: "a b", limit: 0, dry_run: true })).toBe("?q=a+b&limit=0&dry_run=true");
});

it("keeps an id within its segment", () => {
  expect(path_of("devices", "../a/b?c#d")).toBe("/devices/..%2Fa%2Fb%3Fc%23d");
});

it("writes selector literals without changing their meaning", () => {
  expect(literal('a"b\\c')).toBe('"a\\"b\\\\c"');
});

it("leads from a ledger target to its screen, and nowhere when there is none", () => {
  expect(of_target("device/meter-7")).toBe("/devices/meter-7");
  expect(of_target("device/a/b")).toBe("/devices/a%2Fb");
  expect(of_target("operator/alice")).toBeNull();
  expect(of_target("controller")).toBeNull();
});
