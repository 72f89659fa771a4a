#include "desk/desk.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "desk/test_world.h"

namespace muster::desk {
namespace {

using testing::ann;
using testing::device_id;
using testing::model_id;
using testing::World;

Question<bool> noting(const std::string& what) {
  return [what](Domain& domain) -> Result<bool> {
    domain.ledger.record({.actor = ann, .action = "test.noted", .target = "test/" + what});
    return true;
  };
}

// Breaks the store as a full disk would: the write itself throws.
Question<bool> breaking() {
  return [](Domain& domain) -> Result<bool> {
    domain.ledger.observe().write("INSERT INTO ledger_entry(id, target, leaf) VALUES(0, '', '')");
    return true;
  };
}

struct Heard {  // what became of some questions
  Answer<bool> answer() {
    return [this](Result<bool> result) {
      if (result)
        ++done;
      else
        faults.push_back(result.error());
    };
  }
  std::size_t done = 0;
  std::vector<Error> faults;
};

rollout::Plan everywhere(const std::string& release) {
  return {.release = release,
          .selector = inventory::Selector::everything(),
          .waves = {{.share_permille = 1000}}};
}

}  // namespace

TEST_CASE("pushes come before answers, answers before events, and all of them after the commit") {
  World world;
  world.enrol("meter-1");
  std::vector<std::string> order;
  auto then = [&](const std::string& what) {
    CHECK_FALSE(world.whole.store.in_transaction());
    CHECK(world.whole.ledger.checkpoint().size == world.whole.ledger.size());
    order.push_back(what);
  };
  world.ledger_key.signing = [&] { order.push_back("seal"); };
  world.pushing = [&] { then("push"); };
  world.desk.on_news([&](const News&) { then("news"); });
  world.desk.on_state_changed([&](const inventory::Device& device) {
    CHECK(device.state == inventory::Lifecycle::quarantined);
    then("state");
  });
  world.desk.ask<bool>(
      [&](Domain& domain) -> Result<bool> {
        order.push_back("question");
        TRY_VOID(domain.response.isolate(device_id("meter-1"), ann, "behaves oddly"));
        CHECK(domain.store.in_transaction());
        return true;
      },
      [&](Result<bool> result) {
        CHECK(result);
        then("answer");
      });
  CHECK(order.empty());
  CHECK(world.desk.drain() == 1);
  CHECK(order == std::vector<std::string>{"question", "seal", "push", "answer", "news", "state"});
  auto cut = testing::only<link::CutDevice>(world.pushes);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].device == device_id("meter-1"));
}

