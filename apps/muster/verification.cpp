#include "muster/verification.h"

#include <cstdio>
#include <vector>

#include "crypto/merkle.h"
#include "crypto/note.h"

namespace muster {
namespace {

constexpr std::uint64_t tile_width = 256;

// "x001/x234/067", with ".p/W" for a partial one (C2SP tlog-tiles).
std::string tile_path(std::uint64_t index, std::uint64_t width) {
  char group[16];
  std::snprintf(group, sizeof group, "%03u", static_cast<unsigned>(index % 1000));
  std::string path = group;
  for (index /= 1000; index > 0; index /= 1000) {
    std::snprintf(group, sizeof group, "x%03u/", static_cast<unsigned>(index % 1000));
    path = group + path;
  }
  return width == tile_width ? path : path + ".p/" + std::to_string(width);
}

Error broken(std::string what) {
  return {Fault::corrupt, "the ledger does not verify: " + std::move(what), ""};
}

// The entries of one bundle: 16-bit big-endian length, then that many octets.
Result<std::vector<std::string_view>> entries_of(std::string_view bundle, std::uint64_t first,
                                                 std::uint64_t width) {
  std::vector<std::string_view> entries;
  while (!bundle.empty()) {
    if (bundle.size() < 2) return std::unexpected(broken("an entry bundle is cut short"));
    const std::size_t length =
        static_cast<std::uint8_t>(bundle[0]) * 256U + static_cast<std::uint8_t>(bundle[1]);
    if (bundle.size() < 2 + length) return std::unexpected(broken("an entry bundle is cut short"));
    entries.push_back(bundle.substr(2, length));
    bundle.remove_prefix(2 + length);
  }
  if (entries.size() != width)
    return std::unexpected(broken("the bundle at " + std::to_string(first) + " has " +
                                  std::to_string(entries.size()) + " entries instead of " +
                                  std::to_string(width)));
  return entries;
}

struct Head {
  crypto::TreeHead tree;
  std::string note;
};

Result<Head> signed_head(std::string note, const std::string& key) {
  auto text = crypto::open_note(note, key);
  if (!text)
    return std::unexpected(
        broken("the checkpoint is not signed by the key given (" + text.error().message + ")"));
  TRY(auto tree, crypto::parse_tree_head(*text));
  return Head{std::move(tree), std::move(note)};
}

// Compares the log's own level-0 tile with the hashes that its entries give.
Result<void> check_tile(Remote& remote, const std::vector<crypto::Hash>& hashes,
                        std::uint64_t index) {
  TRY(auto tile, remote.text("/ledger/tile/0/" + tile_path(index, hashes.size())));
  std::string computed;
  for (const auto& hash : hashes) computed.append(text_of(hash));
  if (tile != computed)
    return std::unexpected(
        broken("hash tile " + std::to_string(index) + " is not what its entries give"));
  return {};
}

}  // namespace

Result<Verified> verify_ledger(Remote& remote, const std::string& key, const std::string& earlier,
                               const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  TRY(auto note, remote.text("/ledger/checkpoint"));
  TRY(auto head, signed_head(std::move(note), key));
  Head before;
  if (!earlier.empty()) {
    TRY(before, signed_head(earlier, key));
    if (before.tree.size > head.tree.size)
      return std::unexpected(broken("it has become shorter since the checkpoint you kept"));
  }
  crypto::Frontier frontier;
  Verified out{head.tree.origin, head.tree.size, to_hex(head.tree.root), 0, head.note};
  bool extends = before.tree.size == 0;
  for (std::uint64_t first = 0; first < head.tree.size; first += tile_width) {
    const std::uint64_t width = std::min(tile_width, head.tree.size - first);
    TRY(auto bundle, remote.text("/ledger/tile/entries/" + tile_path(first / tile_width, width)));
    TRY(auto entries, entries_of(bundle, first, width));
    std::vector<crypto::Hash> hashes;
    for (std::string_view entry : entries) {
      hashes.push_back(crypto::leaf_hash(bytes_of(entry)));
      frontier.add(hashes.back());
      if (frontier.size() == before.tree.size && before.tree.size)
        extends = frontier.root() == before.tree.root;
    }
    TRY_VOID(check_tile(remote, hashes, first / tile_width));
    ++out.tiles;
    progress(first + width, head.tree.size);
  }
  if (frontier.root() != head.tree.root)
    return std::unexpected(broken("the entries do not give the signed root"));
  if (!extends)
    return std::unexpected(
        broken("it is not an extension of the checkpoint you kept: history was rewritten"));
  return out;
}

}  // namespace muster
