#include "api/internal/events.h"

#include <catch2/catch.hpp>

#include "api/internal/test_door.h"

namespace muster::api {
namespace {

using internal::ann;
using internal::TestDoor;
using internal::Watcher;

void note(TestDoor& door, int count) {
  for (int n = 0; n < count; ++n)
    door.world.whole.ledger.record({.actor = ann, .action = "test.noted", .target = "test/one"});
  door.world.desk.drain();
}

std::vector<std::string> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::string> out;
  for (auto n = from; n < to; ++n) out.push_back(std::to_string(n));
  return out;
}

}  // namespace

TEST_CASE("the event stream is for who may look, and begins with the fleet as it is now") {
  TestDoor door;
  CHECK(door.call("", "GET", "/api/v1/events").status == 401);
  const auto opened = door.call(door.viewer, "GET", "/api/v1/events");
  CHECK(opened.status == 200);
  CHECK(opened.header("Content-Type") == "text/event-stream");
  const auto watcher = door.watch(door.viewer);
  REQUIRE(watcher->heard.size() == 1);
  CHECK(watcher->heard[0].name == "fleet");
  CHECK(watcher->heard[0].id.empty());
  CHECK(watcher->heard[0].data == door.get("/api/v1/fleet").text);
}

TEST_CASE("each entry is told once, in order, with its index as id and the entry as data") {
  TestDoor door;
  const auto watcher = door.watch(door.viewer);
  const auto from = door.world.whole.ledger.size();
  note(door, 3);
  note(door, 2);
  CHECK(watcher->ids() == numbers(from, from + 5));
  const auto entry = expect(door.world.whole.ledger.entry(from));
  const auto told = std::ranges::find(watcher->heard, "ledger", &Watcher::Event::name);
  CHECK(told->data == wire::to_text(ledger::to_json(entry)));
}

TEST_CASE("who resumes by Last-Event-ID gets exactly what was missed, and then what comes") {
  TestDoor door;
  note(door, 10);
  const auto size = door.world.whole.ledger.size();
  for (const std::uint64_t last : {std::uint64_t{0}, size - 4, size - 1}) {
    const auto watcher = door.watch(door.viewer, {{"Last-Event-ID", std::to_string(last)}});
    CHECK(watcher->ids() == numbers(last + 1, door.world.whole.ledger.size()));
    CHECK(watcher->count("gap") == 0);
    note(door, 2);
    CHECK(watcher->ids() == numbers(last + 1, door.world.whole.ledger.size()));
  }
}

TEST_CASE("what is decided in the turn in which a watcher joins is told once") {
  TestDoor door;
  note(door, 3);
  const auto size = door.world.whole.ledger.size();
  const auto opened = door.call(door.viewer, "GET", "/api/v1/events", "",
                                {{"Last-Event-ID", std::to_string(size - 2)}});
  const auto watcher = std::make_shared<Watcher>();
  auto noting = [](desk::Domain& domain) -> Result<bool> {
    domain.ledger.record({.actor = ann, .action = "test.noted", .target = "test/one"});
    return true;
  };
  door.world.desk.ask<bool>(noting, [](Result<bool>) {});
  opened.events(watcher);
  door.world.desk.ask<bool>(noting, [](Result<bool>) {});
  CHECK(door.world.desk.drain() == 3);
  CHECK(watcher->ids() == numbers(size - 1, size + 2));
}

TEST_CASE("who is too far behind, or ahead of this ledger, is told of the gap") {
  TestDoor door;
  note(door, 2'100);
  for (const std::string& last :
       {std::string("3"), std::to_string(door.world.whole.ledger.size() + 100),
        std::string("18446744073709551615")}) {
    const auto watcher = door.watch(door.viewer, {{"Last-Event-ID", last}});
    CHECK(watcher->count("gap") == 1);
    CHECK(watcher->ids().empty());
    const auto size = door.world.whole.ledger.size();
    note(door, 1);
    CHECK(watcher->ids() == numbers(size, size + 1));
  }
  for (const char* wrong : {"", "-1", "x", "1.5", "18446744073709551616"}) {
    const auto refused =
        door.call(door.viewer, "GET", "/api/v1/events", "", {{"Last-Event-ID", wrong}});
    CHECK(refused.status == 400);
    CHECK(refused.word("field") == "Last-Event-ID");
  }
}

TEST_CASE("presence and rollouts are told beside the ledger, a rollout as its resource") {
  TestDoor door;
  for (int n = 0; n < 2; ++n) door.world.bring("meter-" + std::to_string(n));
  const std::string release = door.world.publish("1.0.0", "firmware");
  const auto watcher = door.watch(door.viewer);
  expect(door.world.ask(link::Presence{internal::device_id("meter-0"), false}));
  CHECK(watcher->count("presence") == 1);
  const auto started = door.post(
      "/api/v1/rollouts", R"({"release":")" + release + R"(","waves":[{"share_permille":1000}]})");
  REQUIRE(started.status == 201);
  const auto told = std::ranges::find(watcher->heard, "rollout", &Watcher::Event::name);
  REQUIRE(told != watcher->heard.end());
  const auto rollout = expect(wire::parse_json(told->data));
  CHECK(*rollout.find("id")->integer() == 1);
  CHECK(rollout.find("waves")->items()->size() == 1);
  CHECK(told->id.empty());
}

TEST_CASE("the fleet is told again at a tick, when its figures have changed") {
  TestDoor door;
  const auto watcher = door.watch(door.viewer);
  door.world.bring("meter-1");
  door.world.desk.tick();
  door.world.desk.drain();
  REQUIRE(watcher->heard.back().name == "fleet");
  const auto fleet = expect(wire::parse_json(watcher->heard.back().data));
  CHECK(*fleet.find("devices")->find("online")->integer() == 1);
}

TEST_CASE("a stream ends when its client is gone, its session ends, or its operator is removed") {
  TestDoor door;
  const auto stays = door.watch(door.admin), gone = door.watch(door.viewer),
             removed = door.watch(door.oper);
  const std::string link = door.operators.new_link("vera");
  const auto session = door.call("", "POST", "/api/v1/session", R"({"link":")" + link + "\"}");
  const std::string cookie = session.header("Set-Cookie");
  const internal::Header kept{"Cookie", cookie.substr(0, cookie.find(';'))};
  const auto opened = door.call("", "GET", "/api/v1/events", "", {kept});
  auto logged_out = std::make_shared<Watcher>();
  opened.events(logged_out);
  door.world.desk.drain();
  gone->gone = true;
  note(door, 1);
  CHECK(gone.use_count() == 1);  // the channel was let go of, which ends the stream
  CHECK(removed->count("ledger") > 0);
  CHECK(door.call("", "DELETE", "/api/v1/session", "", {kept, {"Sec-Fetch-Site", "same-origin"}})
            .status == 204);
  CHECK(door.call(door.admin, "DELETE", "/api/v1/operators/olaf").status == 204);
  const auto heard = removed->heard.size(), heard_out = logged_out->heard.size();
  note(door, 1);
  CHECK(removed->heard.size() == heard);
  CHECK(logged_out->heard.size() == heard_out);
  CHECK(removed.use_count() == 1);
  CHECK(stays->ids().back() == std::to_string(door.world.whole.ledger.size() - 1));
}

}  // namespace muster::api
