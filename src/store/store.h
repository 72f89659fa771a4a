// store -- one SQLite file in WAL mode with synchronous=FULL: what is committed survives a power
// cut. The file is held exclusively: a second process that opens it is refused (conflict).
//
// The owner of the thread drives it: begin, any number of reads and writes, commit. Reads see the
// transaction's own writes. A write that fails (disk full, I/O) throws Broken: memory is then ahead
// of the disk, nobody has been told, and the only honest way on is to roll back, stop and start
// again from the file (docs/adr/0003-durable-before-told.md). Writing needs a Writer, and the
// domain gets its Writer from the ledger alone, so that no fleet state changes without a ledger
// entry.
//
// A store that threw Broken stays so: it still reads and rolls back, and refuses to write until the
// file is opened anew. Breaking a rule of the schema or of this interface is a bug: a write that
// violates a constraint throws Broken, SQL that does not parse std::logic_error.
//
// One thread. SQL is always a string literal: statements are prepared once and found again by its
// address. No clock. Format: docs/formats/store.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
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

// A running SELECT. Nested uses of one literal each get a statement of their own. Does not outlive
// its Store, and is let go before commit() where it can be: an open one holds checkpoints back.
class Rows {
 public:
  ~Rows();
  Rows(Rows&&) noexcept;
  bool next();  // moves to the next row; false after the last; throws Broken
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  // empty for NULL
  ByteView blob(int column) const;     // valid until next()
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

class Store {
 public:
  // Makes the file (0600) if need be; its folder must be there. corrupt: damaged, or not a Muster
  // store; conflict: in use.
  static Result<Store> open(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  ~Store();  // rolls an open transaction back

  // Runs the steps this file has not seen yet, in order, each in one transaction; a file from a
  // newer program is refused.
  Result<void> migrate(std::string_view module, std::span<const char* const> steps);

  Rows read(const char* sql, std::initializer_list<Value> values = {}) const;  // never writes

  void begin();   // no-op inside a transaction
  void commit();  // throws Broken; returns when it is on disk
  void rollback();
  bool in_transaction() const;
  Result<void> check() const;     // reads every page (about 1 s per GB when cached); for `doctor`
  std::uint64_t changes() const;  // rows written since open; tells whether a command wrote
  // Opens the transaction if need be. Of fleet state, only the ledger takes it: Ledger::record
  // lends it on, with an entry. The layer check holds all but the store, the series and the ledger
  // to this.
  Writer& unrecorded_writer();

 private:
  friend class Writer;
  struct Database;
  explicit Store(std::unique_ptr<Database>);
  std::unique_ptr<Database> database_;
};

}  // namespace muster::store
