#include "api/internal/console_files.h"

#include <algorithm>
#include <string_view>

#include "api/internal/embedded.h"
#include "crypto/hash.h"

namespace muster::api {
namespace {

using net::http::Head;
using net::http::Response;

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string type_of(std::string_view name) {
  constexpr std::pair<std::string_view, const char*> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"}};
  for (const auto& [suffix, type] : types)
    if (name.ends_with(suffix)) return type;
  return "application/octet-stream";
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The next element of a comma separated list (RFC 9110 5.6.1).
std::string_view take_element(std::string_view& list) {
  const auto element = list.substr(0, list.find(','));
  list.remove_prefix(std::min(element.size() + 1, list.size()));
  return trimmed(element);
}

// Whether Accept-Encoding names the coding, with a weight that is not zero (RFC 9110 12.5.3).
bool accepts(const Head& head, std::string_view coding) {
  const auto* header = head.header("Accept-Encoding");
  for (std::string_view list = header ? *header : std::string_view(); !list.empty();) {
    const auto element = take_element(list);
    const auto semicolon = element.find(';');
    if (trimmed(element.substr(0, semicolon)) != coding) continue;
    if (semicolon == std::string_view::npos) return true;
    const auto weight = trimmed(element.substr(semicolon + 1));
    return weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

// If-None-Match compares weakly (RFC 9110 13.1.2).
bool is_known(const Head& head, std::string_view etag) {
  const auto* header = head.header("If-None-Match");
  for (std::string_view list = header ? *header : std::string_view(); !list.empty();) {
    auto each = take_element(list);
    if (each.starts_with("W/")) each.remove_prefix(2);
    if (each == etag || each == "*") return true;
  }
  return false;
}

}  // namespace

ConsoleFiles::ConsoleFiles() {
  for (const MusterEmbeddedFile* file = muster_console_files; file->name; ++file) {
    std::string name = std::string("/") + file->name;
    auto content =
        std::make_shared<const std::string>(reinterpret_cast<const char*>(file->begin),
                                            static_cast<std::size_t>(file->end - file->begin));
    if (name.ends_with(".br")) {
      files_[name.substr(0, name.size() - 3)].brotli = std::move(content);
    } else if (name.ends_with(".gz")) {
      files_[name.substr(0, name.size() - 3)].gzip = std::move(content);
    } else {
      File& entry = files_[name];
      entry.type = type_of(name);
      entry.digest = to_hex(crypto::sha256(bytes_of(*content))).substr(0, 32);
      entry.plain = std::move(content);
    }
  }
}

std::optional<Response> ConsoleFiles::find(const Head& head) const {
  auto at = files_.find(head.path);
  const bool page = !head.path.starts_with("/assets/");  // a device's id may look like a file
  if (at == files_.end() && page) at = files_.find("/index.html");
  if (at == files_.end() || !at->second.plain) return std::nullopt;
  const File& file = at->second;
  const bool brotli = file.brotli && accepts(head, "br");
  const bool gzip = !brotli && file.gzip && accepts(head, "gzip");
  const char* coding = brotli ? "br" : gzip ? "gzip" : "";
  // A strong tag is of one representation: each coding has its own.
  const std::string etag = '"' + file.digest + (*coding ? "-" : "") + coding + '"';
  const bool hashed = head.path.starts_with("/assets/");
  Response response{
      .headers = {{"Content-Type", file.type},
                  {"ETag", etag},
                  {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                  {"Content-Security-Policy", std::string(policy)},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Vary", "Accept-Encoding"}}};
  if (is_known(head, etag)) {
    response.status = 304;
    return response;
  }
  response.shared_body = brotli ? file.brotli : gzip ? file.gzip : file.plain;
  if (*coding) response.headers.emplace_back("Content-Encoding", coding);
  return response;
}

}  // namespace muster::api
