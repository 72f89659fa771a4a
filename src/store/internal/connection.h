// connection -- one SQLite connection: its prepared statements, and whether it has failed.
//
// Statements are found again by the address of their SQL literal and never lent twice: a nested use
// of the same literal prepares another one, which is kept for the next time. Once a statement has
// failed the connection stays broken: nothing is written through it any more. One thread.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace muster::store {

Fault fault_of(int sqlite_code);
std::string advice(Fault);  // what a person can do about it, to put after the message

struct Statement {
  sqlite3_stmt* prepared = nullptr;
  bool lent = false;
};

enum class Lifetime { call, statement };  // how long bound text and blobs stay where they are

class Lease {  // gives the statement back, reset and unbound
 public:
  explicit Lease(Statement& statement) : statement_(&statement) { statement.lent = true; }
  Lease(Lease&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  sqlite3_stmt* get() const { return statement_->prepared; }
  bool writes() const { return !sqlite3_stmt_readonly(get()); }
  void bind(std::initializer_list<Value>, Lifetime);

 private:
  Statement* statement_;
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& existing_file);
  Connection(const Connection&) = delete;
  ~Connection();

  // While opening and migrating a failure is an answer.
  Result<void> execute(const char* sql);         // one or more statements
  Result<std::int64_t> number(const char* sql);  // first column of the first row
  std::unexpected<Error> failure(int code) const;

  // Later it is the end.
  Lease take(const char* sql);  // throws logic_error for bad SQL, Broken when the file fails
  bool step(const Lease&);      // true: a row; throws Broken
  void run(const char* sql);    // to its end, without values
  void refuse_if_broken() const;

  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  std::uint64_t changed() const { return static_cast<std::uint64_t>(sqlite3_changes64(handle_)); }
  const std::filesystem::path& file() const { return file_; }

 private:
  using Same = std::vector<std::unique_ptr<Statement>>;
  explicit Connection(std::filesystem::path file) : file_(std::move(file)) {}
  Statement& prepare(const char* sql, Same&);
  [[noreturn]] void break_off(const char* sql);

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<const char*, Same> by_address_;
  std::string broken_;  // why; empty while all is well
};

}  // namespace muster::store
