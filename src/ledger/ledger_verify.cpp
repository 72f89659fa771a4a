// Ledger::verify_all: everything from the entries up, believing nothing that was computed before.
#include <algorithm>

#include "ledger/internal/tree.h"
#include "ledger/leaf.h"

namespace muster::ledger {
namespace {

std::unexpected<Error> wrong(std::string what) {
  return fail(Fault::corrupt, "the ledger is damaged: " + std::move(what) +
                                  "; restore the data folder from a backup");
}

// Tiles as they must be, compared with those stored as soon as each is full.
class Comparison {
 public:
  explicit Comparison(const TileTree& tiles) : tiles_(tiles) {}

  Result<void> add(const Hash& leaf) {
    Hash rising = leaf;
    for (unsigned level = 0; level < tile_levels; ++level) {
      auto& row = rows_[level];
      row.insert(row.end(), rising.begin(), rising.end());
      if (row.size() < tile_width * sizeof(Hash)) return {};
      TRY(rising, full(level));
    }
    return {};
  }

 private:
  Result<Hash> full(unsigned level) {
    auto& row = rows_[level];
    const auto index = done_[level]++;
    TRY(const auto stored, tiles_.tile(level, index, tile_width));
    const auto differ = std::mismatch(row.begin(), row.end(), stored.begin()).first - row.begin();
    const auto hash = static_cast<std::uint64_t>(differ) / sizeof(Hash);
    if (hash < tile_width)
      return wrong((level == 0 ? "entry " : "hash of level " + std::to_string(level) + " ") +
                   std::to_string(index * tile_width + hash) + " does not match its tile");
    crypto::Frontier subtree;
    for (std::size_t at = 0; at < row.size(); at += sizeof(Hash)) {
      Hash next;
      std::copy_n(row.begin() + static_cast<std::ptrdiff_t>(at), next.size(), next.begin());
      subtree.add(next);
    }
    row.clear();
    return subtree.root();
  }

  const TileTree& tiles_;
  Bytes rows_[tile_levels];
  std::uint64_t done_[tile_levels] = {};
};

}  // namespace

Result<void> Ledger::verify_all() const {
  Comparison tiles(tree_->tiles);
  crypto::Frontier frontier;
  auto rows = tree_->store.read("SELECT id, target, leaf FROM ledger_entry ORDER BY id");
  while (rows.next()) {
    const auto index = frontier.size();
    const auto text = rows.text(2);
    const auto entry = parse_leaf(text);
    if (!entry) return wrong("entry " + std::to_string(index) + ": " + entry.error().message);
    if (static_cast<std::uint64_t>(rows.integer(0)) != index || entry->index != index)
      return wrong("entry " + std::to_string(index) + " is missing or out of place");
    if (entry->entry.target != rows.text(1))
      return wrong("entry " + std::to_string(index) + " is filed under another target");
    const auto hash = crypto::leaf_hash(bytes_of(text));
    frontier.add(hash);
    TRY_VOID(tiles.add(hash));
  }
  if (frontier.size() != size() || frontier.root() != tree_->tiles.root())
    return wrong("its entries do not give the root in memory");
  if (tree_->checkpoint.size == size()) return tree_->check_checkpoint();
  return {};
}

}  // namespace muster::ledger
