// What the REST contract says of the fleet's CA. Times are RFC 3339 in UTC.

export interface CaCertificate {
  role: "issuing" | "root" | "other-issuing" | "other-root" | "cross";
  name: string;
  sha256: string;
  not_before: string;
  not_after: string;
  pem: string;
}

export type RolloverPhase =
  | "none"
  | "beginning" // of these in -ing but one the signer has not answered yet
  | "distributing"
  | "aborting"
  | "switching"
  | "switched"
  | "finishing";

export interface CaRollover {
  phase: RolloverPhase;
  id: string | null; // of the last one when there is none under way
  scope: "root" | "issuing";
  begun_at: string | null;
  switched_at: string | null;
  refused: string | null; // why the signer did not take the last step
  devices: number; // that have a certificate; these four while it is under way
  anchor_reported: number; // of them: say that they hold the new root
  anchor_fetched: number; // of them: say nothing, and have fetched it
  anchor_missing: number;
  old_certificates: number; // of devices and applications, of the old CA
  waiting_for: string[]; // some of those, by name
}
