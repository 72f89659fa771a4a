#include "crypto/merkle.h"

#include <bit>
#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::crypto;

namespace {

// The definitions of RFC 6962 section 2.1, written down as they stand and as slow as they are.
std::uint64_t split(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

Hash tree_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  const auto k = split(leaves.size());
  return node_hash(tree_root(leaves.first(k)), tree_root(leaves.subspan(k)));
}

std::vector<Hash> inclusion(std::uint64_t index, std::span<const Hash> leaves) {
  if (leaves.size() == 1) return {};
  const auto k = split(leaves.size());
  auto out =
      index < k ? inclusion(index, leaves.first(k)) : inclusion(index - k, leaves.subspan(k));
  out.push_back(tree_root(index < k ? leaves.subspan(k) : leaves.first(k)));
  return out;
}

std::vector<Hash> subproof(std::uint64_t from, std::span<const Hash> leaves, bool whole) {
  if (from == leaves.size())
    return whole ? std::vector<Hash>{} : std::vector<Hash>{tree_root(leaves)};
  const auto k = split(leaves.size());
  auto out = from <= k ? subproof(from, leaves.first(k), whole)
                       : subproof(from - k, leaves.subspan(k), false);
  out.push_back(tree_root(from <= k ? leaves.subspan(k) : leaves.first(k)));
  return out;
}

std::vector<Hash> numbered_leaves(std::size_t count) {
  std::vector<Hash> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(leaf_hash(bytes_of(std::to_string(i))));
  return out;
}

Hash flipped(Hash hash) {
  hash[5] ^= 1;
  return hash;
}

// A verifier must refuse a proof that is short, long, or changed anywhere.
template <class Verify>
bool refuses_every_change(const std::vector<Hash>& proof, Verify verify) {
  for (std::size_t i = 0; i < proof.size(); ++i) {
    auto changed = proof;
    changed[i] = flipped(changed[i]);
    if (verify(changed)) return false;
    auto shorter = proof;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    if (verify(shorter)) return false;
  }
  auto longer = proof;
  longer.push_back(Hash{});
  if (verify(longer)) return false;
  longer = proof;
  longer.insert(longer.begin(), Hash{});
  return !verify(longer);
}

}  // namespace

TEST_CASE("the eight entries of the Certificate Transparency vectors give their known roots") {
  const char* entries[] = {"",
                           "00",
                           "10",
                           "2021",
                           "3031",
                           "40414243",
                           "5051525354555657",
                           "606162636465666768696a6b6c6d6e6f"};
  const char* roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Frontier frontier;
  CHECK(to_hex(frontier.root()) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (int i = 0; i < 8; ++i) {
    frontier.add(leaf_hash(expect(from_hex(entries[i]))));
    CHECK(to_hex(frontier.root()) == roots[i]);
  }
  CHECK(frontier.size() == 8);
}

TEST_CASE("a frontier has the root that the definition of the tree gives, at every size") {
  const auto leaves = numbered_leaves(300);
  Frontier frontier;
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    REQUIRE(frontier.root() == tree_root(std::span(leaves).first(size)));
    if (size < leaves.size()) frontier.add(leaves[size]);
  }
}

TEST_CASE("every entry of every tree up to 130 entries proves its place, and only its place") {
  const auto all = numbered_leaves(130);
  bool proven = true, strict = true;
  for (std::size_t size = 1; size <= all.size(); ++size) {
    const auto leaves = std::span(all).first(size);
    const Hash root = tree_root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion(index, leaves);
      proven &= verify_inclusion(leaves[index], index, size, proof, root);
      if (size % 7 != 0 && size != 130) continue;
      strict &= !verify_inclusion(flipped(leaves[index]), index, size, proof, root);
      strict &= !verify_inclusion(leaves[index], index, size, proof, flipped(root));
      strict &= !verify_inclusion(leaves[index], index + 1, size, proof, root);
      strict &= refuses_every_change(proof, [&](const auto& changed) {
        return verify_inclusion(leaves[index], index, size, changed, root);
      });
    }
  }
  CHECK(proven);
  CHECK(strict);
}

TEST_CASE("every tree up to 130 entries proves that it extends every smaller one") {
  const auto all = numbered_leaves(130);
  bool proven = true, strict = true;
  for (std::size_t to = 1; to <= all.size(); ++to) {
    const auto leaves = std::span(all).first(to);
    const Hash to_root = tree_root(leaves);
    for (std::size_t from = 1; from <= to; ++from) {
      const Hash from_root = tree_root(leaves.first(from));
      const auto proof = subproof(from, leaves, true);
      proven &= verify_consistency(from, from_root, to, to_root, proof);
      if (to % 7 != 0 && to != 130) continue;
      strict &= !verify_consistency(from, flipped(from_root), to, to_root, proof);
      strict &= !verify_consistency(from, from_root, to, flipped(to_root), proof);
      strict &= refuses_every_change(proof, [&](const auto& changed) {
        return verify_consistency(from, from_root, to, to_root, changed);
      });
    }
  }
  CHECK(proven);
  CHECK(strict);
}

TEST_CASE("the empty tree is a beginning of every tree, and nothing is in it") {
  const auto leaves = numbered_leaves(3);
  CHECK(verify_consistency(0, sha256({}), 3, tree_root(leaves), {}));
  CHECK(verify_consistency(0, sha256({}), 0, sha256({}), {}));
  CHECK_FALSE(verify_consistency(0, leaves[0], 3, tree_root(leaves), {}));
  CHECK_FALSE(verify_consistency(3, tree_root(leaves), 0, sha256({}), {}));
  CHECK_FALSE(verify_inclusion(leaves[0], 0, 0, {}, sha256({})));
}

TEST_CASE("proofs for trees of absurd sizes end in a refusal") {
  const std::vector<Hash> proof(64);
  const auto most = ~std::uint64_t{0};
  CHECK_FALSE(verify_inclusion(Hash{}, most - 1, most, proof, Hash{}));
  CHECK_FALSE(verify_inclusion(Hash{}, 0, most, {}, Hash{}));
  CHECK_FALSE(verify_consistency(1, Hash{}, most, Hash{}, proof));
  CHECK_FALSE(verify_consistency(most - 1, Hash{}, most, Hash{}, proof));
}
