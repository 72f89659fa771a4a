// The Merkle tree of RFC 6962, section 2.1: leaves in, root out, in one pass and in memory that grows
// with the logarithm of the size. It holds the roots of the perfect subtrees that the leaves so far
// fall into, largest first.

import { join, type Octets } from "./octets";

export type Sha256 = (octets: Octets) => Promise<Octets>;

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export const web_sha256: Sha256 = async (octets) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", octets));

export function leaf_hash(sha256: Sha256, entry: Octets): Promise<Octets> {
  return sha256(join(LEAF, entry));
}

export class Tree {
  private readonly edge: { leaves: number; hash: Octets }[] = [];
  size = 0;

  constructor(private readonly sha256: Sha256) {}

  async add(leaf: Octets): Promise<void> {
    let node = { leaves: 1, hash: leaf };
    for (let last = this.edge.at(-1); last?.leaves === node.leaves; last = this.edge.at(-1)) {
      this.edge.pop();
      node = { leaves: 2 * node.leaves, hash: await this.node(last.hash, node.hash) };
    }
    this.edge.push(node);
    this.size += 1;
  }

  async root(): Promise<Octets> {
    if (this.size === 0) return this.sha256(new Uint8Array(0));
    let hash = this.edge.at(-1)!.hash;
    for (let i = this.edge.length - 2; i >= 0; i -= 1) hash = await this.node(this.edge[i]!.hash, hash);
    return hash;
  }

  private node(left: Octets, right: Octets): Promise<Octets> {
    return this.sha256(join(NODE, left, right));
  }
}
