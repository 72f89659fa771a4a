import { describe, expect, it } from "vitest";
import type { ListedCertificate } from "../api/identity_types";
import { in_use, standing_of, used } from "./certificates";
import { pcrs_of, register_standing, registers_of } from "./registers";

const DAY = 86_400_000;
const born = Date.parse("2026-01-01T00:00:00Z");
const certificate = (over: Partial<ListedCertificate> = {}): ListedCertificate => ({
  serial: "ab",
  subject: "meter-1",
  kind: "device",
  status: "valid",
  not_before: "2026-01-01T00:00:00Z",
  not_after: "2026-01-31T00:00:00Z",
  ...over,
});

describe("a certificate", () => {
  it("is overdue for renewal in the last quarter of its life", () => {
    expect(standing_of(certificate(), born)).toBe("valid");
    expect(standing_of(certificate(), born + 22.5 * DAY)).toBe("valid");
    expect(standing_of(certificate(), born + 22.6 * DAY)).toBe("renewal overdue");
    expect(standing_of(certificate(), born + 30 * DAY)).toBe("expired");
  });

  it("says first what somebody decided about it", () => {
    expect(standing_of(certificate({ status: "revoked" }), born + 40 * DAY)).toBe("revoked");
    expect(standing_of(certificate({ status: "superseded" }), born)).toBe("superseded");
    expect(standing_of(certificate({ status: "pending" }), born)).toBe("not yet used");
    expect(standing_of(certificate({ status: "pending" }), born + 29 * DAY)).toBe("renewal overdue");
  });

  it("has used none to all of its life", () => {
    expect(used(certificate(), born - DAY)).toBe(0);
    expect(used(certificate(), born + 15 * DAY)).toBe(0.5);
    expect(used(certificate(), born + 99 * DAY)).toBe(1);
    expect(used(certificate({ not_after: "2026-01-01T00:00:00Z" }), born)).toBe(1);
  });

  it("can be revoked while it opens a door", () => {
    expect(in_use(certificate())).toBe(true);
    expect(in_use(certificate({ status: "pending" }))).toBe(true);
    expect(in_use(certificate({ status: "superseded" }))).toBe(false);
  });
});

describe("a register", () => {
  it("stands beside what is expected in it", () => {
    expect(register_standing({ pcr: 0, shown: "aa", expected: null })).toBe("not asked");
    expect(register_standing({ pcr: 0, shown: "aa", expected: "aa" })).toBe("as expected");
    expect(register_standing({ pcr: 0, shown: "aa", expected: "bb" })).toBe("differs");
    expect(register_standing({ pcr: 0, shown: null, expected: "bb" })).toBe("not shown");
  });

  it("is named as the API names it", () => {
    expect(registers_of("sha256:0,1,14")).toEqual([0, 1, 14]);
    for (const wrong of ["", "sha256:", "sha1:0", "sha256:0,,1", "sha256:a"])
      expect(registers_of(wrong)).toEqual([]);
    expect(
      pcrs_of([
        { pcr: 0, shown: "aa", expected: null },
        { pcr: 7, shown: null, expected: "bb" },
        { pcr: 9, shown: "cc", expected: "bb" },
      ]),
    ).toBe("sha256:0,9");
  });
});
