#include "net/internal/http_target.h"

#include <algorithm>
#include <charconv>

#include "net/http.h"
#include "net/internal/endpoint.h"

namespace muster::net::http {
namespace internal {
namespace {

constexpr std::size_t parameters_max = 64;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Result<void> judge_path(std::string_view path) {
  if (path.empty() || path[0] != '/') return fail(Fault::invalid, "the path must start with /");
  if (std::any_of(path.begin(), path.end(), is_control))
    return fail(Fault::invalid, "the path holds a control character");
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const auto segment = path.substr(at + 1, end - at - 1);
    if (segment == "." || segment == "..")
      return fail(Fault::invalid, "the path holds a segment . or ..");
    at = end;
  }
  return {};
}

Result<void> parse_query(std::string_view text, Target& into) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (into.query.size() == parameters_max)
      return fail(Fault::invalid, "there are more than 64 parameters in the query");
    const std::size_t equals = std::min(pair.find('='), pair.size());
    TRY(auto name, percent_decode(pair.substr(0, equals), true));
    TRY(auto value, percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    into.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
      const int low = high >= 0 ? digit(text[i + 2]) : -1;
      if (low < 0) return fail(Fault::invalid, "the target holds a % without two hex digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return fail(Fault::invalid, "the target holds a NUL");
    out += c;
  }
  return out;
}

Result<Target> parse_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  if (!text.starts_with('/')) {  // absolute form: the authority is ours whatever it says
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos)
      return fail(Fault::invalid, "the target must be a path that starts with /");
    const std::size_t path = text.find('/', scheme + 3);
    text = path == std::string_view::npos ? std::string_view("/") : text.substr(path);
  }
  const std::size_t mark = std::min(text.find('?'), text.size());
  Target target;
  TRY(target.path, percent_decode(text.substr(0, mark), false));
  TRY_VOID(judge_path(target.path));
  if (mark < text.size()) TRY_VOID(parse_query(text.substr(mark + 1), target));
  return target;
}

}  // namespace internal

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  auto bad = [](const char* why) { return fail(Fault::invalid, why, "url"); };
  if (rest.starts_with("https://"))
    url.tls = true, rest.remove_prefix(8);
  else if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else
    return bad("must start with https:// or http://");
  for (char c : rest)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#' || c == '\\')
      return bad("holds a space, a control character, a fragment or a backslash");
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return bad("must not hold a user or password");

  const bool bracketed = authority.starts_with('[');
  const std::size_t close = bracketed ? authority.find(']') : std::string_view::npos;
  if (bracketed && close == std::string_view::npos) return bad("has a [ without ] around its host");
  const std::size_t colon = authority.find(':', bracketed ? close : 0);
  const auto host = authority.substr(0, std::min(colon, authority.size()));
  url.host = bracketed ? std::string(authority.substr(1, close - 1)) : std::string(host);
  if (bracketed && (host.size() != close + 1 || !net::internal::numeric_endpoint(url.host, 0)))
    return bad("has no IPv6 address between its brackets");
  if (url.host.empty() || url.host.size() > 253) return bad("has no host, or one that is too long");
  url.port = url.tls ? 443 : 80;
  if (colon == std::string_view::npos) return url;
  const auto port = authority.substr(colon + 1);
  const auto [stop, ec] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (ec != std::errc() || stop != port.data() + port.size() || url.port == 0)
    return bad("has a port that is not a number from 1 to 65535");
  return url;
}

}  // namespace muster::net::http
