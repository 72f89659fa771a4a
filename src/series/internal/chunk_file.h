// chunk_file -- the SQLite file of a series folder: full chunks, saved open chunks, the names of
// keys, and from which segment of the log to go on.
//
// One save() is one transaction, on disk when it returns; a failure leaves the file as it was and
// is final until it is opened again. Exact tables: docs/formats/series.md. One thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "series/internal/point_log.h"
#include "series/series.h"
#include "store/store.h"

namespace muster::series {

// No chunk spans more, so that a range query knows how far back to look for one that reaches in.
inline constexpr std::int64_t chunk_span_max = 8 * 24 * 3'600'000;  // ms

struct Sealed {  // a full chunk on its way into the file; its octets are in Batch::octets
  Key key = 0;
  std::uint32_t count = 0;
  std::int64_t start = 0, end = 0;  // of its points, both inclusive
  std::uint64_t upto = 0;  // samples of this key with a lower sequence number are in the file
  std::size_t offset = 0, size = 0;
};

struct Batch {
  std::vector<Sealed> chunks;
  Bytes octets;
  ByteView packed(const Sealed& c) const { return ByteView(octets).subspan(c.offset, c.size); }
  void clear() { chunks.clear(), octets.clear(); }
};

struct Saved {  // where the log stood when open chunks were last saved
  std::uint64_t segment = 0, sequence = 0;
};

struct Cut {  // what save() writes besides full chunks when the log is to start anew
  Saved at;
  std::vector<Key> open;                  // chunks that changed
  std::function<void(Key, Bytes&)> pack;  // appends the octets of one; none: it is empty now
};

class ChunkFile {
 public:
  static Result<ChunkFile> open(const std::filesystem::path& file);

  const Saved& saved() const { return saved_; }
  Result<void> each_key(const std::function<void(const NewKey&)>&) const;
  Result<void> each_open(const std::function<Result<void>(Key, ByteView)>&) const;
  Result<void> each_upto(const std::function<void(Key, std::uint64_t)>&) const;  // since saved()

  // `forget_before`: chunks that end earlier are deleted as well; gives the points deleted.
  Result<std::uint64_t> save(std::span<const NewKey>, Batch&, const Cut*,
                             std::optional<std::int64_t> forget_before = {});

  // Chunks that reach into [from, to), earliest start first. False from `visit` ends it.
  using Visit = std::function<bool(std::int64_t start, ByteView packed)>;
  Result<void> each_chunk(Key, std::int64_t from, std::int64_t to, const Visit&) const;
  Result<void> newest_chunk(Key, const Visit&) const;  // the one with the latest end, if any

  std::uint64_t chunks() const { return chunks_; }

 private:
  explicit ChunkFile(store::Store store) : store_(std::move(store)) {}
  Result<void> load();
  void insert(Batch&);
  void save_open(const Cut&);
  std::uint64_t remove_before(std::int64_t);
  Result<void> show(store::Rows&, const Visit&) const;

  store::Store store_;
  Saved saved_;
  std::uint64_t chunks_ = 0;
  std::int64_t last_chunk_ = 0;  // id of the newest chunk when open chunks were last saved
};

}  // namespace muster::series
