// crypto/merkle -- the hashing rules of RFC 6962 section 2, and the verifier's side of its two
// proofs.
//
// A verifier needs nothing else: the ledger and `muster ledger verify` share these functions. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "crypto/hash.h"

namespace muster::crypto {

Hash leaf_hash(ByteView entry);                       // SHA-256(0x00 || entry)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 || left || right)

// The right edge of a growing tree: add leaves, read the root; O(log n) memory.
class Frontier {
 public:
  void add(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;  // of an empty tree: SHA-256("")

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;  // complete subtrees, largest first
};

// RFC 6962 2.1.1 and 2.1.2. False for any malformed proof.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root);
bool verify_consistency(std::uint64_t from, const Hash& from_root, std::uint64_t to,
                        const Hash& to_root, std::span<const Hash> proof);

}  // namespace muster::crypto
