// api/internal/test_door -- the operator door without a socket: a request goes in, the domain
// takes its turn, and the response comes out. The test's thread.
#pragma once

#include <future>
#include <string>
#include <vector>

#include "api/internal/door.h"
#include "desk/follow.h"
#include "desk/test_world.h"

namespace muster::api::internal {

using desk::testing::ann;
using desk::testing::device_id;
using desk::testing::model_id;
using net::http::Header;
using net::http::Response;
using wire::Json;

struct Answered {
  int status = 0;
  std::string text;
  Json json = {};  // null when the text is not JSON
  std::vector<Header> headers;
  std::function<void(std::shared_ptr<net::http::EventChannel>)> events;

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
  // The member at a path such as "device.id" or "items.0.name"; null when there is none.
  Json at(std::string_view path) const {
    const Json* value = &json;
    while (value && !path.empty()) {
      const auto key = path.substr(0, path.find('.'));
      path.remove_prefix(std::min(key.size() + 1, path.size()));
      if (const auto* items = value->items()) {
        const auto index = std::stoul(std::string(key));
        value = index < items->size() ? &(*items)[index] : nullptr;
      } else {
        value = value->find(key);
      }
    }
    return value ? *value : Json();
  }
  std::string word(std::string_view path) const {
    const Json found = at(path);
    return found.text() ? *found.text() : std::string();
  }
  std::int64_t number(std::string_view path) const {
    const Json found = at(path);
    return found.integer() ? *found.integer() : -1;
  }
};

class Watcher final : public net::http::EventChannel {  // one event stream's other end
 public:
  struct Event {
    std::string name, data, id;
  };
  bool send(std::string_view event, std::string_view data, std::string_view id) override {
    if (gone) return false;
    heard.push_back({std::string(event), std::string(data), std::string(id)});
    return true;
  }
  bool open() const override { return !gone; }
  std::vector<std::string> ids() const {  // of the ledger's events
    std::vector<std::string> out;
    for (const Event& each : heard)
      if (each.name == "ledger") out.push_back(each.id);
    return out;
  }
  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count(heard, name, &Event::name));
  }
  std::vector<Event> heard;
  bool gone = false;
};

struct TestDoor {
  explicit TestDoor(Settings s = {}) : settings(std::move(s)) {
    desk::follow(world.whole.domain, world.desk, *telemetry);
    service.set_public_url("https://muster.test:8443");
    admin = expect(operators.add("ann", Role::admin, ann));
    oper = expect(operators.add("olaf", Role::operator_, ann));
    viewer = expect(operators.add("vera", Role::viewer, ann));
    service.set_token_roles(operators.token_roles());
    world.desk.drain();
  }

  // A request as a client would write it: "/api/v1/devices?limit=3".
  static net::http::Request request(std::string method, const std::string& target,
                                    std::string body = {}, std::vector<Header> headers = {}) {
    net::http::Request out;
    out.method = std::move(method);
    const auto mark = target.find('?');
    out.path = target.substr(0, mark);
    for (std::string_view rest = mark == std::string::npos
                                     ? std::string_view()
                                     : std::string_view(target).substr(mark + 1);
         !rest.empty();) {
      const auto each = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(each.size() + 1, rest.size()));
      const auto equals = each.find('=');
      out.query.emplace_back(each.substr(0, equals), each.substr(equals + 1));
    }
    out.headers = std::move(headers);
    out.body = std::move(body);
    out.content_length = out.body.size();
    out.peer_address = "198.51.100.7:4000";
    return out;
  }

  Answered serve(net::http::Request request) {
    std::promise<Response> promise;
    auto answer = promise.get_future();
    service.serve(std::move(request),
                  [&](Response response) { promise.set_value(std::move(response)); });
    while (world.desk.drain() > 0) {
    }
    Response response = answer.get();  // what telemetry answers comes from its thread
    Answered out{.status = response.status,
                 .text = response.shared_body ? *response.shared_body : response.body,
                 .headers = response.headers,
                 .events = response.events};
    if (auto json = wire::parse_json(out.text, {.bytes = 64 << 20})) out.json = std::move(*json);
    return out;
  }
  Answered call(const std::string& token, const std::string& method, const std::string& target,
                const std::string& body = {}, std::vector<Header> headers = {}) {
    if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
    return serve(request(method, target, body, std::move(headers)));
  }
  Answered get(const std::string& target) { return call(admin, "GET", target); }
  Answered post(const std::string& target, const std::string& body = {},
                std::vector<Header> headers = {}) {
    return call(admin, "POST", target, body, std::move(headers));
  }

  // An artifact, as it arrives: the body went to a file before the service is asked.
  Answered upload(const std::string& token, const std::string& content,
                  std::vector<Header> headers = {}) {
    auto upload = request("POST", "/api/v1/artifacts", {}, std::move(headers));
    upload.headers.emplace_back("Authorization", "Bearer " + token);
    upload.spooled = world.whole.releases.spool() / "upload-test";
    std::FILE* file = std::fopen(upload.spooled.c_str(), "wb");
    std::fwrite(content.data(), 1, content.size(), file);
    std::fclose(file);
    upload.spooled_bytes = content.size();
    const auto digest = crypto::sha256(bytes_of(content));
    upload.spooled_sha256 = Bytes(digest.begin(), digest.end());
    return serve(std::move(upload));
  }
  static Header content_digest(const std::string& content) {
    return {"Content-Digest", "sha-256=:" + to_base64(crypto::sha256(bytes_of(content))) + ":"};
  }

  std::shared_ptr<Watcher> watch(const std::string& token, std::vector<Header> headers = {}) {
    auto opened = call(token, "GET", "/api/v1/events", {}, std::move(headers));
    auto watcher = std::make_shared<Watcher>();
    if (!opened.events) return nullptr;
    opened.events(watcher);
    while (world.desk.drain() > 0) {
    }
    return watcher;
  }

  desk::testing::World world;
  desk::testing::Folder readings;
  Settings settings;
  std::unique_ptr<desk::Telemetry> telemetry = expect(
      desk::Telemetry::open(readings.path, {}, world.clock, [](std::vector<watch::Finding>) {}));
  Operators operators =
      expect(Operators::open(world.whole.store, world.whole.ledger, world.clock, world.random));
  Service service{settings,
                  world.desk,
                  *telemetry,
                  operators,
                  expect(Repeats::open(world.whole.store, world.whole.ledger, world.clock)),
                  world.clock,
                  world.whole.releases.spool(),
                  [] { return std::string("muster_gateway_sessions 3\n"); }};
  std::string admin, oper, viewer;  // tokens
};

}  // namespace muster::api::internal
