#include <fstream>

#include "response/internal/test_world.h"
#include "wire/json.h"

namespace muster::response {

using watch::Severity;
using Words = std::vector<std::string>;

namespace {

const std::string receiver = "https://hooks.example/T00/secret-path";

std::string header(const Notification& n, std::string_view name) {
  for (const auto& [key, value] : n.headers)
    if (key == name) return *value.text();
  return {};
}

// What `openssl dgst` makes of it: another implementation than ours.
std::string hmac_by_command_line(const Folder& folder, const std::string& secret,
                                 const std::string& text) {
  auto file = folder.path / "signed";
  std::ofstream(file, std::ios::binary) << text;
  auto key = to_hex(expect(from_base64(secret.substr(6))));
  std::string command = "openssl dgst -sha256 -mac HMAC -macopt hexkey:" + key + " -binary '" +
                        file.string() + "' | openssl base64 -A";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  char out[128] = {};
  auto size = std::fread(out, 1, sizeof out, pipe);
  REQUIRE(::pclose(pipe) == 0);
  return {out, size};
}

}  // namespace

TEST_CASE("an incident is told to who listens, in a signed body that others can verify") {
  World w;
  auto webhook = expect(w.response->add_webhook(receiver, {"incident.*"}, alice()));
  w.found("m-1", Severity::high);
  auto due = w.response->due(10);
  REQUIRE(due.size() == 1);
  const Notification& n = due[0];
  CHECK(n.event == "incident.opened");
  CHECK(n.url == receiver);
  CHECK(header(n, "webhook-id") == "msg_1");
  CHECK(header(n, "webhook-timestamp") == std::to_string(millis(start) / 1000));
  auto text = header(n, "webhook-id") + "." + header(n, "webhook-timestamp") + "." + n.body;
  CHECK(header(n, "webhook-signature") ==
        "v1," + hmac_by_command_line(w.folder, webhook.secret, text));

  auto body = expect(wire::parse_json(n.body));
  CHECK(*body.find("type")->text() == "incident.opened");
  CHECK(*body.find("timestamp")->text() == rfc3339(start));
  CHECK(*body.find("data")->find("device")->text() == "m-1");
  CHECK(*body.find("data")->find("isolated")->boolean());
  CHECK(body.find("data")->find("findings")->items()->size() == 1);
}

TEST_CASE("a secret is told once, and is in no list and no ledger") {
  World w;
  auto webhook = expect(w.response->add_webhook(receiver, {"*"}, alice()));
  CHECK(webhook.secret.starts_with("whsec_"));
  CHECK(expect(from_base64(webhook.secret.substr(6))).size() == 32);
  auto another = expect(w.response->add_webhook(receiver, {"*"}, alice()));
  CHECK(another.secret != webhook.secret);
  for (const Webhook& listed : w.response->webhooks()) CHECK(listed.secret.empty());
  for (std::uint64_t i = 0; i < w.ledger->size(); ++i) {
    auto leaf = expect(w.ledger->leaf(i));
    CHECK(leaf.find("whsec_") == std::string::npos);
    CHECK(leaf.find("secret-path") == std::string::npos);
  }
  CHECK(expect(w.ledger->leaf(w.ledger->size() - 1)).find("https://hooks.example") !=
        std::string::npos);
}

TEST_CASE("only https leaves this machine") {
  World w;
  auto url = GENERATE("https://example.com", "https://example.com:8443/a?b=c", "https://10.0.0.1/x",
                      "https://[2001:db8::1]/x", "http://127.0.0.1:9000/x", "http://127.255.0.3/",
                      "http://[::1]:80/", "http://localhost:1/x", "http://localhost?x");
  INFO(url);
  CHECK(w.response->add_webhook(url, {"*"}, alice()));
}

TEST_CASE("any other address is refused with a reason") {
  World w;
  auto entries = w.ledger->size();
  auto url = GENERATE(
      "", "example.com", "ftp://example.com/", "HTTPS//x", "http://example.com/",
      "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://127.1/",
      "http://0177.0.0.1/", "http://127.0.0.256/", "http://127.0.0.01/", "http://128.0.0.1/",
      "http://127.0.0.1@example.com/", "https://user:pass@example.com/", "https:///x",
      "https://example.com:0/", "https://example.com:70000/", "https://example.com:/",
      "https://exam ple.com/", "https://example.com/\r\nx: y", "https://example.com/#x",
      "http://127.0.0.1\\@example.com/", "https://[::1/", "https://ex\u00e4mple.com/",
      "http://[::ffff:10.0.0.1]/", "http://127.0.0.1.:80/");
  INFO(url);
  auto refused = w.response->add_webhook(url, {"*"}, alice());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::invalid);
  CHECK(refused.error().message.size() > 20);
  CHECK(w.ledger->size() == entries);
}

