// The state of the whole fleet as it was last told, and the message rate that follows from two of its
// telltales. Shared by the overview and the navigation.

import { useSyncExternalStore } from "react";
import type { Fleet } from "../api/types";

export const RATE_POINTS = 90;

interface Known {
  fleet: Fleet | null;
  rates: number[]; // messages per second, oldest first
}

let known: Known = { fleet: null, rates: [] };
let last: { total: number; at: number } | null = null;
const watchers = new Set<() => void>();

export function tell_fleet(fleet: Fleet, now = performance.now()): void {
  let { rates } = known;
  if (last && now - last.at >= 500) {
    const per_second = (fleet.messages_total - last.total) / ((now - last.at) / 1000);
    if (per_second >= 0) rates = [...rates, per_second].slice(-RATE_POINTS);
  }
  if (!last || now - last.at >= 500) last = { total: fleet.messages_total, at: now };
  known = { fleet, rates };
  watchers.forEach((watcher) => watcher());
}

export function forget_fleet(): void {
  known = { fleet: null, rates: [] };
  last = null;
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
