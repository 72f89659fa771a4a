#include "api/internal/console_files.h"

#include <catch2/catch.hpp>

#include "api/internal/embedded.h"

namespace muster::api {
namespace {

using net::http::Head;
using net::http::Header;
using net::http::Response;

Head head(std::string path, std::vector<Header> headers = {}) {
  Head out;
  out.method = "GET";
  out.path = std::move(path);
  out.headers = std::move(headers);
  return out;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

std::string script() {  // a file of the console that exists in all three codings
  for (const MusterEmbeddedFile* file = muster_console_files; file->name; ++file)
    if (std::string_view(file->name).ends_with(".js")) return std::string("/") + file->name;
  return {};
}

}  // namespace

TEST_CASE("the console's files have types, tags, and a policy that lets nothing else in") {
  const ConsoleFiles files;
  if (files.empty()) return;  // a build without the console
  const auto page = files.find(head("/index.html"));
  REQUIRE(page);
  CHECK(header(*page, "Content-Type") == "text/html; charset=utf-8");
  CHECK(header(*page, "Cache-Control") == "no-cache");
  const auto policy = header(*page, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(header(*page, "X-Content-Type-Options") == "nosniff");
  CHECK(header(*page, "Vary") == "Accept-Encoding");
  const auto code = files.find(head(script()));
  REQUIRE(code);
  CHECK(header(*code, "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(header(*code, "Cache-Control").find("immutable") != std::string::npos);
}

TEST_CASE("the console's own routes get its page; a missing asset is missing") {
  const ConsoleFiles files;
  if (files.empty()) return;
  const auto page = files.find(head("/index.html"));
  for (const char* path : {"/", "/devices", "/devices/meter-1.js", "/login"}) {
    const auto found = files.find(head(path));
    REQUIRE(found);
    CHECK(found->shared_body == page->shared_body);
  }
  CHECK_FALSE(files.find(head("/assets/nothing.js")));
}

TEST_CASE("a coding is chosen among those that the client accepts, Brotli first") {
  const ConsoleFiles files;
  if (files.empty()) return;
  for (const auto& [accept, coding] : {std::pair("", ""),
                                       {"identity", ""},
                                       {"gzip", "gzip"},
                                       {"br", "br"},
                                       {"gzip, deflate, br", "br"},
                                       {"br;q=0, gzip", "gzip"},
                                       {"br; q=0.0", ""},
                                       {"br;q=0.1", "br"},
                                       {"vibrant, gzipped", ""},
                                       {" gzip ;q=1.0", "gzip"},
                                       {",,br,", "br"}}) {
    INFO(accept);
    const auto found = files.find(head(script(), {{"Accept-Encoding", accept}}));
    REQUIRE(found);
    CHECK(header(*found, "Content-Encoding") == coding);
    const auto plain = files.find(head(script()));
    CHECK((found->shared_body == plain->shared_body) == std::string_view(coding).empty());
  }
}

TEST_CASE("what a client has already is not sent again, coding by coding") {
  const ConsoleFiles files;
  if (files.empty()) return;
  const Header brotli{"Accept-Encoding", "br"};
  const std::string plain_tag = header(*files.find(head(script())), "ETag"),
                    tag = header(*files.find(head(script(), {brotli})), "ETag");
  CHECK(plain_tag != tag);
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const auto found = files.find(head(script(), {brotli, {"If-None-Match", known}}));
    REQUIRE(found);
    CHECK(found->status == 304);
    CHECK(header(*found, "ETag") == tag);
    CHECK_FALSE(found->shared_body);
  }
  for (const std::string& other : {plain_tag, std::string("\"x\""), std::string()})
    CHECK(files.find(head(script(), {brotli, {"If-None-Match", other}}))->status == 200);
}

}  // namespace muster::api
