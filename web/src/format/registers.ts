// A TPM's registers beside what a policy expects in them.

import type { Register } from "../api/identity_types";

export type RegisterStanding = "as expected" | "differs" | "not shown" | "not asked";

export function register_standing({ shown, expected }: Register): RegisterStanding {
  if (expected === null) return "not asked";
  if (shown === null) return "not shown";
  return shown === expected ? "as expected" : "differs";
}

// "sha256:0,1,7" as the numbers of its registers; nothing when it is not of that form.
export function registers_of(pcrs: string): number[] {
  const [bank, list] = pcrs.split(":");
  if (bank !== "sha256" || !list || !/^\d+(,\d+)*$/.test(list)) return [];
  return list.split(",").map(Number);
}

// What the policy would be about, of what was shown: as the API wants it.
export const pcrs_of = (registers: Register[]) =>
  `sha256:${registers
    .filter(({ shown }) => shown !== null)
    .map(({ pcr }) => pcr)
    .join(",")}`;
