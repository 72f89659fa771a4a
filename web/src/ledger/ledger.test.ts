import { createHash, generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { leaf_hash, Tree, type Sha256 } from "./merkle";
import { check_signature, read_note, read_verifier_key } from "./note";
import { hex, join, utf8, type Octets } from "./octets";
import { bundle_path, entries_of, hashes_path, tile_index, tiles_of } from "./tiles";
import { sound, verify, type Memory } from "./verify";

const sha256: Sha256 = async (octets) => new Uint8Array(createHash("sha256").update(octets).digest());
const octets = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

beforeAll(() => {
  globalThis.crypto ??= webcrypto as unknown as Crypto; // Node 18 has it under another name
});

// A second, recursive reading of RFC 6962 section 2.1.
async function root_of(leaves: Octets[]): Promise<Octets> {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha256(join(octets("01"), await root_of(leaves.slice(0, half)), await root_of(leaves.slice(half))));
}

function signer(origin: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const typed = join(new Uint8Array([1]), raw);
  const id = createHash("sha256")
    .update(join(utf8(`${origin}\n`), typed))
    .digest()
    .subarray(0, 4);
  return {
    verifier_key: `${origin}+${id.toString("hex")}+${Buffer.from(typed).toString("base64")}`,
    note(size: number, root: Octets) {
      const text = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
      return `${text}\n— ${origin} ${signature.toString("base64")}\n`;
    },
  };
}

async function served(size: number) {
  const entries = Array.from({ length: size }, (_, i) => utf8(`{"index":${i}}`));
  const leaves = await Promise.all(entries.map((entry) => leaf_hash(sha256, entry)));
  const key = signer("ledger.example");
  const files = new Map<string, Octets>();
  for (const { index, width } of tiles_of(size)) {
    const part = entries.slice(index * 256, index * 256 + width);
    files.set(
      bundle_path(index, width),
      join(...part.map((e) => join(new Uint8Array([e.length >> 8, e.length & 255]), e))),
    );
    files.set(hashes_path(index, width), join(...leaves.slice(index * 256, index * 256 + width)));
  }
  const note = key.note(size, await root_of(leaves));
  const check = (earlier: Memory | null = null, verifier_key = key.verifier_key) =>
    verify({
      sha256,
      octets: async (path) => files.get(path)!,
      text: async () => note,
      verifier_key,
      earlier,
      progress: () => {},
    });
  return { files, leaves, key, check };
}

describe("the tree", () => {
  it("has the root of the empty log that RFC 6962 gives", async () => {
    expect(hex(await new Tree(sha256).root())).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("agrees with a recursive reading of the definition at every size", async () => {
    const tree = new Tree(sha256);
    const leaves: Octets[] = [];
    for (let size = 1; size <= 70; size += 1) {
      const leaf = await leaf_hash(sha256, utf8(`entry ${size}`));
      leaves.push(leaf);
      await tree.add(leaf);
      expect(hex(await tree.root())).toBe(hex(await root_of(leaves)));
    }
  });

  it("gives the known root of the eight test leaves of Certificate Transparency", async () => {
    const tree = new Tree(sha256);
    for (const leaf of [
      "",
      "00",
      "10",
      "2021",
      "3031",
      "40414243",
      "5051525354555657",
      "606162636465666768696a6b6c6d6e6f",
    ])
      await tree.add(await leaf_hash(sha256, octets(leaf)));
    expect(hex(await tree.root())).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  });
});

describe("tiles", () => {
  it("are found where tlog-tiles puts them", () => {
    expect(tile_index(0)).toBe("000");
    expect(tile_index(1234067)).toBe("x001/x234/067");
    expect(bundle_path(3, 17)).toBe("/ledger/tile/entries/003.p/17");
    expect(hashes_path(1000, 256)).toBe("/ledger/tile/0/x001/000");
    expect([...tiles_of(513)]).toEqual([
      { index: 0, width: 256 },
      { index: 1, width: 256 },
      { index: 2, width: 1 },
    ]);
    expect([...tiles_of(0)]).toEqual([]);
  });

  it("refuse a bundle that ends within a length or an entry", () => {
    expect(entries_of(octets("0002aabb0000"))).toEqual([octets("aabb"), octets("")]);
    expect(() => entries_of(octets("0002aa"))).toThrow("within an entry");
    expect(() => entries_of(octets("0001aa00"))).toThrow("within a length");
  });
});

describe("a signed checkpoint", () => {
  it("is valid under its key, and not after one changed octet", async () => {
    const key = signer("a.example");
    const verifier = await read_verifier_key(sha256, key.verifier_key);
    const note = key.note(3, await sha256(utf8("root")));
    expect(await check_signature(read_note(note), verifier)).toBe("valid");
    expect(await check_signature(read_note(note.replace("\n3\n", "\n4\n")), verifier)).toBe("invalid");
  });

  it("without a signature of the key is called unsigned, not invalid", async () => {
    const verifier = await read_verifier_key(sha256, signer("a.example").verifier_key);
    const note = signer("a.example").note(3, await sha256(utf8("root")));
    expect(await check_signature(read_note(note), verifier)).toBe("absent");
  });

  it("is refused when it is not a checkpoint at all", async () => {
    expect(() => read_note("hello")).toThrow("no blank line");
    expect(() => read_note("origin\n-1\nAA==\n\n")).toThrow("origin, size and root");
    expect(() => read_note("origin\n1\nAA==\n\n")).toThrow("32 octets");
    await expect(read_verifier_key(sha256, "a.example+00000000+AQID")).rejects.toThrow("own key id");
  });
});

describe("verification of the whole log", () => {
  it("finds a log sound, and says that it saw the key for the first time", async () => {
    const verdict = await (await served(600)).check();
    expect(verdict).toMatchObject({
      size: 600,
      root_matches: true,
      bad_total: 0,
      signature: "valid",
      key: "first seen",
      history: "none",
    });
    expect(sound(verdict)).toBe(true);
  });

  it("names the one entry whose bytes were changed", async () => {
    const log = await served(300);
    const bundle = log.files.get(bundle_path(0, 256))!;
    bundle[2 + 5] = bundle[2 + 5]! ^ 1;
    const verdict = await log.check();
    expect(verdict.bad_entries).toEqual([0]);
    expect(verdict.root_matches).toBe(false);
    expect(sound(verdict)).toBe(false);
  });

  it("remembers: a log that grew extends what was seen, one that was rewritten does not", async () => {
    const log = await served(300);
    const seen = {
      verifier_key: log.key.verifier_key,
      size: 257,
      root: hex(await root_of(log.leaves.slice(0, 257))),
    };
    expect((await log.check(seen)).history).toBe("extends");
    const other = await log.check({ ...seen, root: "00".repeat(32) });
    expect(other.history).toBe("rewritten");
    expect(sound(other)).toBe(false);
    const shorter = await log.check({ ...seen, size: 301 });
    expect(shorter.history).toBe("rewritten");
  });

  it("does not pass when the key changed since the last time", async () => {
    const log = await served(2);
    const seen = {
      verifier_key: signer("ledger.example").verifier_key,
      size: 0,
      root: hex(await root_of([])),
    };
    const verdict = await log.check(seen);
    expect(verdict).toMatchObject({ key: "changed", history: "extends" });
    expect(sound(verdict)).toBe(false);
  });
});
