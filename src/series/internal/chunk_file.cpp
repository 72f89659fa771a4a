#include "series/internal/chunk_file.h"

#include <algorithm>

#include "series/internal/crc32c.h"
#include "store/answered.h"

namespace muster::series {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE key(id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL);"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, key INTEGER NOT NULL, start INTEGER NOT NULL,"
    " end INTEGER NOT NULL, count INTEGER NOT NULL, upto INTEGER NOT NULL, crc INTEGER NOT NULL,"
    " points BLOB NOT NULL);"
    "CREATE INDEX chunk_by_time ON chunk(key, start, end, count);"
    "CREATE TABLE open_chunk(key INTEGER PRIMARY KEY, crc INTEGER NOT NULL, points BLOB NOT NULL);"
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), segment INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, last_chunk INTEGER NOT NULL, chunks INTEGER NOT NULL);"
    "INSERT INTO state VALUES(1, 0, 0, 0, 0)"};

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

// To who asks for history, a file that cannot be used is an answer.
auto guarded(auto work) {
  return store::answered(Fault::unavailable, std::move(work));
}

std::unexpected<Error> damaged(std::string_view what, std::int64_t number) {
  return fail(Fault::corrupt, std::string(what) + " " + std::to_string(number) +
                                  " of the series file is damaged; restore the folder from a "
                                  "backup, or move it aside to start with an empty history");
}

}  // namespace

Result<ChunkFile> ChunkFile::open(const std::filesystem::path& file) {
  TRY(auto store, store::Store::open(file));
  TRY_VOID(store.migrate("series", steps));
  ChunkFile opened(std::move(store));
  TRY_VOID(opened.load());
  return opened;
}

Result<void> ChunkFile::load() {
  return guarded([&]() -> Result<void> {
    auto rows = store_.read("SELECT segment, sequence, last_chunk, chunks FROM state");
    if (!rows.next()) return damaged("state", 1);
    saved_ = {static_cast<std::uint64_t>(rows.integer(0)),
              static_cast<std::uint64_t>(rows.integer(1))};
    last_chunk_ = rows.integer(2);
    chunks_ = static_cast<std::uint64_t>(rows.integer(3));
    return {};
  });
}

Result<void> ChunkFile::each_key(const std::function<void(const NewKey&)>& each) const {
  return guarded([&]() -> Result<void> {
    auto rows = store_.read("SELECT id, device, metric FROM key ORDER BY id");
    while (rows.next()) each({static_cast<Key>(rows.integer(0)), rows.text(1), rows.text(2)});
    return {};
  });
}

Result<void> ChunkFile::each_open(const std::function<Result<void>(Key, ByteView)>& each) const {
  return guarded([&]() -> Result<void> {
    auto rows = store_.read("SELECT key, crc, points FROM open_chunk ORDER BY key");
    while (rows.next()) {
      const auto packed = rows.blob(2);
      if (crc32c(packed) != rows.integer(1) || !each(static_cast<Key>(rows.integer(0)), packed))
        return damaged("open chunk", rows.integer(0));
    }
    return {};
  });
}

Result<void> ChunkFile::each_upto(const std::function<void(Key, std::uint64_t)>& each) const {
  return guarded([&]() -> Result<void> {
    auto rows = store_.read("SELECT key, upto FROM chunk WHERE id > ?", {last_chunk_});
    while (rows.next())
      each(static_cast<Key>(rows.integer(0)), static_cast<std::uint64_t>(rows.integer(1)));
    return {};
  });
}

// By key: neighbours in the index are then written together.
void ChunkFile::insert(Batch& batch) {
  std::sort(batch.chunks.begin(), batch.chunks.end(), [](const Sealed& a, const Sealed& b) {
    return a.key != b.key ? a.key < b.key : a.offset < b.offset;
  });
  auto& writer = store_.unrecorded_writer();
  for (const auto& chunk : batch.chunks) {
    const auto packed = batch.packed(chunk);
    writer.write(
        "INSERT INTO chunk(key, start, end, count, upto, crc, points) VALUES(?, ?, ?, ?, ?, ?, ?)",
        {std::int64_t{chunk.key}, chunk.start, chunk.end, std::int64_t{chunk.count},
         signed_of(chunk.upto), std::int64_t{crc32c(packed)}, packed});
  }
}

