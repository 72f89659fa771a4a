#include "crypto/merkle.h"

#include <bit>

namespace muster::crypto {

Hash leaf_hash(ByteView entry) {
  constexpr std::uint8_t prefix[] = {0x00};
  return sha256(prefix, entry);
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> node;
  node[0] = 0x01;
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 33);
  return sha256(node);
}

void Frontier::add(const Hash& leaf) {
  Hash node = leaf;
  for (int merges = std::countr_one(size_); merges > 0; --merges) {
    node = node_hash(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++size_;
}

Hash Frontier::root() const {
  if (peaks_.empty()) return sha256({});
  Hash node = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak)
    node = node_hash(*peak, node);
  return node;
}

// RFC 9162 2.1.3.2.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index, last = size - 1;
  Hash reached = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      reached = node_hash(sibling, reached);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      reached = node_hash(reached, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && reached == root;
}

// RFC 9162 2.1.4.2.
bool verify_consistency(std::uint64_t from, const Hash& from_root, std::uint64_t to,
                        const Hash& to_root, std::span<const Hash> proof) {
  if (from > to) return false;
  if (from == to) return proof.empty() && from_root == to_root;
  if (from == 0) return proof.empty() && from_root == sha256({});

  Hash old_reached = from_root;  // what a complete old tree starts from; its proof leaves it out
  if (!std::has_single_bit(from)) {
    if (proof.empty()) return false;
    old_reached = proof.front();
    proof = proof.subspan(1);
  }
  Hash new_reached = old_reached;

  std::uint64_t node = from - 1, last = to - 1;
  const int shared = std::countr_one(node);
  node >>= shared;
  last >>= shared;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_reached = node_hash(sibling, old_reached);
      new_reached = node_hash(sibling, new_reached);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_reached = node_hash(new_reached, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_reached == from_root && new_reached == to_root;
}

}  // namespace muster::crypto
