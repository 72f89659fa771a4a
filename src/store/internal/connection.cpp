#include "store/internal/connection.h"

#include <cstring>

namespace muster::store {

Fault fault_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fault::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::conflict;
    case SQLITE_FULL:
      return Fault::exhausted;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_CONSTRAINT:
      return Fault::internal;
    default:
      return Fault::unavailable;
  }
}

std::string advice(Fault fault) {
  switch (fault) {
    case Fault::corrupt:
      return "; move the file and its -wal aside and restore them from a backup";
    case Fault::conflict:
      return "; another process has it open: stop that one, or give this one a folder of its own";
    case Fault::exhausted:
      return "; free some space on the disk and start again";
    case Fault::unavailable:
      return "; check that the folder exists, is writable and that the disk is sound and not full";
    default:
      return "";
  }
}

Lease::~Lease() {
  if (!statement_) return;
  sqlite3_reset(statement_->prepared);
  sqlite3_clear_bindings(statement_->prepared);
  statement_->lent = false;
}

namespace {

int bind_one(sqlite3_stmt* statement, int place, const Value& value, Lifetime lifetime) {
  const auto keep = lifetime == Lifetime::call ? SQLITE_STATIC : SQLITE_TRANSIENT;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, place, *number);
  if (const auto* real = std::get_if<double>(&value))
    return sqlite3_bind_double(statement, place, *real);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const char* start = text->data() ? text->data() : "";  // a null pointer would bind NULL
    return sqlite3_bind_text64(statement, place, start, text->size(), keep, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<ByteView>(&value)) {
    if (blob->empty()) return sqlite3_bind_zeroblob(statement, place, 0);
    return sqlite3_bind_blob64(statement, place, blob->data(), blob->size(), keep);
  }
  return sqlite3_bind_null(statement, place);
}

}  // namespace

void Lease::bind(std::initializer_list<Value> values, Lifetime lifetime) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(get())) != values.size())
    throw std::logic_error(std::string("wrong number of values for: ") + sqlite3_sql(get()));
  int place = 0;
  for (const auto& value : values)
    if (bind_one(get(), ++place, value, lifetime) != SQLITE_OK)
      throw std::logic_error(std::string("cannot bind a value of: ") + sqlite3_sql(get()));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& existing_file) {
  std::unique_ptr<Connection> made(new Connection(existing_file));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(existing_file.c_str(), &made->handle_, flags, nullptr);
  if (code != SQLITE_OK) return made->failure(code);
  sqlite3_db_config(made->handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(made->handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(made->handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  return made;
}

Connection::~Connection() {
  for (auto& [address, same] : by_address_)
    for (auto& statement : same) sqlite3_finalize(statement->prepared);
  sqlite3_close(handle_);
}

std::unexpected<Error> Connection::failure(int code) const {
  const auto fault = fault_of(code);
  return fail(fault, file_.string() + ": " + sqlite3_errmsg(handle_) + advice(fault));
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<std::int64_t> Connection::number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  if (code != SQLITE_ROW) return failure(code);
  return value;
}

Lease Connection::take(const char* sql) {
  auto& same = by_address_[sql];
  for (auto& statement : same) {
    if (statement->lent) continue;
    if (std::strcmp(sqlite3_sql(statement->prepared), sql) != 0)
      throw std::logic_error(std::string("SQL must be a literal, its text changed: ") + sql);
    return Lease(*statement);
  }
  return Lease(prepare(sql, same));
}

Statement& Connection::prepare(const char* sql, Same& same) {
  auto statement = std::make_unique<Statement>();
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->prepared, &rest);
  if (code == SQLITE_ERROR)
    throw std::logic_error(std::string(sqlite3_errmsg(handle_)) + " in: " + sql);
  if (code != SQLITE_OK) break_off(sql);
  if (!statement->prepared || *rest != '\0') {
    sqlite3_finalize(statement->prepared);
    throw std::logic_error(std::string("not exactly one SQL statement: ") + sql);
  }
  same.push_back(std::move(statement));
  return *same.back();
}

bool Connection::step(const Lease& lease) {
  const int code = sqlite3_step(lease.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) break_off(sqlite3_sql(lease.get()));
  return false;
}

void Connection::run(const char* sql) {
  const auto lease = take(sql);
  while (step(lease)) {
  }
}

void Connection::refuse_if_broken() const {
  if (!broken_.empty()) throw Broken("refused, because an earlier write failed: " + broken_);
}

void Connection::break_off(const char* sql) {
  broken_ = file_.string() + ": " + sqlite3_errmsg(handle_) +
            advice(fault_of(sqlite3_errcode(handle_))) + " (in: " + sql + ")";
  throw Broken(broken_);
}

}  // namespace muster::store
