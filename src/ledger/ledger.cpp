#include "ledger/ledger.h"

#include <stdexcept>

#include "crypto/note.h"
#include "ledger/internal/tree.h"
#include "ledger/leaf.h"

namespace muster::ledger {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE ledger_entry(id INTEGER PRIMARY KEY, target TEXT NOT NULL, leaf TEXT NOT NULL);"
    "CREATE INDEX ledger_entry_by_target ON ledger_entry(target);"
    "CREATE TABLE ledger_tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"
    "CREATE TABLE ledger_checkpoint(one INTEGER PRIMARY KEY CHECK(one = 1), size INTEGER NOT NULL,"
    " root BLOB NOT NULL, note TEXT NOT NULL);"
    // A bug elsewhere must not become a way to rewrite what was recorded.
    "CREATE TRIGGER ledger_entry_stays BEFORE UPDATE ON ledger_entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_entry_remains BEFORE DELETE ON ledger_entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_tile_stays BEFORE UPDATE ON ledger_tile"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_tile_remains BEFORE DELETE ON ledger_tile"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"};

std::uint64_t stored_entries(const store::Store& store) {
  auto rows = store.read("SELECT max(id) FROM ledger_entry");
  return rows.next() && !rows.null(0) ? static_cast<std::uint64_t>(rows.integer(0)) + 1 : 0;
}

std::unexpected<Error> corrupt(std::string why) {
  return fail(Fault::corrupt, "the ledger is not as it was sealed: " + std::move(why) +
                                  "; restore the data folder from a backup");
}

std::unexpected<Error> missing(std::uint64_t index) {
  return fail(Fault::missing, "the ledger has no entry " + std::to_string(index), "index");
}

}  // namespace

Result<void> Ledger::Tree::load() {
  const auto entries = stored_entries(store);
  {
    auto rows = store.read("SELECT size, root, note FROM ledger_checkpoint");
    if (rows.next()) {
      checkpoint.size = static_cast<std::uint64_t>(rows.integer(0));
      const auto root = rows.blob(1);
      if (root.size() != checkpoint.root.size()) return corrupt("its checkpoint is cut");
      std::copy(root.begin(), root.end(), checkpoint.root.begin());
      checkpoint.note = rows.text(2);
    }
  }
  if (entries != checkpoint.size)
    return corrupt("it holds " + std::to_string(entries) +
                   " entries, and its checkpoint speaks of " + std::to_string(checkpoint.size));
  TRY_VOID(tiles.load(entries));
  if (entries > 0) return check_checkpoint();
  TRY(checkpoint, sign());
  return {};
}

Result<void> Ledger::Tree::check_checkpoint() const {
  const auto text =
      crypto::open_note(checkpoint.note, crypto::verifier_key(origin, key.public_key()));
  if (!text)
    return corrupt("its checkpoint is not signed by this ledger's key under the name " + origin +
                   " (" + text.error().message + ")");
  TRY(const auto head, crypto::parse_tree_head(*text));
  if (head.origin != origin || head.size != checkpoint.size || head.root != checkpoint.root)
    return corrupt("its checkpoint contradicts itself");
  if (tiles.root() != checkpoint.root) return corrupt("its entries do not give the sealed root");
  return {};
}

Result<Checkpoint> Ledger::Tree::sign() const {
  const crypto::TreeHead head{origin, tiles.size(), tiles.root()};
  TRY(auto note, crypto::sign_note(crypto::tree_head_text(head), origin, key));
  return Checkpoint{head.size, head.root, std::move(note)};
}

void Ledger::Tree::refuse_after_rollback() const {
  if (store.in_transaction() || tiles.size() == checkpoint.size) return;
  if (stored_entries(store) != tiles.size())
    throw std::logic_error("entries were rolled back; the ledger has to be opened anew");
}

Result<std::vector<Recorded>> Ledger::Tree::parsed(store::Rows rows, std::size_t limit) const {
  std::vector<Recorded> out;
  while (out.size() < limit && rows.next()) {
    auto entry = parse_leaf(rows.text(0));
    if (!entry) return corrupt(entry.error().message);
    out.push_back(std::move(*entry));
  }
  return out;
}

