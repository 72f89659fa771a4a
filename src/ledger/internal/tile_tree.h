// tile_tree -- the RFC 6962 tree over the ledger's leaf hashes, kept as C2SP tlog-tiles keep it.
//
// Tile (level, index) holds the 256 hashes of the complete subtrees of 256^level leaves from
// index * 256 on. Full tiles are rows, written when they fill; of each level the last, partial one
// is in memory. Proofs are made from tiles alone. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/merkle.h"
#include "store/store.h"

namespace muster::ledger {

using crypto::Hash;

inline constexpr std::uint64_t tile_width = 256;
inline constexpr unsigned tile_levels = 7;  // 256^7 leaves are more than an index may name

class TileTree {
 public:
  explicit TileTree(const store::Store& store) : store_(store) {}

  // Rebuilds the right edge of a tree of that size: reads at most 255 leaves, and 255 tiles a
  // level.
  Result<void> load(std::uint64_t size);
  void add(const Hash& leaf, store::Writer&);  // throws Broken

  std::uint64_t size() const { return size_; }
  Hash root() const;

  Result<std::vector<Hash>> inclusion(std::uint64_t index, std::uint64_t size) const;
  Result<std::vector<Hash>> consistency(std::uint64_t from, std::uint64_t to) const;
  Result<Bytes> tile(unsigned level, std::uint64_t index, std::uint64_t width) const;

 private:
  struct Tile {
    std::uint64_t index = 0;
    std::vector<Hash> hashes;
  };

  Result<void> load_leaves(std::uint64_t from);
  Result<Hash> node(unsigned height, std::uint64_t index) const;
  Result<Hash> hash_of(std::uint64_t begin, std::uint64_t end) const;  // MTH(D[begin:end])
  Result<const Tile*> tile_at(unsigned level, std::uint64_t index) const;

  const store::Store& store_;
  std::uint64_t size_ = 0;
  std::vector<Hash> edge_[tile_levels];  // the partial tile of each level
  std::vector<Hash> peaks_;              // complete subtrees, largest first
  mutable Tile read_[tile_levels];       // the full tile read last; index 0 and empty: none
};

}  // namespace muster::ledger
