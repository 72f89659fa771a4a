// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): reading them, and checking an
// Ed25519 signature where the browser can.

import { equal, from_base64, join, utf8, type Octets } from "./octets";
import type { Sha256 } from "./merkle";

export interface Signature {
  name: string;
  key_id: Octets; // 4 octets
  octets: Octets;
}

export interface Note {
  origin: string;
  size: number;
  root: Octets;
  text: string; // what is signed, its last newline included
  signatures: Signature[];
}

export interface VerifierKey {
  name: string;
  key_id: Octets;
  type: number; // 1: Ed25519
  key: Octets;
}

const ED25519 = 1;

export function read_note(note: string): Note {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0) throw new Error("The checkpoint has no blank line before its signatures.");
  const text = note.slice(0, cut + 1);
  const [origin, size, root] = text.split("\n");
  if (!origin || !size || !/^(0|[1-9]\d{0,15})$/.test(size) || !root)
    throw new Error("The checkpoint does not begin with origin, size and root.");
  const hash = from_base64(root);
  if (hash.length !== 32) throw new Error("The root in the checkpoint is not 32 octets.");
  const signatures = note
    .slice(cut + 2)
    .split("\n")
    .filter(Boolean)
    .map(read_signature);
  return { origin, size: Number(size), root: hash, text, signatures };
}

function read_signature(line: string): Signature {
  const match = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
  if (!match) throw new Error("A signature line of the checkpoint cannot be read.");
  const octets = from_base64(match[2]!);
  if (octets.length < 5) throw new Error("A signature of the checkpoint is too short.");
  return { name: match[1]!, key_id: octets.slice(0, 4), octets: octets.slice(4) };
}

// "name+hhhhhhhh+base64(type || key)"; the key id is recomputed, not believed.
export async function read_verifier_key(sha256: Sha256, text: string): Promise<VerifierKey> {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  if (!match) throw new Error("The verifier key cannot be read.");
  const typed = from_base64(match[3]!);
  const name = match[1]!;
  const key_id = (await sha256(join(utf8(`${name}\n`), typed))).slice(0, 4);
  const told = Number.parseInt(match[2]!, 16);
  if (new DataView(key_id.buffer).getUint32(0) !== told)
    throw new Error("The verifier key does not match its own key id.");
  return { name, key_id, type: typed[0] ?? 0, key: typed.slice(1) };
}

export type SignatureFinding = "valid" | "invalid" | "absent" | "unsupported";

export async function check_signature(note: Note, key: VerifierKey): Promise<SignatureFinding> {
  const mine = note.signatures.find((s) => s.name === key.name && equal(s.key_id, key.key_id));
  if (!mine) return "absent";
  if (key.type !== ED25519) return "unsupported";
  try {
    const verifier = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
    const good = await crypto.subtle.verify({ name: "Ed25519" }, verifier, mine.octets, utf8(note.text));
    return good ? "valid" : "invalid";
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return "unsupported";
    throw error;
  }
}
