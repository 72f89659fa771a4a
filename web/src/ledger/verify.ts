// Verification of the whole log in the browser: every entry is fetched and hashed, the tree is built
// from the hashes alone, and its root is held against the signed checkpoint and against what this
// browser saw the last time. It says what it checked and what it could not.

import { equal, hex, type Octets } from "./octets";
import { leaf_hash, Tree, type Sha256 } from "./merkle";
import { check_signature, read_note, read_verifier_key, type SignatureFinding } from "./note";
import { bundle_path, entries_of, hashes_of, hashes_path, tiles_of, TILE } from "./tiles";

export interface Memory {
  verifier_key: string;
  size: number;
  root: string; // hex
}

export interface Verdict {
  origin: string;
  size: number;
  computed_root: string;
  signed_root: string;
  root_matches: boolean;
  bad_entries: number[]; // whose bytes do not hash to what the tile says; the first 20
  bad_total: number;
  signature: SignatureFinding;
  key: "first seen" | "same as before" | "changed";
  history: "none" | "extends" | "rewritten";
  earlier: Memory | null;
}

export interface Source {
  sha256: Sha256;
  octets: (path: string) => Promise<Octets>;
  text: (path: string) => Promise<string>;
  verifier_key: string;
  earlier: Memory | null;
  progress: (done: number, of: number) => void;
}

export async function verify(source: Source): Promise<Verdict> {
  const note = read_note(await source.text("/ledger/checkpoint"));
  const key = await read_verifier_key(source.sha256, source.verifier_key);
  const tree = new Tree(source.sha256);
  const { earlier } = source;
  const bad: number[] = [];
  let bad_total = 0;
  let earlier_root: string | null = null;

  for (const tile of tiles_of(note.size)) {
    const leaves = await leaves_of(source, tile);
    for (const [i, leaf] of leaves.entries()) {
      if (tree.size === earlier?.size) earlier_root = hex(await tree.root());
      if (!leaf.agrees) {
        bad_total += 1;
        if (bad.length < 20) bad.push(tile.index * TILE + i);
      }
      await tree.add(leaf.hash);
    }
    source.progress(tree.size, note.size);
  }
  if (tree.size === earlier?.size) earlier_root = hex(await tree.root());

  const root = await tree.root();
  return {
    origin: note.origin,
    size: note.size,
    computed_root: hex(root),
    signed_root: hex(note.root),
    root_matches: equal(root, note.root),
    bad_entries: bad,
    bad_total,
    signature: await check_signature(note, key),
    key: !earlier
      ? "first seen"
      : earlier.verifier_key === source.verifier_key
        ? "same as before"
        : "changed",
    history: !earlier ? "none" : earlier_root === earlier.root ? "extends" : "rewritten",
    earlier,
  };
}

async function leaves_of(source: Source, tile: { index: number; width: number }) {
  const [bundle, hashes] = await Promise.all([
    source.octets(bundle_path(tile.index, tile.width)),
    source.octets(hashes_path(tile.index, tile.width)),
  ]);
  const entries = entries_of(bundle);
  if (entries.length !== tile.width)
    throw new Error(`Bundle ${tile.index} holds ${entries.length} entries, not ${tile.width}.`);
  const told = hashes_of(hashes);
  const computed = await Promise.all(entries.map((entry) => leaf_hash(source.sha256, entry)));
  return computed.map((hash, i) => ({ hash, agrees: told[i] !== undefined && equal(hash, told[i]) }));
}

export function sound(verdict: Verdict): boolean {
  const { root_matches, bad_total, signature, key, history } = verdict;
  return (
    root_matches &&
    bad_total === 0 &&
    key !== "changed" &&
    history !== "rewritten" &&
    (signature === "valid" || signature === "unsupported")
  );
}
