// What the REST contract says of identities. Times are RFC 3339 in UTC.

export type Trust = "unknown" | "trusted" | "failed";

export interface ListedCertificate {
  serial: string;
  subject: string;
  kind: "device" | "application";
  status: "pending" | "valid" | "superseded" | "revoked";
  not_before: string;
  not_after: string;
}

// A device of a trusted maker that nobody expects.
export interface ParkedDevice {
  id: string;
  serial: string;
  maker: string;
  model: string | null; // null: its maker makes several
  certificate: string;
  key: string;
  from: string;
  since: string;
  state: "waiting" | "rejected";
}

export interface Maker {
  name: string;
  models: string[];
}

export interface AttestationPolicy {
  model: string;
  release: string | null; // null: for every release that has none of its own
  pcrs: string; // "sha256:0,1,7"
  values: string[]; // of those registers, rising
  every_s: number;
  isolate: boolean;
}

export interface Register {
  pcr: number;
  shown: string | null;
  expected: string | null;
}

export interface Evidence {
  state: Trust;
  at: string | null;
  why: string;
  registers: Register[];
}
