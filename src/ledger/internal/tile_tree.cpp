#include "ledger/internal/tile_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace muster::ledger {
namespace {

std::int64_t row_of(unsigned level, std::uint64_t index) {
  return static_cast<std::int64_t>(std::uint64_t{level} << 56 | index);
}

Hash root_of(std::span<const Hash> hashes) {  // a power of two of them
  std::vector<Hash> row(hashes.begin(), hashes.end());
  for (std::size_t width = row.size() / 2; width > 0; width /= 2)
    for (std::size_t i = 0; i < width; ++i) row[i] = crypto::node_hash(row[2 * i], row[2 * i + 1]);
  return row.front();
}

ByteView octets_of(const std::vector<Hash>& hashes) {
  return {hashes.front().data(), hashes.size() * sizeof(Hash)};
}

std::unexpected<Error> no_such_tree(std::uint64_t asked, std::uint64_t size) {
  return fail(Fault::missing, "the ledger has " + std::to_string(size) +
                                  " entries, asked was for " + std::to_string(asked));
}

}  // namespace

Result<void> TileTree::load(std::uint64_t size) {
  if (size >> (8 * tile_levels) != 0) return fail(Fault::corrupt, "no ledger is that long");
  size_ = size;
  TRY_VOID(load_leaves(size / tile_width * tile_width));
  std::uint64_t below = size / tile_width;  // complete tiles of the level below
  for (unsigned level = 1; level < tile_levels; ++level) {
    for (auto index = below / tile_width * tile_width; index < below; ++index) {
      TRY(const auto* full, tile_at(level - 1, index));
      edge_[level].push_back(root_of(full->hashes));
    }
    below /= tile_width;
  }
  peaks_.clear();
  for (int height = 63; height >= 0; --height) {
    if ((size >> height & 1) == 0) continue;
    TRY(const auto peak, node(static_cast<unsigned>(height), (size >> height) - 1));
    peaks_.push_back(peak);
  }
  return {};
}

Result<void> TileTree::load_leaves(std::uint64_t from) {
  auto rows = store_.read("SELECT leaf FROM ledger_entry WHERE id >= ? ORDER BY id",
                          {static_cast<std::int64_t>(from)});
  while (rows.next()) edge_[0].push_back(crypto::leaf_hash(rows.blob(0)));
  if (edge_[0].size() == size_ - from) return {};
  return fail(Fault::corrupt, "the ledger lacks entries at its end");
}

void TileTree::add(const Hash& leaf, store::Writer& writer) {
  Hash rising = leaf;
  auto index = size_ / tile_width;
  for (unsigned level = 0; level < tile_levels; ++level, index /= tile_width) {
    auto& edge = edge_[level];
    edge.push_back(rising);
    if (edge.size() < tile_width) break;
    writer.write("INSERT INTO ledger_tile(id, hashes) VALUES(?, ?)",
                 {row_of(level, index), octets_of(edge)});
    rising = root_of(edge);
    edge.clear();
  }
  Hash peak = leaf;
  for (int merges = std::countr_one(size_); merges > 0; --merges) {
    peak = crypto::node_hash(peaks_.back(), peak);
    peaks_.pop_back();
  }
  peaks_.push_back(peak);
  ++size_;
}

Hash TileTree::root() const {
  if (peaks_.empty()) return crypto::sha256({});
  Hash root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak)
    root = crypto::node_hash(*peak, root);
  return root;
}

Result<const TileTree::Tile*> TileTree::tile_at(unsigned level, std::uint64_t index) const {
  auto& tile = read_[level];
  if (tile.index == index && !tile.hashes.empty()) return &tile;
  auto rows = store_.read("SELECT hashes FROM ledger_tile WHERE id = ?", {row_of(level, index)});
  const bool found = rows.next();
  const auto octets = found ? rows.blob(0) : ByteView{};
  if (octets.size() != tile_width * sizeof(Hash))
    return fail(Fault::corrupt, "tile " + std::to_string(index) + " of level " +
                                    std::to_string(level) + " of the ledger is missing or cut");
  tile.index = index;
  tile.hashes.resize(tile_width);
  std::memcpy(tile.hashes.data(), octets.data(), octets.size());
  return &tile;
}

// The root of the complete subtree of 2^height leaves at that place.
Result<Hash> TileTree::node(unsigned height, std::uint64_t index) const {
  const unsigned level = height / 8;
  const std::uint64_t width = std::uint64_t{1} << (height % 8), first = index * width;
  const auto full_tiles = size_ >> (8 * (level + 1));
  std::span<const Hash> hashes = edge_[level];
  if (first / tile_width < full_tiles) {
    TRY(const auto* tile, tile_at(level, first / tile_width));
    hashes = tile->hashes;
  }
  return root_of(hashes.subspan(first % tile_width, width));
}

Result<Hash> TileTree::hash_of(std::uint64_t begin, std::uint64_t end) const {
  const auto count = end - begin;
  if (std::has_single_bit(count) && begin % count == 0)
    return node(static_cast<unsigned>(std::countr_zero(count)), begin / count);
  const auto split = begin + std::bit_floor(count - 1);
  TRY(const auto left, hash_of(begin, split));
  TRY(const auto right, hash_of(split, end));
  return crypto::node_hash(left, right);
}

// PATH(m, D[n]), from the root down and then turned round.
Result<std::vector<Hash>> TileTree::inclusion(std::uint64_t index, std::uint64_t size) const {
  if (size > size_) return no_such_tree(size, size_);
  if (index >= size) return no_such_tree(index, size);
  std::vector<Hash> path;
  for (std::uint64_t begin = 0, end = size; end - begin > 1;) {
    const auto split = begin + std::bit_floor(end - begin - 1);
    const bool left = index < split;
    TRY(const auto sibling, left ? hash_of(split, end) : hash_of(begin, split));
    path.push_back(sibling);
    (left ? end : begin) = split;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// SUBPROOF(m, D[n], b), likewise.
Result<std::vector<Hash>> TileTree::consistency(std::uint64_t from, std::uint64_t to) const {
  if (to > size_) return no_such_tree(to, size_);
  if (from > to) return fail(Fault::invalid, "must not be greater than `to`", "from");
  std::vector<Hash> proof;
  if (from == 0 || from == to) return proof;
  std::uint64_t begin = 0, end = to;
  while (end != from) {
    const auto split = begin + std::bit_floor(end - begin - 1);
    const bool left = from <= split;
    TRY(const auto sibling, left ? hash_of(split, end) : hash_of(begin, split));
    proof.push_back(sibling);
    (left ? end : begin) = split;
  }
  if (begin > 0) {  // else the old tree is a subtree on the left edge, which the verifier has
    TRY(const auto last, hash_of(begin, end));
    proof.push_back(last);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Bytes> TileTree::tile(unsigned level, std::uint64_t index, std::uint64_t width) const {
  if (width == 0 || width > tile_width)
    return fail(Fault::invalid, "a tile's width is 1 to 256", "width");
  const auto hashes_of_level = level < tile_levels ? size_ >> (8 * level) : 0;
  if (index > hashes_of_level / tile_width || index * tile_width + width > hashes_of_level)
    return fail(Fault::missing, "the ledger has no such tile, or not yet so wide");
  const auto* hashes = &edge_[level];
  if (index < hashes_of_level / tile_width) {
    TRY(const auto* full, tile_at(level, index));
    hashes = &full->hashes;
  }
  const auto octets = octets_of(*hashes).first(width * sizeof(Hash));
  return Bytes(octets.begin(), octets.end());
}

}  // namespace muster::ledger
