// How many devices wait for an operator's word.

import { useReading } from "../api/reading";
import type { ParkedDevice } from "../api/identity_types";
import type { LedgerEntry, Page } from "../api/types";
import { useCalm, useEvent, usePolling } from "../live/hooks";

const POLL_MS = 60_000; // who was not answered for a week waits no longer, and nothing tells of it
const MOVES = new Set(["enrolment.parked", "enrolment.approved", "enrolment.rejected"]);

// Calls when a device has begun to wait, or waits no longer.
export function useParking(call: () => void): void {
  const again = useCalm(call, 300);
  useEvent<LedgerEntry>("ledger", ({ action }) => MOVES.has(action) && again());
  usePolling(call, POLL_MS);
}

export function useWaiting(): number {
  const { value, reload } = useReading<Page<ParkedDevice>>("/enrolments", { state: "waiting", limit: 1 });
  useParking(reload);
  return value?.total ?? 0;
}
