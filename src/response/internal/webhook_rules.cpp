#include "response/internal/webhook_rules.h"

#include <algorithm>
#include <charconv>

#include "crypto/hash.h"

namespace muster::response {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t url_bytes_max = 2048;
constexpr std::size_t patterns_max = 32, pattern_bytes_max = 128;

std::unexpected<Error> refused(std::string why) {
  return fail(Fault::invalid, "a webhook's address " + std::move(why), "/url");
}

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool within(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  if (!digits(text) || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value >= least && value <= most;
}

// Four plain decimal parts: no octal, no short forms, so that what we read is what is connected to.
bool loopback_v4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int parts = 0;
  for (std::string_view left = host; parts < 5; ++parts) {
    auto dot = left.find('.');
    if (!within(left.substr(0, dot), 0, 255)) return false;
    if (dot == std::string_view::npos) return parts == 3;
    left.remove_prefix(dot + 1);
  }
  return false;
}

bool host_well_formed(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 3 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
         std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

}  // namespace

Result<std::string> check_webhook_url(std::string_view url) {
  if (url.size() > url_bytes_max) return refused("has at most 2048 characters");
  if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; }))
    return refused("holds printable ASCII without spaces only; percent-encode the rest");
  bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://")) return refused("begins with https://");
  std::string_view rest = url.substr(tls ? 8 : 7);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (rest.find_first_of("#\\") != std::string_view::npos)
    return refused("has no fragment and no backslash");
  if (authority.contains('@'))
    return refused("carries no user name or password; messages are signed instead");

  auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  std::string_view host = authority.substr(0, colon);
  if (!host_well_formed(host))
    return refused("needs a host name or an address after " +
                   std::string(tls ? "https://" : "http://"));
  if (colon != std::string_view::npos && !within(authority.substr(colon + 1), 1, 65535))
    return refused("has a port from 1 to 65535, or none");
  if (!tls && host != "localhost" && host != "[::1]" && !loopback_v4(host))
    return refused(
        "uses https: plain http is for this machine only (127.0.0.0/8, [::1], localhost)");
  return std::string(tls ? "https://" : "http://") + std::string(authority);
}

Result<void> check_patterns(const std::vector<std::string>& patterns) {
  if (patterns.empty() || patterns.size() > patterns_max)
    return fail(Fault::invalid, "a webhook listens to 1 to 32 patterns of events", "/events");
  for (const std::string& pattern : patterns) {
    std::string_view text = pattern;
    if (text == "*") continue;
    if (text.ends_with(".*")) text.remove_suffix(2);
    bool words = !text.empty() && text.size() <= pattern_bytes_max &&
                 text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
                     std::string_view::npos &&
                 text.front() != '.' && text.back() != '.';
    if (!words)
      return fail(
          Fault::invalid,
          "a pattern is an event such as incident.opened, a family such as incident.*, or *",
          "/events");
  }
  return {};
}

bool matches(std::string_view pattern, std::string_view event) {
  if (pattern == "*") return true;
  if (!pattern.ends_with(".*")) return pattern == event;
  return event.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::string make_secret(ByteView random) {
  return std::string(secret_prefix) + to_base64(random);
}

Result<std::string> signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                              std::string_view body) {
  if (!secret.starts_with(secret_prefix))
    return fail(Fault::corrupt, "a webhook's secret in the store does not read");
  TRY(auto key, from_base64(secret.substr(secret_prefix.size())));
  std::string text = std::string(id) + "." + std::to_string(seconds) + "." + std::string(body);
  return "v1," + to_base64(crypto::hmac_sha256(key, bytes_of(text)));
}

}  // namespace muster::response
