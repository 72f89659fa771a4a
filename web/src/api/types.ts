// The REST contract as the console reads it. Times are RFC 3339 in UTC.

import type { Trust } from "./identity_types";
import type { RetirementCase } from "./retirement_types";

export type Id = number; // of rollouts, incidents and webhooks
export type Lifecycle =
  | "expected"
  | "active"
  | "quarantined"
  | "retiring"
  | "revoked-unsanitised" // it never said that it is wiped
  | "retired";
export type Risk = "low" | "moderate" | "high" | "critical";
export type Role = "viewer" | "operator" | "admin";
export type RolloutState = "running" | "paused" | "halted" | "reverting" | "done" | "reverted";
export type WaveState = "waiting" | "open" | "soaking" | "passed" | "failed";
export type Outcome = "waiting" | "offered" | "installed" | "failed" | "reverted" | "silent" | "overtaken";

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

export interface Session {
  name: string;
  role: Role;
}

export interface Fleet {
  devices: { total: number; online: number; by_state: Record<Lifecycle, number> };
  by_risk: Record<Risk, number>;
  by_firmware: { model: string; firmware: string; count: number }[];
  incidents_open: number;
  rollouts_running: number;
  certificates: { valid: number; expiring: number; expired: number; revoked: number };
  ledger: { size: number; root: string; at: string };
  readings_total: number;
  messages_total: number;
}

export interface Device {
  id: string;
  model: string;
  state: Lifecycle;
  online: boolean;
  firmware: string | null;
  risk: Risk;
  last_seen: string | null;
  groups: string[];
  serial: string | null;
  desired: Record<string, unknown> | null;
  reported: Record<string, unknown> | null;
  certificate: { serial: string; not_after: string; status: string } | null;
  isolation: { reason: string; since: string; incident: Id | null } | null;
  key_protection: "file" | "tpm" | null; // null: it has no certificate
  ek_sha256: string | null; // of the TPM that is expected in it
  attestation: { state: Trust; at: string | null; why: string };
  concerns: string[];
  retirement: RetirementCase | null; // the newest it is part of
}

export interface Presence {
  device: string;
  online: boolean;
  at: string | null;
}

export interface EnrolmentToken {
  token: string;
  token_expires_at?: string;
}

export interface MetricNow {
  metric: string;
  unit: string | null;
  last: { at: string; value: number } | null;
}

export interface Series {
  metric: string;
  unit: string | null;
  step_ms: number;
  buckets: { at: string; min: number; max: number; mean: number; count: number }[];
}

export interface Model {
  name: string;
  risk: Risk;
  interval_s: number;
  metrics: { name: string; unit: string | null; min: number | null; max: number | null }[];
}

export interface Release {
  id: string;
  model: string;
  version: string;
  sequence: number;
  digest: string;
  size: number;
  published_at: string;
  signed_by: string[];
}

export interface Wave {
  share_permille: number;
  tolerance_permille: number;
  soak_s: number;
  state: WaveState;
  targets: number;
  offered: number; // offers made, whatever became of them
  installed: number;
  failed: number; // on which the release failed, whether or not they are back by now
  reverted: number;
  silent: number;
  outcomes: Record<Outcome, number>; // each target once, by what it is now
  opened_at: string | null;
}

export interface Rollout {
  id: Id;
  release: Release;
  selector: string;
  state: RolloutState;
  wave: number;
  reason: string;
  started_at: string;
  ended_at: string | null;
  deadline_s: number;
  waves: Wave[];
}

// What a dry run says.
export interface RolloutPreview {
  targets: number;
  waves: number[]; // devices of each
  left_out: { device: string; why: string }[]; // at most 1,000
}

export interface RolloutTarget {
  device: string;
  wave: number;
  outcome: Outcome;
  detail: string;
  at: string | null;
}

export interface Finding {
  feature: string;
  metric?: string | null;
  value: number | string;
  expected: [number | null, number | null] | string; // the band, or words
  at: string;
  words?: string;
}

export interface Incident {
  id: Id;
  device: string;
  state: "open" | "closed";
  severity: Risk;
  opened_at: string;
  closed_at: string | null;
  reason: string;
  findings: Finding[];
  steps: { step: string; at: string; by: string; detail: string }[];
}

export interface Webhook {
  id: Id;
  url: string;
  events: string[];
  secret?: string; // in the answer to the POST that made it, never again
}

export interface Delivery {
  id: number;
  event: string;
  state: string;
  attempts: number;
  last_error?: string | null;
  created_at: string;
  delivered_at?: string | null;
}

export interface LedgerEntry {
  index: number;
  at: string;
  actor: string;
  role: string;
  action: string;
  target: string;
  detail: unknown;
  reason: string;
}

export interface Checkpoint {
  note: string;
  size: number;
  root: string;
  verifier_key: string;
}
