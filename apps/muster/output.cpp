#include "muster/output.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace muster {
namespace {

const char* advice(Fault fault) {
  switch (fault) {
    case Fault::unauthorized:
      return "check --token-file; `muster operator add` makes a new token";
    case Fault::forbidden:
      return "this token's role may not do that; ask an admin";
    case Fault::missing:
      return "the matching `list` command shows what there is";
    case Fault::unavailable:
      return "is musterd running at --server, and does --ca fit it? `muster doctor` looks";
    case Fault::exhausted:
      return "wait a little and try again";
    default:
      return nullptr;
  }
}

std::string plain(const wire::Json& value) {
  if (value.is_null()) return "-";
  if (const auto* text = value.text()) return *text;
  if (const auto* items = value.items()) {
    std::string out;
    for (const auto& item : *items) out += (out.empty() ? "" : ",") + plain(item);
    return out.empty() ? "-" : out;
  }
  return wire::to_text(value);
}

// Columns a terminal shows for it: UTF-8 continuation octets take none.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Exit exit_of(Fault fault) {
  switch (fault) {
    case Fault::missing:
      return not_found;
    case Fault::conflict:
      return conflict;
    case Fault::unauthorized:
    case Fault::forbidden:
      return denied;
    default:
      return failed;
  }
}

void hold_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
}

Result<void> flush_output() {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (flushed) return {};
  return fail(Fault::invalid, std::string("what was to be printed is not, or not all of it") +
                                  (errno ? std::string(": ") + std::strerror(errno) : ""));
}

int complain(const Error& error) {
  const std::string about = error.field.empty() ? "" : error.field + ": ";
  std::fprintf(stderr, "error: %s%s\n", about.c_str(), error.message.c_str());
  if (const char* what = advice(error.fault)) std::fprintf(stderr, "  %s\n", what);
  return exit_of(error.fault);
}

std::string cell(const wire::Json& item, std::string_view member) {
  const wire::Json* at = &item;
  while (at && !member.empty()) {
    auto dot = member.find('.');
    at = at->find(member.substr(0, dot));
    member = dot == std::string_view::npos ? std::string_view{} : member.substr(dot + 1);
  }
  return at ? plain(*at) : "-";
}

void print_table(const wire::Json::Array& items, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].push_back(column.title);
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(cell(item, column.member));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  }
  if (items.empty()) std::fprintf(stderr, "nothing here yet\n");
}

void print_members(const wire::Json& value) {
  if (!value.members()) return print_json(value);
  std::size_t widest = 0;
  for (const auto& [name, _] : *value.members()) widest = std::max(widest, name.size());
  for (const auto& [name, each] : *value.members())
    std::printf("%-*s  %s\n", static_cast<int>(widest), name.c_str(), plain(each).c_str());
}

void print_json(const wire::Json& value) {
  std::printf("%s\n", wire::to_text(value).c_str());
}

}  // namespace muster
