// How far a retirement is, device by device.

import type { Retirement, RetirementStep } from "../api/retirement_types";

// From what is over to what is still to come, so that a bar of them fills from the left.
export const STEPS: RetirementStep[] = [
  "sanitised",
  "nothing-to-wipe",
  "destroyed",
  "skipped",
  "unsanitised",
  "wiping",
  "waiting",
  "rejected",
];

export const progress_of = ({ steps }: Pick<Retirement, "steps">) =>
  STEPS.map((name) => ({ name, n: steps[name] ?? 0 })).filter(({ n }) => n > 0);

// What a person should know of it in one line.
export function state_of_affairs({ state, steps, devices }: Retirement): string {
  if (state === "waiting") return "waits for another operator's word";
  if (state === "rejected") return "was rejected";
  const { wiping, unsanitised } = steps;
  const never = unsanitised > 0 ? `; ${unsanitised} never said that they are wiped` : "";
  if (wiping > 0) return `${wiping} of ${devices} still to wipe${never}`;
  return unsanitised > 0 ? `over${never}` : "over";
}

// Whether this is the operator who asked, whose own word does not count as a second one.
export const asked_by = ({ requested_by }: Pick<Retirement, "requested_by">, name: string) =>
  requested_by === name || requested_by === `operator:${name}`;
