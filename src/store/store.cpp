#include "store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "store/answered.h"
#include "store/internal/connection.h"

namespace muster::store {
namespace {

constexpr std::int64_t application_id = 0x4d737472;  // "Mstr", in the file's header at offset 68

constexpr const char* tuning =
    "PRAGMA mmap_size=0;"  // an I/O error must be an error code, not SIGBUS
    "PRAGMA foreign_keys=ON;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA temp_store=MEMORY;"
    // A checkpoint every 1,000 pages (4 MB) of log copies little at a time: two more fsyncs in one
    // commit out of many. The longer log of a burst is cut back to 16 MB.
    "PRAGMA wal_autocheckpoint=1000;"
    "PRAGMA journal_size_limit=16777216;"
    "PRAGMA cache_size=-65536;"  // KiB
    "PRAGMA synchronous=FULL";

// SQLite makes its file 0644; what we keep concerns nobody else. An existing file is not touched:
// closing a descriptor of it would drop the locks that this process already holds (POSIX).
Result<void> make_private_file(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) {
    if (errno == EEXIST) return {};
    return fail(Fault::unavailable, "cannot make " + file.string() + ": " + std::strerror(errno) +
                                        advice(Fault::unavailable));
  }
  ::close(made);
  return sync_folder(file.parent_path());
}

// Exclusive before the first access: the index of the log is then in our own memory, without a -shm
// file. No waiting: whoever has the file keeps it for as long as it runs.
Result<void> take_exclusively(Connection& connection) {
  TRY_VOID(connection.execute("PRAGMA locking_mode=EXCLUSIVE"));
  TRY_VOID(connection.execute("PRAGMA journal_mode=WAL"));
  TRY_VOID(connection.execute("BEGIN IMMEDIATE; COMMIT"));
  TRY(const auto wal, connection.number("SELECT journal_mode = 'wal' FROM pragma_journal_mode"));
  if (wal) return {};
  return fail(Fault::unavailable, "cannot use a write-ahead log for " + connection.file().string() +
                                      "; its file system must be a local one");
}

Result<void> claim(Connection& connection) {
  TRY(const auto id, connection.number("SELECT application_id FROM pragma_application_id"));
  if (id == application_id) return {};
  TRY(const auto objects, connection.number("SELECT count(*) FROM sqlite_schema"));
  if (id != 0 || objects != 0)
    return fail(Fault::corrupt, connection.file().string() +
                                    " is an SQLite file of another program; move it aside, or give "
                                    "Muster a folder of its own");
  return connection.execute(
      "BEGIN IMMEDIATE;"
      "PRAGMA application_id=1299412082;"
      "CREATE TABLE store_migrations(module TEXT NOT NULL, step INTEGER NOT NULL,"
      " PRIMARY KEY(module, step)) WITHOUT ROWID;"
      "COMMIT");
}

Result<void> apply(Connection& connection, std::string_view module, std::size_t number,
                   const char* sql) {
  TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  TRY_VOID(connection.execute(sql));
  {
    auto mark = connection.take("INSERT INTO store_migrations(module, step) VALUES(?, ?)");
    mark.bind({module, static_cast<std::int64_t>(number)}, Lifetime::call);
    connection.step(mark);
  }
  return connection.execute("COMMIT");
}

}  // namespace

struct Store::Database {
  std::unique_ptr<Connection> connection;
  std::optional<Writer> writer;
  std::uint64_t changes = 0;
};

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::Store(Store&&) noexcept = default;

Store::~Store() {
  if (database_) rollback();
}

Result<Store> Store::open(const std::filesystem::path& file) {
  TRY_VOID(make_private_file(file));
  TRY(auto connection, Connection::open(file));
  TRY_VOID(take_exclusively(*connection));
  TRY_VOID(claim(*connection));
  TRY_VOID(connection->execute(tuning));
  auto database = std::make_unique<Database>();
  database->connection = std::move(connection);
  return Store(std::move(database));
}

