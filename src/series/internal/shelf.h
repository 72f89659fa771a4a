// shelf -- what a Series is made of: names, open chunks, full chunks on their way, the log and the
// chunk file, and the order in which they may be written.
//
// The log is dropped only after the transaction that holds everything it fed is on disk. Every
// sample has a sequence number, every chunk says up to which number it covers its key: that is how
// a replay tells what the chunk file has already. One thread.
#pragma once

#include <optional>
#include <vector>

#include "series/gorilla.h"
#include "series/internal/chunk_file.h"
#include "series/internal/directory.h"
#include "series/internal/point_log.h"
#include "series/series.h"

namespace muster::series {

struct Series::Shelf {
  static Result<std::unique_ptr<Shelf>> open(const std::filesystem::path& folder);
  Shelf(std::filesystem::path where, ChunkFile opened, PointLog started)
      : folder(std::move(where)), file(std::move(opened)), log(std::move(started)) {}

  Result<void> append(std::span<const Sample>);
  Result<void> save();                                                 // full chunks become rows
  Result<std::uint64_t> cut(std::optional<std::int64_t> forget = {});  // and the log starts anew
  void seal_all(std::optional<std::int64_t> ending_before = {});

  // The packed chunks in memory that may hold points of [from, to), in order of arrival.
  void each_fresh(Key, std::int64_t from, std::int64_t to,
                  const std::function<void(ByteView packed)>&) const;

  std::filesystem::path folder;
  Directory directory;
  ChunkFile file;
  PointLog log;
  Batch batch;                 // full chunks that are not rows yet
  std::uint64_t sequence = 0;  // of the next sample

 private:
  struct Open {
    Packer packer;
    bool changed = false;  // since it was last saved
  };

  Result<void> recover();
  Result<void> load();
  Result<void> replay_log(const std::vector<std::uint64_t>& upto);
  Result<void> drop_segments_before(std::uint64_t segment);
  void add(const Sample&, std::uint64_t number);
  void seal(Key, std::uint64_t upto);
  Result<void> check(std::span<const Sample>) const;
  Result<void> broken(Result<void>);  // remembers a failure that only opening again can mend

  std::vector<Open> open_;  // by key
  std::optional<Error> broken_;
};

}  // namespace muster::series
