#include "api/internal/console_files.h"

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
      entry.etag = '"' + to_hex(crypto::sha256(bytes_of(*content))).substr(0, 32) + '"';
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
  const bool hashed = head.path.starts_with("/assets/");
  Response response{
      .headers = {{"Content-Type", file.type},
                  {"ETag", file.etag},
                  {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                  {"Content-Security-Policy", std::string(policy)},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Vary", "Accept-Encoding"}}};
  if (const auto* known = head.header("If-None-Match"); known && *known == file.etag) {
    response.status = 304;
    return response;
  }
  const auto* accepts = head.header("Accept-Encoding");
  response.shared_body = file.plain;
  if (accepts && file.gzip && accepts->find("gzip") != std::string::npos) {
    response.shared_body = file.gzip;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  if (accepts && file.brotli && accepts->find("br") != std::string::npos) {
    response.shared_body = file.brotli;
    if (response.headers.back().first == "Content-Encoding") response.headers.pop_back();
    response.headers.emplace_back("Content-Encoding", "br");
  }
  return response;
}

}  // namespace muster::api
