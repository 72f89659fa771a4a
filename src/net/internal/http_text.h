// net/internal/http_text -- what the server and the client write: heads, ranges, dates, events.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace muster::net::http::internal {

bool same_name(std::string_view, std::string_view);  // of headers: ASCII case aside
const std::string* find(const std::vector<Header>&, std::string_view name);
std::string_view reason_phrase(int status);
std::string http_date(Instant);  // RFC 9110 section 5.6.7

// Appends "Name: value" unless it would break the head apart.
void append_header(std::string& head, std::string_view name, std::string_view value);

// Unless the service has said so itself.
void append_own(Response&, std::string_view name, std::string_view value);

Response plain(int status, std::string reason);  // a short text for a person

// What of a file the Range header asks for (RFC 9110 section 14.2). A header that is not one range
// of bytes is as if it were not there.
struct Slice {
  enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
  std::uint64_t first = 0, size = 0;
};
Slice slice_of(std::string_view range, std::uint64_t file_size);

// One event of an event stream; line breaks in names and ids are dropped, in data they are kept.
std::string event_text(std::string_view event, std::string_view data, std::string_view id);

}  // namespace muster::net::http::internal