TEST_CASE("a pattern means one event, a family or all") {
  World w;
  expect(w.response->add_webhook(receiver, {"incident.closed", "rollout.*"}, alice()));
  auto heard = [&](const std::string& event) {
    w.response->notify(event, wire::Json::object());
    auto due = w.response->due(10);
    for (const auto& n : due) w.response->delivered(n.id);
    return !due.empty();
  };
  CHECK(heard("incident.closed"));
  CHECK_FALSE(heard("incident.opened"));
  CHECK(heard("rollout.halted"));
  CHECK(heard("rollout.wave.opened"));
  CHECK_FALSE(heard("rollouts.halted"));
  CHECK_FALSE(heard("rollout"));
  for (const char* bad : {"", "a b", "*.opened", "incident*", ".x", "Incident.*", "**"})
    CHECK_FALSE(w.response->add_webhook(receiver, {bad}, alice()));
  CHECK_FALSE(w.response->add_webhook(receiver, {}, alice()));
}

TEST_CASE("a notification is handed out once at a time, and again after it failed") {
  World w;
  auto id = expect(w.response->add_webhook(receiver, {"*"}, alice())).id;
  w.response->notify("test.sent", wire::Json::object({{"n", 1}}));
  auto first = w.response->due(10);
  REQUIRE(first.size() == 1);
  CHECK(w.response->due(10).empty());

  w.response->failed(first[0].id, "the receiver answered 503", {});
  CHECK(w.response->due(10).empty());
  w.clock.pass(5s);
  auto second = w.response->due(10);
  REQUIRE(second.size() == 1);
  CHECK(header(second[0], "webhook-id") == header(first[0], "webhook-id"));
  CHECK(header(second[0], "webhook-timestamp") != header(first[0], "webhook-timestamp"));
  CHECK(second[0].body == first[0].body);

  w.clock.pass(1s);
  w.response->delivered(second[0].id);
  w.response->delivered(second[0].id);
  w.response->failed(second[0].id, "late", {});
  w.clock.pass(24h);
  CHECK(w.response->due(10).empty());
  auto log = w.response->deliveries(id, 10);
  REQUIRE(log.size() == 1);
  CHECK(log[0].state == "delivered");
  CHECK(log[0].attempts == 2);
  CHECK(log[0].last_error == "the receiver answered 503");
  CHECK(log[0].created == start);
  CHECK(log[0].delivered_at == start + 6s);
}

TEST_CASE("pauses double, honour the receiver's wish, and end in a dead letter") {
  World w{{.attempts_max = 5}};
  auto id = expect(w.response->add_webhook(receiver, {"*"}, alice())).id;
  w.response->notify("test.sent", {});
  auto fail_and_wait = [&](Duration pause, std::optional<Duration> wish) {
    auto due = w.response->due(10);
    REQUIRE(due.size() == 1);
    w.response->failed(due[0].id, "down", wish);
    w.clock.pass(pause - 1ms);
    CHECK(w.response->due(10).empty());
    w.clock.pass(1ms);
  };
  fail_and_wait(5s, {});
  fail_and_wait(10s, 1s);
  fail_and_wait(2min, 2min);
  fail_and_wait(6h, 100h);
  CHECK(w.response->deliveries(id, 10)[0].state == "waiting");
  auto last = w.response->due(10);
  REQUIRE(last.size() == 1);
  w.response->failed(last[0].id, "still down", {});
  w.clock.pass(24h);
  CHECK(w.response->due(10).empty());
  auto log = w.response->deliveries(id, 10);
  CHECK(log[0].state == "dead");
  CHECK(log[0].attempts == 5);
  auto entry = expect(w.ledger->entry(w.ledger->size() - 1)).entry;
  CHECK(entry.action == "notification.dead");
  CHECK(entry.target == "webhook/1");
  CHECK(entry.reason == "still down");
}

