#include "net/internal/http_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace muster::net::http {
namespace internal {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void append_line(std::string& out, std::string_view field, std::string_view value) {
  if (value.empty()) return;
  out.append(field);
  for (char c : value)
    if (c != '\n' && c != '\r' && c != '\0') out += c;
  out += '\n';
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find(const std::vector<Header>& headers, std::string_view name) {
  for (const auto& [n, value] : headers)
    if (same_name(n, name)) return &value;
  return nullptr;
}

std::string_view reason_phrase(int status) {
  for (const Phrase& p : phrases)
    if (p.status == status) return p.text;
  return "";
}

std::string http_date(Instant t) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return text;
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
  auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  if (name.empty() || std::any_of(name.begin(), name.end(), breaks) ||
      name.find(':') != std::string_view::npos || std::any_of(value.begin(), value.end(), breaks))
    return;
  head.append(name).append(": ").append(value).append("\r\n");
}

void append_own(Response& response, std::string_view name, std::string_view value) {
  if (!find(response.headers, name)) response.headers.emplace_back(name, value);
}

Response plain(int status, std::string reason) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(reason) + "\n"};
}

Slice slice_of(std::string_view range, std::uint64_t file_size) {
  const Slice whole{Slice::Kind::whole, 0, file_size};
  const Slice none{Slice::Kind::unsatisfiable, 0, 0};
  constexpr std::string_view unit = "bytes=";
  if (range.size() <= unit.size() || !same_name(range.substr(0, unit.size()), unit)) return whole;
  range.remove_prefix(unit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto first = number(range.substr(0, dash)), last = number(range.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return whole;
    const std::uint64_t size = std::min(*last, file_size);
    return size == 0 ? none : Slice{Slice::Kind::part, file_size - size, size};
  }
  const bool open_ended = dash + 1 == range.size();
  if (!first || (!last && !open_ended) || (last && *last < *first)) return whole;
  if (*first >= file_size) return none;
  const std::uint64_t end = open_ended ? file_size - 1 : std::min(*last, file_size - 1);
  return {Slice::Kind::part, *first, end - *first + 1};
}

std::string event_text(std::string_view event, std::string_view data, std::string_view id) {
  std::string out;
  out.reserve(data.size() + event.size() + id.size() + 32);
  append_line(out, "id: ", id);
  append_line(out, "event: ", event);
  while (true) {
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    out.append("data: ").append(data.substr(0, end)) += '\n';
    if (end == data.size()) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out += '\n';
  return out;
}

}  // namespace internal

const std::string* Head::header(std::string_view name) const {
  return internal::find(headers, name);
}

const std::string* Head::parameter(std::string_view name) const {
  for (const auto& [n, value] : query)
    if (n == name) return &value;
  return nullptr;
}

const std::string* Answer::header(std::string_view name) const {
  return internal::find(headers, name);
}

}  // namespace muster::net::http
