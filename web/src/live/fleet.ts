// The state of the whole fleet as it was last told, and the message rate that follows from two of its
// telltales. Shared by the overview and the navigation. A failure is kept until the fleet is told again.

import { useSyncExternalStore } from "react";
import type { Problem } from "../api/problem";
import type { Fleet } from "../api/types";

export const RATE_POINTS = 90;

interface Known {
  fleet: Fleet | null;
  rates: number[]; // messages per second, oldest first
  problem?: Problem;
}

const NOTHING: Known = { fleet: null, rates: [] };
let known = NOTHING;
let told_at = -Infinity;
let last: { total: number; at: number } | null = null;
const watchers = new Set<() => void>();

const STEP_MS = 900; // two tellings closer than this say nothing about a rate

export function tell_fleet(fleet: Fleet, now = performance.now()): void {
  let { rates } = known;
  const passed = last ? now - last.at : Infinity;
  if (last && passed >= STEP_MS) {
    const per_second = (1000 * (fleet.messages_total - last.total)) / passed;
    if (per_second >= 0) rates = [...rates, per_second].slice(-RATE_POINTS); // less: the controller restarted
  }
  if (passed >= STEP_MS) last = { total: fleet.messages_total, at: now };
  told_at = now;
  know({ fleet, rates });
}

export const fleet_failed = (problem: Problem) => know({ ...known, problem });

function know(next: Known): void {
  known = next;
  watchers.forEach((watcher) => watcher());
}

export const fleet_age_ms = (now = performance.now()) => now - told_at;

export function forget_fleet(): void {
  known = NOTHING;
  last = null;
  told_at = -Infinity;
}

export function useFleet(): Known {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => known,
  );
}
