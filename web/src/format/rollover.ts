// Where a rollover of the CA stands: its steps for a person, and what keeps the next one.

import type { CaRollover, RolloverPhase } from "../api/ca_types";
import { plural } from "./numbers";

export type StepState = "done" | "now" | "to come";

export const ROLLOVER_STEPS = [
  "The new CA is made",
  "Its root is given to devices",
  "It issues",
  "The old CA counts no more",
] as const;

// How many steps are done, and whether one is being taken.
const AT: Record<RolloverPhase, [done: number, moving: boolean]> = {
  none: [0, false],
  beginning: [0, true],
  distributing: [1, true],
  aborting: [1, false],
  switching: [2, true],
  switched: [3, false],
  finishing: [3, true],
};

export function step_states(phase: RolloverPhase): StepState[] {
  const [done, moving] = AT[phase];
  return ROLLOVER_STEPS.map((_, at) => (at < done ? "done" : at === done && moving ? "now" : "to come"));
}

// The signer has been told and has not answered yet.
export const unsettled = (phase: RolloverPhase) => phase.endsWith("ing") && phase !== "distributing";

// Why it cannot be finished yet, or should not be switched over; empty when nothing keeps it.
export function what_keeps({ anchor_missing, old_certificates }: CaRollover): string {
  const parts = [];
  if (anchor_missing > 0)
    parts.push(`${plural(anchor_missing, "device lacks", "devices lack")} the new root`);
  if (old_certificates > 0)
    parts.push(`${plural(old_certificates, "certificate is", "certificates are")} still of the old CA`);
  return parts.join(", ");
}

export const anchor_parts = (rollover: CaRollover) => [
  { name: "hold it", n: rollover.anchor_reported },
  { name: "have fetched it", n: rollover.anchor_fetched },
  { name: "lack it", n: rollover.anchor_missing },
];