TEST_CASE("a batch is one commit, of at most a thousand questions") {
  World world;
  Heard heard;
  const auto before = world.ledger_key.signatures;
  for (int i = 0; i < 2'500; ++i) world.desk.ask(noting("one"), heard.answer());
  CHECK(world.desk.drain() == 1'000);
  CHECK(heard.done == 1'000);
  CHECK(world.ledger_key.signatures == before + 1);
  CHECK(world.desk.drain() == 1'000);
  CHECK(world.desk.drain() == 500);
  CHECK(world.desk.drain() == 0);
  CHECK(heard.done == 2'500);
  CHECK(world.ledger_key.signatures == before + 3);
  const auto load = world.desk.load();
  CHECK(load.turns == 3);
  CHECK(load.questions == 2'500);
  CHECK(load.longest_batch == 1'000);
}

TEST_CASE("questions that only read, or that are refused, make no commit") {
  World world;
  world.enrol("meter-1");
  const auto signatures = world.ledger_key.signatures;
  const auto written = world.whole.store.changes();
  CHECK(world.ask(link::GetDesired{device_id("meter-1")}).value() == "{}");
  CHECK(world.ask(link::GetUpdate{device_id("meter-1")}).value() == "{}");
  CHECK(world.ask(link::GetDesired{device_id("meter-2")}).error().fault == Fault::missing);
  CHECK_FALSE(world.ask(link::State{device_id("meter-1"), "not JSON"}));
  CHECK(world.ledger_key.signatures == signatures);
  CHECK(world.whole.store.changes() == written);
}

TEST_CASE("a refused command leaves the rest of its batch alone") {
  World world;
  Heard heard;
  world.desk.ask(noting("before"), heard.answer());
  world.desk.ask<bool>(
      [](Domain& domain) -> Result<bool> {
        TRY_VOID(domain.inventory.retire(device_id("nobody"), ann, "gone"));
        return true;
      },
      heard.answer());
  world.desk.ask(noting("after"), heard.answer());
  world.desk.drain();
  CHECK(heard.done == 2);
  REQUIRE(heard.faults.size() == 1);
  CHECK(heard.faults[0].fault == Fault::missing);
}

TEST_CASE("when the commit fails everybody of the batch is told so, and nobody else is told") {
  World world;
  world.enrol("meter-1");
  world.pushes.clear();
  bool events = false;
  world.desk.on_news([&](const News&) { events = true; });
  const auto size = world.whole.ledger.checkpoint().size;
  Heard heard;
  world.desk.ask<bool>(
      [](Domain& domain) -> Result<bool> {
        TRY_VOID(domain.response.isolate(device_id("meter-1"), ann, "behaves oddly"));
        return true;
      },
      heard.answer());
  world.desk.ask(noting("something"), heard.answer());
  world.ledger_key.refuses = true;
  CHECK_THROWS_AS(world.desk.drain(), store::Broken);
  CHECK(heard.done == 0);
  REQUIRE(heard.faults.size() == 2);
  CHECK(heard.faults[0].fault == Fault::unavailable);
  CHECK(world.pushes.empty());
  CHECK_FALSE(events);
  CHECK_FALSE(world.whole.store.in_transaction());
  CHECK(world.whole.ledger.checkpoint().size == size);
}

TEST_CASE("who asked the question that broke the store is answered, and so are those behind it") {
  World world;
  CHECK(world.decide(noting("the first entry")));
  Heard heard;
  bool reached = false;
  world.desk.ask(noting("before"), heard.answer());
  world.desk.ask(breaking(), heard.answer());
  world.desk.ask<bool>(
      [&](Domain&) -> Result<bool> {
        reached = true;
        return true;
      },
      heard.answer());
  for (int i = 0; i < 1'500; ++i) world.desk.ask(noting("beyond this batch"), heard.answer());
  CHECK_THROWS_AS(world.desk.drain(), store::Broken);
  CHECK_FALSE(reached);
  CHECK(heard.done == 0);
  REQUIRE(heard.faults.size() == 1'503);
  for (const Error& fault : heard.faults) REQUIRE(fault.fault == Fault::unavailable);
}

TEST_CASE(
    "run() ends with an error when the store breaks, and later questions are refused at once") {
  World world;
  CHECK(world.decide(noting("the first entry")));
  Heard heard;
  world.desk.ask(breaking(), heard.answer());
  auto ended = world.desk.run();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().fault == Fault::unavailable);
  CHECK(ended.error().message.find("the store broke") != std::string::npos);
  world.desk.ask(noting("too late"), heard.answer());
  REQUIRE(heard.faults.size() == 2);
  CHECK(heard.faults[1].fault == Fault::unavailable);
}

TEST_CASE("stop() ends run() once everything that was queued is answered") {
  World world;
  Heard heard;
  for (int i = 0; i < 1'500; ++i) world.desk.ask(noting("one"), heard.answer());
  world.desk.stop();
  CHECK(world.desk.run());
  CHECK(heard.done == 1'500);
  CHECK(heard.faults.empty());
}

TEST_CASE("many threads ask at once, and each is answered once and about what it asked") {
  World world;
  constexpr int threads = 8, each = 300;
  std::atomic<int> right{0}, answered{0};
  std::thread domain([&] { CHECK(world.desk.run()); });
  {
    std::vector<std::jthread> askers;
    for (int t = 0; t < threads; ++t)
      askers.emplace_back([&, t] {
        for (int n = 0; n < each; ++n) {
          const int mine = t * each + n;
          world.desk.ask<int>(
              [mine](Domain& d) -> Result<int> {
                if (mine % 10 == 0)
                  d.ledger.record({.actor = ann, .action = "test.noted", .target = "test/many"});
                return mine;
              },
              [&, mine](Result<int> result) {
                ++answered;
                if (result && *result == mine) ++right;
              });
        }
      });
  }
  world.desk.stop();
  domain.join();
  CHECK(answered == threads * each);
  CHECK(right == threads * each);
  CHECK(world.desk.load().questions == threads * each);
  CHECK(expect(world.whole.ledger.about("test/many", 1'000)).size() == threads * each / 10);
}

TEST_CASE("news name the entries of a turn, once they are durable") {
  World world;
  std::vector<News> told;
  world.desk.on_news([&](const News& news) { told.push_back(news); });
  const auto size = world.whole.ledger.size();
  world.desk.ask<bool>(
      [](Domain& domain) -> Result<bool> {
        domain.ledger.record({.actor = ann, .action = "test.noted", .target = "test/1"});
        domain.ledger.record({.actor = ann, .action = "test.noted", .target = "test/2"});
        return true;
      },
      [](Result<bool>) {});
  CHECK(told.empty());
  world.desk.drain();
  REQUIRE(told.size() == 1);
  CHECK(told[0].ledger_from == size);
  CHECK(told[0].ledger_to == size + 2);
  CHECK(world.whole.ledger.checkpoint().size == size + 2);
}

TEST_CASE("watchers are called after each tick, even when nothing happened") {
  World world;
  std::size_t calls = 0;
  world.desk.on_news([&](const News& told) {
    ++calls;
    CHECK(told.empty());
  });
  world.desk.drain();
  CHECK(calls == 0);
  world.desk.tick();
  world.desk.drain();
  world.desk.drain();
  CHECK(calls == 1);
}

TEST_CASE("presence, desired configuration and retirement reach watchers and gates") {
  World world;
  world.enrol("meter-1");
  world.pushes.clear();
  std::vector<News::Presence> seen;
  world.desk.on_news([&](const News& news) {
    seen.insert(seen.end(), news.presence.begin(), news.presence.end());
  });
  const DeviceId id = device_id("meter-1");
  CHECK(world.ask(link::Presence{id, true}));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].device == id);
  CHECK(seen[0].online);
  expect(world.decide([&](Domain& d) {
    return d.inventory.edit(id, {.desired = wire::Json::object({{"rate", 5}})}, ann);
  }));
  auto tell = testing::only<link::Tell>(world.pushes);
  REQUIRE(tell.size() == 1);
  CHECK(tell[0].channel == link::Channel::desired);
  CHECK(tell[0].payload == R"({"rate":5})");
  expect(world.decide([&](Domain& d) { return d.inventory.retire(id, ann, "scrapped"); }));
  auto cut = testing::only<link::CutDevice>(world.pushes);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].why == "retired");
}

TEST_CASE("offers are pushed to who is here, so many a turn, and the rest in the next turns") {
  World world;
  constexpr int here = 620, away = 30;
  for (int n = 0; n < here + away; ++n) world.bring("meter-" + std::to_string(n));
  for (int n = here; n < here + away; ++n)
    world.whole.inventory.contact(device_id("meter-" + std::to_string(n)), false);
  const std::string release = world.publish("1.1.0", "firmware");
  world.pushes.clear();
  expect(world.decide([&](Domain& d) { return d.rollouts.start(everywhere(release), ann); }));
  const auto first = world.pushes.size();
  CHECK(first > 0);
  CHECK(first <= 500);
  world.desk.drain();
  world.desk.drain();
  auto told = testing::only<link::Tell>(world.pushes);
  CHECK(told.size() == here);
  for (const auto& tell : told) {
    REQUIRE(tell.channel == link::Channel::updates);
    REQUIRE(world.whole.inventory.find(tell.device)->online);
  }
  world.desk.drain();
  CHECK(world.pushes.size() == here);
}

}  // namespace muster::desk
