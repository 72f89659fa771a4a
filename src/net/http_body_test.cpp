#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "net/http.h"
#include "net/internal/test_http_workbench.h"
#include "net/internal/test_throwaway_ca.h"

using namespace muster;
using namespace muster::net;
using namespace muster::net::http;
using namespace muster::net::http::internal;

TEST_CASE("a chunked body arrives whole, whatever pieces it came in") {
  Workbench bench;
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: no\r\n\r\n";
  CHECK(has(bench.talk(request), "POST /c hello world"));
  Wire wire(bench.loop, bench.server->port());
  for (char c : request) {
    bool later = false;
    wire.say({&c, 1});
    bench.loop.after(0ms, [&] { later = true; });
    REQUIRE(bench.until([&] { return later; }));
  }
  REQUIRE(bench.until([&] { return wire.closed; }));
  CHECK(has(wire.heard, "POST /c hello world"));
}

TEST_CASE("files are served whole and by one range") {
  Workbench bench;
  Folder folder;
  const auto path = folder.write("f", "0123456789");
  bench.service.on_serve = [&](Request, Respond r) {
    r({.headers = {{"ETag", "\"v1\""}}, .file = Response::File{path, 10}});
  };
  auto ranged = [&](std::string range) {
    return bench.talk(get("/f", "Range: " + range + "\r\nConnection: close\r\n"));
  };
  CHECK(body_of(bench.talk(get("/f"))) == "0123456789");
  CHECK(has(ranged("bytes=2-4"), "206 Partial Content"));
  CHECK(has(ranged("bytes=2-4"), "Content-Range: bytes 2-4/10\r\n"));
  CHECK(body_of(ranged("bytes=2-4")) == "234");
  CHECK(body_of(ranged("bytes=7-")) == "789");
  CHECK(body_of(ranged("bytes=-2")) == "89");
  CHECK(body_of(ranged("bytes=-200")) == "0123456789");
  CHECK(body_of(ranged("bytes=5-999")) == "56789");
  for (const char* whole : {"bytes=1-2,4-5", "bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=-"})
    CHECK(has(ranged(whole), "200 OK"));
  CHECK(has(bench.talk(get("/f", "Range: bytes=0-1\r\nIf-Range: \"v0\"\r\nConnection: close\r\n")),
            "200 OK"));
  CHECK(has(bench.talk(get("/f", "Range: bytes=0-1\r\nIf-Range: \"v1\"\r\nConnection: close\r\n")),
            "206 Partial"));
  const auto outside = ranged("bytes=10-");
  CHECK(has(outside, "416 Range Not Satisfiable"));
  CHECK(has(outside, "Content-Range: bytes */10\r\n"));
  CHECK(has(ranged("bytes=-0"), "416"));
}

