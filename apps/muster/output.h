// muster/output -- how a command speaks: data on stdout (a table, or JSON as the API gave it), talk
// on stderr, and an exit code that scripts can rely on (docs/reference/cli.md). Main thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace muster {

enum Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  conflict = 4,
  denied = 5,
  timed_out = 6
};
Exit exit_of(Fault);

// Says what went wrong and what to try, and gives the exit code.
int complain(const Error&);

struct Column {
  std::string title;
  std::string member;  // of the item; dots go deeper: "certificate.not_after"
};
void print_table(const wire::Json::Array& items, const std::vector<Column>&);
void print_members(const wire::Json&);  // one "name  value" a line
void print_json(const wire::Json&);     // compact, one line
std::string cell(const wire::Json&, std::string_view member);

// Each of the three standard streams is open, if only to refuse what is written: else a connection
// could take the number of one that was closed, and be written to.
void hold_standard_streams();
// That all that was printed has reached stdout; else why not.
Result<void> flush_output();

}  // namespace muster
