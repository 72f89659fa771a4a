// What became of the targets of waves, in words and in the order in which it is drawn.

import type { Outcome, Rollout, Wave } from "../api/types";
import { count, permille } from "./numbers";
import { lasted, span } from "./times";

export const OUTCOMES: Outcome[] = ["installed", "offered", "failed", "silent", "reverted", "overtaken", "waiting"];

export function total_of(rollout: Rollout): Wave["outcomes"] {
  const sum = { installed: 0, offered: 0, failed: 0, silent: 0, reverted: 0, overtaken: 0, waiting: 0 };
  for (const { outcomes } of rollout.waves) for (const name of OUTCOMES) sum[name] += outcomes[name];
  return sum;
}

// Most failures the wave may have without halting the rollout.
export function allowance(wave: Wave): number {
  return Math.floor((wave.targets * wave.tolerance_permille) / 1000);
}

// Why nothing moves, or what it moves towards; for a person who just opened the screen.
export function standing(rollout: Rollout, now: number): string {
  const at = rollout.waves[rollout.wave];
  const name = `Wave ${rollout.wave + 1} of ${rollout.waves.length}`;
  if (rollout.state === "paused") return `Paused. No new offers are made; those made still count.`;
  if (rollout.state === "halted") return `Halted. No device is offered this release any more.`;
  if (rollout.state === "reverting")
    return `Going back. Every device that took the release is offered the one it came from.`;
  if (rollout.state === "reverted") return `Reverted. The devices run what they ran before.`;
  if (rollout.state === "done") return `Done. All waves have passed.`;
  if (!at) return "Running.";
  if (at.state === "soaking") return `${name} is soaking for ${span(at.soak_s)} before the next one opens.`;
  const { offered, waiting } = at.outcomes;
  if (at.state === "open" && offered + waiting > 0) {
    const since = at.opened_at ? `, open for ${lasted(at.opened_at, null, now)}` : "";
    return `${name} waits for ${count(offered + waiting)} of ${count(at.targets)} devices${since}. It tolerates ${permille(at.tolerance_permille)} failures.`;
  }
  return `${name} is ${at.state}.`;
}