TEST_CASE("what was being tried at a restart is due again under the same id") {
  World w;
  auto webhook = expect(w.response->add_webhook(receiver, {"*"}, alice()));
  w.response->notify("test.sent", {});
  w.response->notify("test.sent", {});
  auto before = w.response->due(10);
  REQUIRE(before.size() == 2);
  w.response->delivered(before[0].id);
  w.restart();
  auto after = w.response->due(10);
  REQUIRE(after.size() == 1);
  CHECK(header(after[0], "webhook-signature") == header(before[1], "webhook-signature"));
  REQUIRE(w.response->webhooks().size() == 1);
  CHECK(w.response->webhooks()[0].url == receiver);
  CHECK(w.response->webhooks()[0].events == Words{"*"});
  w.response->notify("test.sent", {});
  CHECK(w.response->due(10).at(0).id == 3);
}

TEST_CASE("a removed webhook hears nothing more, and its number is not given again") {
  World w;
  auto id = expect(w.response->add_webhook(receiver, {"*"}, alice())).id;
  w.response->notify("test.sent", {});
  auto due = w.response->due(10);
  expect(w.response->remove_webhook(id, alice()));
  CHECK(w.response->remove_webhook(id, alice()).error().fault == Fault::missing);
  w.response->failed(due[0].id, "late", {});
  w.clock.pass(24h);
  CHECK(w.response->due(10).empty());
  CHECK(w.response->deliveries(id, 10).empty());
  w.restart();
  CHECK(expect(w.response->add_webhook(receiver, {"*"}, alice())).id.number == 2);
}

TEST_CASE("opened, escalated and closed are told; what changes nothing is not") {
  World w;
  expect(w.response->add_webhook(receiver, {"incident.*"}, alice()));
  w.found("m-1", Severity::low);
  w.found("m-1", Severity::low);
  w.found("m-1", Severity::high);
  expect(w.response->release(w.id("m-1"), alice(), "fine"));
  Words events;
  for (const auto& n : w.response->due(10)) events.push_back(n.event);
  CHECK(events == Words{"incident.opened", "incident.escalated", "incident.closed"});
}

TEST_CASE("a body stays below 20 kB, whatever it speaks of") {
  World w;
  expect(w.response->add_webhook(receiver, {"*"}, alice()));
  for (int i = 0; i < 60; ++i)
    w.response->found(w.finding("m-1", Severity::low, std::string(800, 'x') + "\u00e4"));
  w.found("m-1", Severity::critical);
  w.response->notify("test.sent", std::string(50'000, 'x'));
  auto due = w.response->due(10);
  REQUIRE(due.size() == 3);
  for (const auto& n : due) {
    CHECK(n.body.size() < 20'000);
    CHECK(wire::parse_json(n.body));
  }
  CHECK(due[1].body.size() > 5'000);
}

TEST_CASE("finished notifications are kept up to the newest thousand") {
  World w;
  auto id = expect(w.response->add_webhook(receiver, {"*"}, alice())).id;
  for (int i = 0; i < 1'200; ++i) {
    w.response->notify("test.sent", {});
    w.response->delivered(w.response->due(1).at(0).id);
  }
  auto kept = w.response->deliveries(id, 10'000);
  CHECK(kept.size() >= 1'000);
  CHECK(kept.size() < 1'100);
  CHECK(kept[0].id == 1'200);
}

}  // namespace muster::response
