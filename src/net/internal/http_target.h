// net/internal/http_target -- request targets (RFC 9112 section 3.2) and percent-encoding (RFC 3986
// section 2.1). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace muster::net::http::internal {

struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

// Origin form and absolute form. The path is decoded and then judged: it starts with '/', has no
// control characters and no segment "." or "..", however they were spelt.
Result<Target> parse_target(std::string_view);

Result<std::string> percent_decode(std::string_view, bool plus_is_space);

}  // namespace muster::net::http::internal