TEST_CASE("a large file streams in pieces and two follow each other on one connection") {
  Workbench bench;
  Folder folder;
  std::string text(3'000'001, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  const auto path = folder.write("f", text);
  bench.service.on_serve = [&](Request, Respond r) {
    r({.file = Response::File{path, text.size()}});
  };
  const auto heard = bench.talk(get("/f", "") + get("/f"));
  CHECK(count(heard, "HTTP/1.1 200") == 2);
  CHECK(body_of(heard).starts_with(text));
  CHECK(heard.ends_with(text));
}

TEST_CASE("a file that is missing or too short is a 500 and not a cut answer") {
  Workbench bench;
  Folder folder;
  const auto path = folder.write("f", "short");
  for (const auto& file : {path, folder.path / "none"}) {
    bench.service.on_serve = [&](Request, Respond r) { r({.file = Response::File{file, 10}}); };
    CHECK(has(bench.talk(get("/f")), "500 Internal"));
  }
}

TEST_CASE("100-continue is sent once the body is admitted, and not when it is refused") {
  Workbench bench;
  bench.service.on_admit = [](const Head& head) -> std::expected<Admission, Response> {
    return Admission{.body_max = head.path == "/small" ? 2u : 100u};
  };
  const std::string headers =
      " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: "
      "close\r\n\r\n";
  Wire wire(bench.loop, bench.server->port());
  wire.say("PUT /big" + headers);
  REQUIRE(bench.until([&] { return wire.heard == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  wire.say("12345");
  REQUIRE(bench.until([&] { return wire.closed; }));
  CHECK(has(wire.heard, "PUT /big 12345"));
  CHECK(bench.talk("PUT /small" + headers).starts_with("HTTP/1.1 413"));
  CHECK(has(bench.talk("PUT / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx"),
            " 417 "));
}

TEST_CASE("a body over its limit is refused, announced or not") {
  Workbench bench;
  bench.service.on_admit = [](const Head&) -> std::expected<Admission, Response> {
    return Admission{.body_max = 4};
  };
  CHECK(has(bench.talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"), " 413 "));
  CHECK(has(bench.talk("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
            " 413 "));
  CHECK(bench.service.served == 0);
}

TEST_CASE("a body goes to a file with its hash when the service says so") {
  Workbench bench;
  Folder folder;
  bench.service.on_admit = [&](const Head&) -> std::expected<Admission, Response> {
    return Admission{.body_max = 10'000'000, .spool_to = folder.path};
  };
  std::optional<Request> seen;
  bench.service.on_serve = [&](Request request, Respond r) {
    seen = std::move(request);
    r({});
  };
  const std::string body(1'000'000, 'a');
  bench.talk("PUT /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n" +
             body);
  REQUIRE(seen);
  CHECK(seen->body.empty());
  CHECK(seen->spooled_bytes == body.size());
  CHECK(contents(seen->spooled) == body);
  CHECK(to_hex(seen->spooled_sha256) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

  seen.reset();
  std::filesystem::remove_all(folder.path / "x");
  for (const auto& e : std::filesystem::directory_iterator(folder.path))
    std::filesystem::remove(e.path());
  Wire wire(bench.loop, bench.server->port());
  wire.say("PUT /f HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nonly a part");
  REQUIRE(bench.until([&] { return !std::filesystem::is_empty(folder.path); }));
  wire.stream->close();
  CHECK(bench.until([&] { return std::filesystem::is_empty(folder.path); }));
  CHECK_FALSE(seen);
}

TEST_CASE("curl speaks HTTPS with us, certificate, upload and range") {
  using net::internal::ThrowawayCa;
  ThrowawayCa ca("fleet");
  const auto door = ca.issue("door", "DNS:localhost,IP:127.0.0.1");
  const auto meter = ca.issue("meter-1", "");
  auto tls = expect(TlsContext::server({.key_pem = door.key_pem,
                                        .chain_pem = door.certificate_pem,
                                        .anchors_pem = ca.pem(),
                                        .peer = PeerCertificate::required}));
  Workbench bench({}, &tls);
  Folder folder;
  std::optional<Request> seen;
  const auto served = folder.write("served", std::string(300'000, 's') + "tail");
  bench.service.on_admit = [](const Head&) -> std::expected<Admission, Response> {
    return Admission{.body_max = 1 << 20};
  };
  bench.service.on_serve = [&](Request request, Respond r) {
    if (request.method == "GET") return r({.file = Response::File{served, 300'004}});
    seen = std::move(request);
    r({.status = 201, .body = "thank you"});
  };
  const auto ca_file = folder.write("ca.pem", ca.pem());
  const auto identity = folder.write("meter.pem", meter.certificate_pem + meter.key_pem);
  const auto upload = folder.write("upload", std::string(200'000, 'u'));
  auto curl = [&](std::vector<std::string> more) {
    const auto out = folder.path / "out";
    std::vector<std::string> words = {
        "curl",       "-sS",
        "--fail",     "--max-time",
        "20",         "--cacert",
        ca_file,      "--cert",
        identity,     "-o",
        out.string(), "https://localhost:" + std::to_string(bench.server->port()) + "/f"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (auto& w : words) arguments.push_back(w.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execvp("curl", arguments.data());
      ::_exit(127);
    }
    int status = 0;
    bool ended = false;
    REQUIRE(bench.until(
        [&] { return ended || (ended = ::waitpid(child, &status, WNOHANG) == child); }));
    CHECK(WEXITSTATUS(status) == 0);
    return contents(out);
  };
  CHECK(curl({"-T", upload.string()}) == "thank you");
  REQUIRE(seen);
  CHECK(seen->body == std::string(200'000, 'u'));
  CHECK(seen->peer_certificate);
  CHECK(curl({}) == contents(served));
  CHECK(curl({"-r", "300000-"}) == "tail");
}
