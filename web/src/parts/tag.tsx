// States as a shape and a word: the shape tells without colour, the word without sight.

import type { ReactNode } from "react";
import type { Trust } from "../api/identity_types";
import type { RetirementState, RetirementStep } from "../api/retirement_types";
import type { Lifecycle, Outcome, Risk, RolloutState, WaveState } from "../api/types";
import type { Standing } from "../format/certificates";
import type { StepState } from "../format/rollover";

type Tone = "good" | "move" | "bad" | "quiet" | "back" | "none";

const SHAPES: Record<string, ReactNode> = {
  full: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  hollow: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  dashed: (
    <circle
      cx="6"
      cy="6"
      r="4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeDasharray="2.4 1.8"
    />
  ),
  half: (
    <>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M6 2a4 4 0 0 0 0 8z" fill="currentColor" />
    </>
  ),
  stop: <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="currentColor" />,
  barred: (
    <>
      <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="currentColor" />
      <path d="M3.5 6h5" stroke="var(--surface)" strokeWidth="1.8" />
    </>
  ),
  cross: <path d="M2.5 2.5l7 7m0-7l-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  tick: (
    <path
      d="M1.8 6.5l2.8 2.8 5.6-6.3"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  pause: <path d="M3.8 2v8M8.2 2v8" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  back: (
    <path
      d="M5 2.2L1.8 5.4 5 8.6M2 5.4h5.2a2.6 2.6 0 0 1 0 5.2H6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  play: <path d="M3 1.8l7 4.2-7 4.2z" fill="currentColor" />,
};

interface Props {
  word: string;
  shape: string;
  tone: Tone;
  boxed?: boolean;
  testid?: string;
}

function Tag({ word, shape, tone, boxed, testid }: Props) {
  return (
    <span className={boxed ? "tag boxed" : "tag"} data-tone={tone} data-testid={testid}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {SHAPES[shape]}
      </svg>
      {word}
    </span>
  );
}

type Look = [shape: string, tone: Tone];
type Options = { boxed?: boolean; testid?: string };

const LIFE: Record<Lifecycle, Look> = {
  expected: ["dashed", "move"],
  active: ["full", "good"],
  quarantined: ["barred", "bad"],
  retiring: ["half", "quiet"],
  "revoked-unsanitised": ["stop", "bad"],
  retired: ["cross", "none"],
};
const ROLLOUT: Record<RolloutState, Look> = {
  running: ["play", "move"],
  paused: ["pause", "quiet"],
  halted: ["stop", "bad"],
  reverting: ["back", "back"],
  done: ["tick", "good"],
  reverted: ["back", "back"],
};
const WAVE: Record<WaveState, Look> = {
  waiting: ["dashed", "none"],
  open: ["play", "move"],
  soaking: ["half", "move"],
  passed: ["tick", "good"],
  failed: ["cross", "bad"],
};
const OUTCOME: Record<Outcome, Look> = {
  waiting: ["dashed", "none"],
  offered: ["half", "move"],
  installed: ["tick", "good"],
  failed: ["cross", "bad"],
  silent: ["hollow", "quiet"],
  reverted: ["back", "back"],
  overtaken: ["dashed", "quiet"],
};

const TRUST: Record<Trust, Look> = {
  unknown: ["hollow", "none"],
  trusted: ["tick", "good"],
  failed: ["cross", "bad"],
};
const RETIREMENT: Record<RetirementState, Look> = {
  waiting: ["pause", "quiet"],
  running: ["play", "move"],
  done: ["tick", "good"],
  rejected: ["cross", "none"],
};
const RETIREMENT_STEP: Record<RetirementStep, Look> = {
  waiting: ["dashed", "none"],
  rejected: ["cross", "none"],
  wiping: ["half", "move"],
  sanitised: ["tick", "good"],
  unsanitised: ["stop", "bad"],
  destroyed: ["tick", "quiet"],
  "nothing-to-wipe": ["tick", "none"],
  skipped: ["hollow", "none"],
};
const PROGRESS: Record<StepState, Look> = {
  done: ["tick", "good"],
  now: ["half", "move"],
  "to come": ["dashed", "none"],
};
const STANDING: Record<Standing, Look> = {
  valid: ["full", "good"],
  "not yet used": ["dashed", "move"],
  "renewal overdue": ["half", "quiet"],
  expired: ["hollow", "quiet"],
  superseded: ["back", "none"],
  revoked: ["cross", "bad"],
};

const tag = (word: string, look: Look | undefined, options: Options) => (
  <Tag word={word} shape={look?.[0] ?? "hollow"} tone={look?.[1] ?? "none"} {...options} />
);

export const LifeTag = ({ state, ...rest }: { state: Lifecycle } & Options) => tag(state, LIFE[state], rest);
export const RolloutTag = ({ state, ...rest }: { state: RolloutState } & Options) =>
  tag(state, ROLLOUT[state], rest);
export const WaveTag = ({ state, ...rest }: { state: WaveState } & Options) => tag(state, WAVE[state], rest);
export const OutcomeTag = ({ outcome, ...rest }: { outcome: Outcome } & Options) =>
  tag(outcome, OUTCOME[outcome], rest);
export const OnlineTag = ({ online, ...rest }: { online: boolean } & Options) =>
  tag(online ? "online" : "offline", online ? ["full", "good"] : ["hollow", "none"], rest);
export const IncidentTag = ({ state, ...rest }: { state: "open" | "closed" } & Options) =>
  tag(state, state === "open" ? ["full", "bad"] : ["tick", "good"], rest);
export const TrustTag = ({ state, ...rest }: { state: Trust } & Options) => tag(state, TRUST[state], rest);
export const RetirementTag = ({ state, ...rest }: { state: RetirementState } & Options) =>
  tag(state, RETIREMENT[state], rest);
export const RetirementStepTag = ({ step, ...rest }: { step: RetirementStep } & Options) =>
  tag(step, RETIREMENT_STEP[step], rest);
export const StandingTag = ({ standing, ...rest }: { standing: Standing } & Options) =>
  tag(standing, STANDING[standing], rest);
// A step of several, by its own name; how it stands is said to those who do not see it.
export const ProgressTag = ({ word, state }: { word: string; state: StepState }) => (
  <>
    {tag(word, PROGRESS[state], {})}
    <span className="hidden">: {state}</span>
  </>
);
export const WordTag = ({ word, good, ...rest }: { word: string; good: boolean } & Options) =>
  tag(word, good ? ["tick", "good"] : ["cross", "bad"], rest);

const LEVEL: Record<Risk, number> = { low: 1, moderate: 2, high: 3, critical: 4 };
const TONE: Record<Risk, Tone> = { low: "good", moderate: "move", high: "quiet", critical: "bad" };

// Risk and severity: as many steps as the level.
export function RiskTag({ risk, boxed, testid }: { risk: Risk } & Options) {
  return (
    <span className={boxed ? "tag boxed" : "tag"} data-tone={TONE[risk] ?? "none"} data-testid={testid}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {[1, 2, 3, 4].map((n) => (
          <rect
            key={n}
            x={3 * n - 3}
            y={10 - 2.4 * n}
            width="2.2"
            height={2.4 * n + 1}
            rx="0.6"
            fill="currentColor"
            opacity={n <= (LEVEL[risk] ?? 0) ? 1 : 0.22}
          />
        ))}
      </svg>
      {risk}
    </span>
  );
}
