// How a certificate stands, in words. Renewal is due at two thirds of its life, and devices take a little
// longer each by chance; with less than a quarter to go it has failed so far. The server counts the same way.

import type { ListedCertificate } from "../api/identity_types";

export type Standing = "valid" | "not yet used" | "renewal overdue" | "expired" | "superseded" | "revoked";

type Life = Pick<ListedCertificate, "not_before" | "not_after">;

// The share of its life that is over, from 0 to 1.
export function used(life: Life, now: number): number {
  const [from, until] = [Date.parse(life.not_before), Date.parse(life.not_after)];
  if (!(until > from)) return 1;
  return Math.min(1, Math.max(0, (now - from) / (until - from)));
}

export function standing_of(certificate: Pick<ListedCertificate, "status"> & Life, now: number): Standing {
  const { status } = certificate;
  if (status === "revoked" || status === "superseded") return status;
  const share = used(certificate, now);
  if (share >= 1) return "expired";
  if (share > 0.75) return "renewal overdue";
  return status === "pending" ? "not yet used" : "valid";
}

// Whether it still opens a door, so that there is something to revoke.
export const in_use = ({ status }: Pick<ListedCertificate, "status">) =>
  status === "valid" || status === "pending";