void ChunkFile::save_open(const Cut& cut) {
  auto& writer = store_.unrecorded_writer();
  Bytes packed;
  for (const auto key : cut.open) {
    packed.clear();
    cut.pack(key, packed);
    if (packed.empty())
      writer.write("DELETE FROM open_chunk WHERE key = ?", {std::int64_t{key}});
    else
      writer.write("INSERT OR REPLACE INTO open_chunk VALUES(?, ?, ?)",
                   {std::int64_t{key}, std::int64_t{crc32c(packed)}, ByteView(packed)});
  }
  writer.write(
      "UPDATE state SET segment = ?, sequence = ?,"
      " last_chunk = (SELECT coalesce(max(id), 0) FROM chunk)",
      {signed_of(cut.at.segment), signed_of(cut.at.sequence)});
}

std::uint64_t ChunkFile::remove_before(std::int64_t before) {
  std::uint64_t points = 0;
  {
    auto rows = store_.read(
        "SELECT coalesce(sum(count), 0) FROM chunk INDEXED BY chunk_by_time WHERE end < ?",
        {before});
    if (rows.next()) points = static_cast<std::uint64_t>(rows.integer(0));
  }
  const auto removed = store_.unrecorded_writer().write(
      "DELETE FROM chunk WHERE id IN"
      " (SELECT id FROM chunk INDEXED BY chunk_by_time WHERE end < ?)",
      {before});
  chunks_ -= static_cast<std::uint64_t>(removed);
  return points;
}

Result<std::uint64_t> ChunkFile::save(std::span<const NewKey> keys, Batch& batch, const Cut* cut,
                                      std::optional<std::int64_t> forget_before) {
  return guarded([&]() -> Result<std::uint64_t> {
    auto& writer = store_.unrecorded_writer();
    for (const auto& key : keys)
      writer.write("INSERT OR IGNORE INTO key VALUES(?, ?, ?)",
                   {std::int64_t{key.key}, key.device, key.metric});
    insert(batch);
    chunks_ += batch.chunks.size();
    const auto forgotten = forget_before ? remove_before(*forget_before) : 0;
    if (cut) save_open(*cut);
    writer.write("UPDATE state SET chunks = ?", {signed_of(chunks_)});
    store_.commit();
    if (cut) TRY_VOID(load());
    return forgotten;
  });
}

Result<void> ChunkFile::show(store::Rows& rows, const Visit& visit) const {
  while (rows.next()) {
    const auto packed = rows.blob(3);
    if (crc32c(packed) != rows.integer(2)) return damaged("chunk", rows.integer(0));
    if (!visit(rows.integer(1), packed)) break;
  }
  return {};
}

Result<void> ChunkFile::each_chunk(Key key, std::int64_t from, std::int64_t to,
                                   const Visit& visit) const {
  return guarded([&] {
    const auto earliest = std::numeric_limits<std::int64_t>::min();
    const auto back = from < earliest + chunk_span_max ? earliest : from - chunk_span_max;
    auto rows = store_.read(
        "SELECT id, start, crc, points FROM chunk"
        " WHERE key = ? AND start >= ? AND start < ? AND end >= ? ORDER BY start, id",
        {std::int64_t{key}, back, to, from});
    return show(rows, visit);
  });
}

Result<void> ChunkFile::newest_chunk(Key key, const Visit& visit) const {
  return guarded([&] {
    auto rows = store_.read(
        "SELECT id, start, crc, points FROM chunk WHERE key = ?1 AND start >="
        " (SELECT max(start) FROM chunk WHERE key = ?1) - ?2 ORDER BY end DESC, id DESC LIMIT 1",
        {std::int64_t{key}, chunk_span_max});
    return show(rows, visit);
  });
}

}  // namespace muster::series