Result<void> Store::migrate(std::string_view module, std::span<const char* const> steps) {
  if (in_transaction()) throw std::logic_error("migrate() inside a transaction");
  auto& connection = *database_->connection;
  std::size_t done = 0;
  {
    auto rows = read("SELECT count(*) FROM store_migrations WHERE module = ?", {module});
    if (rows.next()) done = static_cast<std::size_t>(rows.integer(0));
  }
  if (done > steps.size())
    return fail(Fault::conflict,
                connection.file().string() + " was written by a newer Muster (module " +
                    std::string(module) + " is at step " + std::to_string(done) +
                    ", this program knows " + std::to_string(steps.size()) +
                    "); run the newer program, or restore the backup from before the upgrade");
  for (; done < steps.size(); ++done) {
    auto applied = apply(connection, module, done + 1, steps[done]);
    if (applied) continue;
    rollback();
    applied.error().message = "step " + std::to_string(done + 1) + " of module " +
                              std::string(module) + ": " + applied.error().message;
    return applied;
  }
  return {};
}

Result<void> Store::check() const {
  return answered(Fault::corrupt, [&]() -> Result<void> {
    auto rows = read("SELECT quick_check FROM pragma_quick_check");
    if (rows.next() && rows.text(0) == "ok") return {};
    return fail(Fault::corrupt, database_->connection->file().string() + ": " + rows.text(0) +
                                    advice(Fault::corrupt));
  });
}

void Store::begin() {
  database_->connection->refuse_if_broken();
  if (!in_transaction()) database_->connection->run("BEGIN IMMEDIATE");
}

void Store::commit() {
  database_->connection->refuse_if_broken();
  if (in_transaction()) database_->connection->run("COMMIT");
}

// When it fails the transaction ends with the connection, and the file still holds none of it.
void Store::rollback() {
  if (!in_transaction()) return;
  if (const auto ended = database_->connection->execute("ROLLBACK"); !ended)
    log::error("store", "cannot roll back", {{"why", ended.error().message}});
}

bool Store::in_transaction() const {
  return database_->connection->in_transaction();
}

std::uint64_t Store::changes() const {
  return database_->changes;
}

Writer& Store::unrecorded_writer() {
  begin();
  return database_->writer.emplace(Writer(*this));
}

std::int64_t Writer::write(const char* sql, std::initializer_list<Value> values) {
  store_.begin();
  auto& connection = *store_.database_->connection;
  auto statement = connection.take(sql);
  if (!statement.writes()) throw std::logic_error(std::string("not a write: ") + sql);
  statement.bind(values, Lifetime::call);
  while (connection.step(statement)) {
  }
  store_.database_->changes += connection.changed();
  return static_cast<std::int64_t>(connection.changed());
}

struct Rows::State {
  Connection& connection;
  Lease statement;
  bool ended = false;
};

Rows Store::read(const char* sql, std::initializer_list<Value> values) const {
  auto& connection = *database_->connection;
  auto statement = connection.take(sql);
  if (statement.writes()) throw std::logic_error(std::string("read() never writes: ") + sql);
  statement.bind(values, Lifetime::statement);
  return Rows(std::unique_ptr<Rows::State>(new Rows::State{connection, std::move(statement)}));
}

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows::~Rows() = default;

bool Rows::next() {
  if (!state_->ended) state_->ended = !state_->connection.step(state_->statement);
  return !state_->ended;
}

std::int64_t Rows::integer(int column) const {
  return sqlite3_column_int64(state_->statement.get(), column);
}

double Rows::real(int column) const {
  return sqlite3_column_double(state_->statement.get(), column);
}

std::string Rows::text(int column) const {
  return std::string(text_of(blob(column)));
}

ByteView Rows::blob(int column) const {
  auto* statement = state_->statement.get();
  const auto* start = sqlite3_column_blob(statement, column);
  const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return {static_cast<const std::uint8_t*>(start), start ? count : 0};
}

bool Rows::null(int column) const {
  return sqlite3_column_type(state_->statement.get(), column) == SQLITE_NULL;
}

}  // namespace muster::store
