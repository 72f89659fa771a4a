// Where the log keeps what (C2SP tlog-tiles), and how an entry bundle is read.

import type { Octets } from "./octets";

export const TILE = 256; // hashes of a full tile, entries of a full bundle
const HASH = 32;

// 1234067 is x001/x234/067.
export function tile_index(index: number): string {
  const groups: string[] = [];
  let rest = index;
  do {
    groups.unshift(String(rest % 1000).padStart(3, "0"));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
}

const partial = (width: number) => (width < TILE ? `.p/${width}` : "");

export const bundle_path = (index: number, width: number) =>
  `/ledger/tile/entries/${tile_index(index)}${partial(width)}`;

export const hashes_path = (index: number, width: number) =>
  `/ledger/tile/0/${tile_index(index)}${partial(width)}`;

export function* tiles_of(size: number): Generator<{ index: number; width: number }> {
  for (let index = 0; index * TILE < size; index += 1)
    yield { index, width: Math.min(TILE, size - index * TILE) };
}

// Entries, each with its length in 16 bits, most significant first.
export function entries_of(bundle: Octets): Octets[] {
  const entries: Octets[] = [];
  for (let at = 0; at < bundle.length; ) {
    if (at + 2 > bundle.length) throw new Error("An entry bundle ends within a length.");
    const length = (bundle[at]! << 8) | bundle[at + 1]!;
    if (at + 2 + length > bundle.length) throw new Error("An entry bundle ends within an entry.");
    entries.push(bundle.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

export function hashes_of(tile: Octets): Octets[] {
  if (tile.length % HASH !== 0) throw new Error("A tile is not a whole number of hashes.");
  return Array.from({ length: tile.length / HASH }, (_, i) => tile.slice(i * HASH, (i + 1) * HASH));
}