Ledger::Ledger(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(store::Store& store, const crypto::SigningKey& key, const Clock& clock,
                            std::string origin) {
  TRY_VOID(store.migrate("ledger", steps));
  auto tree = std::make_unique<Tree>(store, key, clock, std::move(origin));
  TRY_VOID(tree->load());
  return Ledger(std::move(tree));
}

store::Writer& Ledger::record(Entry entry) {
  tree_->refuse_after_rollback();
  const auto index = tree_->tiles.size();
  const auto at = tree_->clock.now();
  const auto leaf = leaf_text(index, at, entry);
  auto& writer = tree_->store.unrecorded_writer();
  writer.write("INSERT INTO ledger_entry(id, target, leaf) VALUES(?, ?, ?)",
               {static_cast<std::int64_t>(index), entry.target, leaf});
  tree_->tiles.add(crypto::leaf_hash(bytes_of(leaf)), writer);
  return tree_->store.unrecorded_writer();
}

store::Writer& Ledger::observe() {
  return tree_->store.unrecorded_writer();
}

bool Ledger::seal() {
  if (tree_->tiles.size() == tree_->checkpoint.size) return false;
  auto sealed = tree_->sign();
  if (!sealed) throw store::Broken("cannot sign a checkpoint: " + sealed.error().message);
  tree_->store.unrecorded_writer().write(
      "INSERT OR REPLACE INTO ledger_checkpoint VALUES(1, ?, ?, ?)",
      {static_cast<std::int64_t>(sealed->size), ByteView(sealed->root), sealed->note});
  tree_->checkpoint = std::move(*sealed);
  return true;
}

std::uint64_t Ledger::size() const {
  return tree_->tiles.size();
}

const Checkpoint& Ledger::checkpoint() const {
  return tree_->checkpoint;
}

std::string Ledger::verifier_key() const {
  return crypto::verifier_key(tree_->origin, tree_->key.public_key());
}

Result<Recorded> Ledger::entry(std::uint64_t index) const {
  TRY(const auto text, leaf(index));
  return parse_leaf(text);
}

Result<std::string> Ledger::leaf(std::uint64_t index) const {
  if (index >= size()) return missing(index);
  auto rows = tree_->store.read("SELECT leaf FROM ledger_entry WHERE id = ?",
                                {static_cast<std::int64_t>(index)});
  if (!rows.next()) return corrupt("entry " + std::to_string(index) + " is missing");
  return rows.text(0);
}

Result<std::vector<Recorded>> Ledger::entries(std::uint64_t from, std::size_t limit) const {
  if (from >= size()) return std::vector<Recorded>{};
  return tree_->parsed(tree_->store.read("SELECT leaf FROM ledger_entry WHERE id >= ? ORDER BY id",
                                         {static_cast<std::int64_t>(from)}),
                       limit);
}

Result<std::vector<Recorded>> Ledger::about(std::string_view target, std::size_t limit) const {
  return tree_->parsed(
      tree_->store.read("SELECT leaf FROM ledger_entry WHERE target = ? ORDER BY id DESC",
                        {target}),
      limit);
}

Result<std::vector<crypto::Hash>> Ledger::inclusion(std::uint64_t index, std::uint64_t size) const {
  return tree_->tiles.inclusion(index, size);
}

Result<std::vector<crypto::Hash>> Ledger::consistency(std::uint64_t from, std::uint64_t to) const {
  return tree_->tiles.consistency(from, to);
}

Result<Bytes> Ledger::tile(unsigned level, std::uint64_t index, unsigned width) const {
  return tree_->tiles.tile(level, index, width);
}

Result<Bytes> Ledger::bundle(std::uint64_t index, unsigned width) const {
  if (width == 0 || width > tile_width)
    return fail(Fault::invalid, "a bundle's width is 1 to 256", "width");
  if (index > size() / tile_width || index * tile_width + width > size())
    return fail(Fault::missing, "the ledger has no such bundle, or not yet so wide");
  const auto first = static_cast<std::int64_t>(index * tile_width);
  auto rows =
      tree_->store.read("SELECT leaf FROM ledger_entry WHERE id >= ? AND id < ? ORDER BY id",
                        {first, first + std::int64_t{width}});
  Bytes out;
  unsigned count = 0;
  for (; rows.next(); ++count) {
    const auto leaf = rows.blob(0);
    out.push_back(static_cast<std::uint8_t>(leaf.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(leaf.size()));
    out.insert(out.end(), leaf.begin(), leaf.end());
  }
  if (count != width) return corrupt("entries of bundle " + std::to_string(index) + " are missing");
  return out;
}

}  // namespace muster::ledger
