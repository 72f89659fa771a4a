// What the REST contract says of devices on their way out. Times are RFC 3339 in UTC.

export type RetirementState = "waiting" | "running" | "done" | "rejected"; // waiting: for another operator
export type RetirementStep =
  | "waiting"
  | "rejected"
  | "wiping"
  | "sanitised"
  | "unsanitised"
  | "destroyed"
  | "nothing-to-wipe"
  | "skipped"; // it was leaving already

export interface Retirement {
  id: number;
  state: RetirementState;
  devices: number;
  steps: Record<RetirementStep, number>;
  second_operator: boolean;
  reason: string;
  selector: string | null;
  deadline_s: number | null;
  requested_by: string;
  requested_at: string;
  decided_by: string | null;
  decided_at: string | null;
  why: string | null;
}

export interface RetirementCase {
  device: string;
  request: number;
  step: RetirementStep;
  order: number | null;
  ordered_at: string | null;
  deadline: string | null;
  ended_at: string | null;
}

// A certificate of sanitisation, as far as a person reads it.
export interface Sanitisation {
  signed: {
    outcome: string;
    method: string;
    technique: string;
    standard: string;
    certified_at: string;
    tool?: string; // these two where the device stated it
    stated_at?: string;
    recorded_by?: string; // where an operator gave evidence of its destruction
    approved_by?: string;
  };
  signatures: { keyid: string }[];
}
