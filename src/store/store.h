// store -- one SQLite file in WAL mode with synchronous=FULL: what is committed survives a power
// cut.
//
// The owner of the thread drives it: begin, any number of reads and writes, commit. Reads see the
// transaction's own writes. A write that fails (disk full, I/O) throws Broken: memory is then ahead
// of the disk, nobody has been told, and the only honest way on is to roll back, stop and start
// again from the file (docs/adr/0003-durable-before-told.md). Writing needs a Writer, and the
// domain gets its Writer from the ledger alone, so that no fleet state changes without a ledger
// entry.
//
// One thread. SQL is always a string literal: statements are prepared once and found again by its
// address.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::store {

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A bound parameter. Text and blobs are borrowed for the duration of the call.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, ByteView>;

class Rows {  // a running SELECT; at most one live per SQL literal (a nested one gets a statement
              // of its own)
 public:
  ~Rows();
  Rows(Rows&&) noexcept;
  bool next();  // moves to the next row; false after the last
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  ByteView blob(int column) const;  // valid until next()
  bool null(int column) const;

 private:
  friend class Store;
  struct State;
  explicit Rows(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

class Store;

class Writer {  // lent for one call; not kept
 public:
  std::int64_t write(const char* sql,
                     std::initializer_list<Value> values = {});  // rows changed; throws Broken

 private:
  friend class Store;
  explicit Writer(Store& store) : store_(store) {}
  Store& store_;
};

struct Options {
  bool synchronous_full = true;  // false: NORMAL, for caches that can be rebuilt
  std::int64_t cache_bytes = 64 << 20;
};

class Store {
 public:
  static Result<Store> open(const std::filesystem::path& file, Options = {});
  Store(Store&&) noexcept;
  ~Store();  // rolls an open transaction back

  // Runs the steps this file has not seen yet, in order, each in one transaction; a file from a
  // newer program is refused.
  Result<void> migrate(std::string_view module, std::span<const char* const> steps);

  Rows read(const char* sql, std::initializer_list<Value> values = {}) const;

  void begin();   // no-op inside a transaction
  void commit();  // throws Broken; returns when it is on disk
  void rollback();
  bool in_transaction() const;
  std::uint64_t changes() const;  // rows written since open; tells whether a command wrote
  Writer& writer();               // opens the transaction if need be

 private:
  friend class Writer;
  struct Database;
  explicit Store(std::unique_ptr<Database>);
  std::unique_ptr<Database> database_;
};

}  // namespace muster::store
