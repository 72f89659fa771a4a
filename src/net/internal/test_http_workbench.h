// net/internal/test_http_workbench -- what this module's HTTP tests stand on: a server with one
// Service, and a client that speaks in plain text so that every byte on the wire is the test's own.
// The test's thread.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "net/http.h"
#include "net/test_until.h"

namespace muster::net::http::internal {

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
inline std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}
inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}
inline std::string get(std::string_view target, std::string_view more = "Connection: close\r\n") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

struct Folder {  // temporary
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "net-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return path / name;
  }
  std::filesystem::path path;
};

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Scripted final : Service {
  std::expected<Admission, Response> admit(const Head& head) override {
    if (on_admit) return on_admit(head);
    return Admission{};
  }
  void serve(Request request, Respond respond) override {
    ++served;
    on_serve(std::move(request), std::move(respond));
  }
  std::function<std::expected<Admission, Response>(const Head&)> on_admit;
  std::function<void(Request, Respond)> on_serve = [](Request request, Respond respond) {
    respond({.body = request.method + " " + request.path + " " + request.body});
  };
  int served = 0;
};

// Says what it is told, keeps what it hears.
struct Wire final : Stream::Events {
  Wire(Loop& l, std::uint16_t port)
      : loop(l), stream(std::make_unique<Stream>(l, *this, "127.0.0.1", port, nullptr)) {}
  std::size_t on_bytes(ByteView bytes) override {
    heard += text_of(bytes);
    return bytes.size();
  }
  void on_close(const Error&) override {
    closed = true;
    stream.reset();
  }
  void say(std::string_view text) {
    if (stream) stream->write(text);
  }
  Loop& loop;
  std::unique_ptr<Stream> stream;
  std::string heard;
  bool closed = false;
};

struct Workbench {
  explicit Workbench(ServerLimits limits = {}, TlsContext* tls = nullptr)
      : server(expect(Server::open(loop, "127.0.0.1", 0, tls, service, limits))) {}

  // False when it has not happened in 20 s.
  bool until(const std::function<bool()>& done) { return net::until(loop, done); }
  // Says it on a new connection and returns all that comes until the server closes.
  std::string talk(std::string_view text) {
    Wire wire(loop, server->port());
    wire.say(text);
    return until([&] { return wire.closed; }) ? wire.heard : "(the server did not close)";
  }

  Loop loop;
  Scripted service;
  std::unique_ptr<Server> server;
};

}  // namespace muster::net::http::internal
