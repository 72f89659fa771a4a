#include "desk/telemetry.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <thread>

#include "desk/test_world.h"

namespace muster::desk {
namespace {

using testing::device_id;
using testing::Folder;
using testing::model_id;
using testing::morning;

struct Given {
  std::string metric;
  Instant at;
  double value = 0;
};

link::Batch batch_of(std::uint32_t slot, const std::vector<Given>& readings,
                     Instant received = morning) {
  link::Batch batch{.received = received, .messages = {}, .readings = {}, .names = {}};
  batch.messages.push_back({.slot = slot,
                            .bytes = 100,
                            .first = 0,
                            .count = static_cast<std::uint32_t>(readings.size())});
  for (const Given& each : readings) {
    batch.readings.push_back({static_cast<std::uint32_t>(batch.names.size()),
                              static_cast<std::uint16_t>(each.metric.size()), millis(each.at),
                              each.value});
    batch.names += each.metric;
  }
  return batch;
}

struct Lanes {  // a Telemetry in a folder that outlives it
  explicit Lanes(TelemetrySettings s = {}) : settings(std::move(s)) { open(); }

  void open() {
    telemetry = expect(
        Telemetry::open(folder.path, settings, clock, [this](std::vector<watch::Finding> news) {
          std::lock_guard lock(mutex);
          findings.insert(findings.end(), news.begin(), news.end());
        }));
  }
  std::uint32_t slot(const std::string& device) {
    return telemetry->slot(device_id(device), model_id("meter"));
  }
  Result<void> keep(const std::string& device, const std::vector<Given>& readings) {
    const auto at = slot(device);
    std::promise<Result<void>> kept;
    telemetry->take(at % telemetry->lanes(), batch_of(at, readings, clock.now()),
                    [&](Result<void> done, link::Batch) { kept.set_value(std::move(done)); });
    return kept.get_future().get();
  }
  std::vector<MetricNow> metrics(const std::string& device) {
    std::promise<std::vector<MetricNow>> found;
    telemetry->metrics(device_id(device),
                       [&](std::vector<MetricNow> now) { found.set_value(std::move(now)); });
    return found.get_future().get();
  }
  Result<History> history(const std::string& device, const std::string& metric, Instant from,
                          Instant to, std::size_t points) {
    std::promise<Result<History>> found;
    telemetry->history(device_id(device), metric, from, to, points,
                       [&](Result<History> history) { found.set_value(std::move(history)); });
    return found.get_future().get();
  }
  // Asking a lane something means that all before it is done; its findings come after that turn.
  std::vector<watch::Finding> take_findings(const std::string& device) {
    metrics(device);
    metrics(device);
    std::lock_guard lock(mutex);
    return std::exchange(findings, {});
  }

  Folder folder;
  ManualClock clock{morning};
  TelemetrySettings settings;
  std::mutex mutex;
  std::vector<watch::Finding> findings;
  std::unique_ptr<Telemetry> telemetry;
};

std::vector<Given> numbered(int from, int to) {
  std::vector<Given> out;
  for (int n = from; n < to; ++n) out.push_back({"m" + std::to_string(n), morning, double(n)});
  return out;
}

}  // namespace

TEST_CASE("a batch is in the log before it is acknowledged") {
  Lanes lanes;
  Folder copy;
  const auto slot = lanes.slot("meter-1");
  std::promise<void> kept;
  lanes.telemetry->take(0, batch_of(slot, {{"power", morning, 230}}),
                        [&](Result<void> done, link::Batch) {
                          CHECK(done);
                          std::filesystem::copy(lanes.folder.path / "lane-0", copy.path / "lane-0",
                                                std::filesystem::copy_options::recursive);
                          kept.set_value();
                        });
  kept.get_future().get();
  auto series = expect(series::Series::open(copy.path / "lane-0"));
  const auto last = expect(series.latest(series.key("meter-1", "power")));
  REQUIRE(last);
  CHECK(last->value == 230);
}

TEST_CASE("what was kept is there after a restart, in the same lanes") {
  Lanes lanes{{.lanes = 4}};
  for (int n = 0; n < 20; ++n)
    REQUIRE(lanes.keep("meter-" + std::to_string(n), {{"power", morning, double(n)}}));
  lanes.telemetry.reset();
  lanes.settings.lanes = 9;
  lanes.open();
  CHECK(lanes.telemetry->lanes() == 4);
  for (int n = 0; n < 20; ++n) {
    const auto now = lanes.metrics("meter-" + std::to_string(n));
    REQUIRE(now.size() == 1);
    CHECK(now[0].name == "power");
    CHECK(now[0].last.value == n);
  }
}

TEST_CASE("a device has one slot, in the lane of its name; devices spread over the lanes") {
  Lanes lanes{{.lanes = 4}};
  std::set<std::uint32_t> slots, used;
  for (int n = 0; n < 200; ++n) {
    const auto slot = lanes.slot("meter-" + std::to_string(n));
    CHECK(lanes.slot("meter-" + std::to_string(n)) == slot);
    slots.insert(slot);
    used.insert(slot % 4);
  }
  CHECK(slots.size() == 200);
  CHECK(used.size() == 4);
  CHECK(Lanes{{.lanes = 1'000}}.telemetry->lanes() == 64);
  CHECK(Lanes{{.lanes = 0}}.telemetry->lanes() == 1);
}

TEST_CASE("a full lane refuses a batch and gives it back; what it took is kept") {
  Lanes lanes{{.queue_max = 1}};
  const auto slot = lanes.slot("meter-1");
  std::promise<void> begun, go_on, last;
  std::atomic<int> kept{0};
  lanes.telemetry->take(0, batch_of(slot, {{"m", morning, 1}}), [&](Result<void>, link::Batch) {
    begun.set_value();
    go_on.get_future().get();
    ++kept;
  });
  begun.get_future().get();  // the lane is busy with the first from here on
  lanes.telemetry->take(0, batch_of(slot, {{"m", morning + 1s, 2}}),
                        [&](Result<void> done, link::Batch) {
                          CHECK(done);
                          ++kept;
                          last.set_value();
                        });
  bool refused = false;
  lanes.telemetry->take(0, batch_of(slot, {{"m", morning + 2s, 3}}),
                        [&](Result<void> done, link::Batch batch) {
                          REQUIRE_FALSE(done);
                          CHECK(done.error().fault == Fault::exhausted);
                          CHECK(batch.readings.size() == 1);
                          CHECK(batch.names == "m");
                          refused = true;
                        });
  CHECK(refused);
  go_on.set_value();
  last.get_future().get();
  CHECK(kept == 2);
  const auto history = expect(lanes.history("meter-1", "m", morning, morning + 1min, 1));
  REQUIRE(history.buckets.size() == 1);
  CHECK(history.buckets[0].count == 2);
  CHECK(history.buckets[0].max == 2);
  const auto totals = lanes.telemetry->totals();
  CHECK(totals.batches == 2);
  CHECK(totals.rejected == 1);
  CHECK(totals.readings == 2);
}

TEST_CASE("what was taken is kept when telemetry stops") {
  Lanes lanes;
  const auto slot = lanes.slot("meter-1");
  std::atomic<int> kept{0};
  for (int n = 0; n < 100; ++n)
    lanes.telemetry->take(0, batch_of(slot, {{"m", morning + n * 1s, 1}}),
                          [&](Result<void> done, link::Batch) { kept += done ? 1 : 0; });
  lanes.telemetry.reset();
  CHECK(kept == 100);
  lanes.open();
  const auto history = expect(lanes.history("meter-1", "m", morning, morning + 100s, 1));
  CHECK(history.buckets.at(0).count == 100);
}

TEST_CASE("the 65th metric of a device is left out, before and after a restart") {
  Lanes lanes;
  REQUIRE(lanes.keep("meter-1", numbered(0, 65)));
  CHECK(lanes.metrics("meter-1").size() == 64);
  CHECK(lanes.telemetry->totals().readings == 64);
  lanes.telemetry.reset();
  lanes.open();
  REQUIRE(lanes.keep("meter-1", numbered(60, 80)));
  CHECK(lanes.metrics("meter-1").size() == 64);
  CHECK(lanes.telemetry->totals().readings == 4);
  REQUIRE(lanes.keep("meter-2", numbered(60, 80)));
  CHECK(lanes.metrics("meter-2").size() == 20);
}

TEST_CASE("history answers in at most as many buckets as asked for, and knows its metrics") {
  Lanes lanes;
  std::vector<Given> readings;
  for (int n = 0; n < 1'000; ++n) readings.push_back({"power", morning + n * 1s, double(n)});
  REQUIRE(lanes.keep("meter-1", readings));
  for (std::size_t points : {1, 7, 100, 999, 5'000}) {
    const auto history =
        expect(lanes.history("meter-1", "power", morning, morning + 1'000s, points));
    CHECK(history.buckets.size() <= points);
    std::size_t count = 0;
    for (const auto& bucket : history.buckets) count += bucket.count;
    CHECK(count == 1'000);
  }
  const auto part = expect(lanes.history("meter-1", "power", morning + 10s, morning + 20s, 1));
  REQUIRE(part.buckets.size() == 1);
  CHECK(part.buckets[0].min == 10);
  CHECK(part.buckets[0].max == 19);
  CHECK(lanes.history("meter-1", "voltage", morning, morning + 1s, 1).error().fault ==
        Fault::missing);
  CHECK(lanes.history("meter-2", "power", morning, morning + 1s, 1).error().fault ==
        Fault::missing);
  CHECK(lanes.metrics("meter-2").empty());
}

TEST_CASE("findings reach who opened telemetry, rest, and start anew when a device is forgotten") {
  Lanes lanes;
  lanes.telemetry->profile({.id = model_id("meter"),
                            .interval = 60s,
                            .metrics = {{.name = "power", .min = 0, .max = 100}}});
  auto strange = [&] {
    for (int n = 0; n < 3; ++n) {
      lanes.clock.pass(60s);
      REQUIRE(lanes.keep("meter-1", {{"power", lanes.clock.now(), 500}}));
    }
    return lanes.take_findings("meter-1");
  };
  const auto found = strange();
  REQUIRE(found.size() == 1);
  CHECK(found[0].device == device_id("meter-1"));
  CHECK(found[0].feature == "value-range");
  CHECK(found[0].metric == "power");
  CHECK(found[0].value == 500);
  CHECK(lanes.telemetry->totals().findings == 1);
  CHECK(strange().empty());
  lanes.telemetry->forget(device_id("meter-1"));
  CHECK(strange().size() == 1);
  lanes.telemetry->forget(device_id("nobody"));
}

TEST_CASE("a metric is watched whether it is kept or not, and from when its model declares it") {
  Lanes lanes;
  const auto name = GENERATE(std::string("m64"), std::string("m20"));  // not kept; not taught
  const auto strange = [&] {
    for (int n = 0; n < 3; ++n) {
      lanes.clock.pass(60s);
      REQUIRE(lanes.keep("meter-1", numbered(0, 65)));
    }
    return lanes.take_findings("meter-1");
  };
  CHECK(strange().empty());
  lanes.telemetry->profile(
      {.id = model_id("meter"), .interval = 60s, .metrics = {{.name = name, .min = 0, .max = 10}}});
  const auto found = strange();
  REQUIRE(found.size() == 1);
  CHECK(found[0].metric == name);
}

TEST_CASE("what a device measured before it was let back in is kept and not judged again") {
  Lanes lanes;
  lanes.telemetry->profile({.id = model_id("meter"),
                            .interval = 60s,
                            .metrics = {{.name = "power", .min = 0.0, .max = 100.0}}});
  const auto strange = [&](Instant from) {
    for (int n = 0; n < 3; ++n) REQUIRE(lanes.keep("meter-1", {{"power", from + n * 1s, 500}}));
    return lanes.take_findings("meter-1").size();
  };
  if (GENERATE(true, false)) lanes.slot("meter-1");  // or it has had no session since the start
  const Instant before = lanes.clock.now() - 60s;
  lanes.telemetry->forget(device_id("meter-1"));
  lanes.clock.pass(5s);
  CHECK(strange(before) == 0);
  CHECK(lanes.metrics("meter-1").at(0).last.value == 500);
  SECTION("what it measures from then on is") {
    CHECK(strange(lanes.clock.now()) == 1);
  }
  SECTION("a clock that is behind hides nothing for long") {
    lanes.clock.pass(2h);
    CHECK(strange(before) == 1);
  }
}

TEST_CASE("refused topics count towards a finding and hold no readings") {
  Lanes lanes;
  const auto slot = lanes.slot("meter-1");
  for (int n = 0; n < 20; ++n) {
    auto batch = batch_of(slot, {}, lanes.clock.now());
    batch.messages[0].refused = true;
    std::promise<void> kept;
    lanes.telemetry->take(0, std::move(batch),
                          [&](Result<void>, link::Batch) { kept.set_value(); });
    kept.get_future().get();
    lanes.clock.pass(1s);
  }
  const auto found = lanes.take_findings("meter-1");
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].feature == "topic-refusals");
  CHECK(lanes.telemetry->totals().refused == 20);
  CHECK(lanes.telemetry->totals().readings == 0);
}

TEST_CASE("readings older than the retention are dropped when telemetry looks after its folder") {
  Lanes lanes{{.retention = 24h}};
  std::vector<Given> old;
  for (int n = 0; n < 240; ++n) old.push_back({"power", morning - 48h + n * 1s, 1});
  REQUIRE(lanes.keep("meter-1", old));
  lanes.telemetry.reset();  // chunks are written
  lanes.clock.pass(2h);
  lanes.open();
  lanes.metrics("meter-1");
  lanes.metrics("meter-1");
  const auto history = expect(lanes.history("meter-1", "power", morning - 72h, morning, 1));
  CHECK(history.buckets.empty());
}

TEST_CASE("many threads hand over batches and ask at once") {
  Lanes lanes{{.lanes = 3, .sync = 0ms}};
  constexpr int threads = 4, batches = 50;
  std::atomic<int> kept{0};
  {
    std::vector<std::jthread> gateways;
    for (int t = 0; t < threads; ++t)
      gateways.emplace_back([&, t] {
        const std::string device = "meter-" + std::to_string(t);
        const auto slot = lanes.slot(device);
        lanes.telemetry->connected(slot, true);
        for (int n = 0; n < batches; ++n) {
          lanes.telemetry->take(slot % 3, batch_of(slot, {{"m", morning + n * 1s, 1}}),
                                [&](Result<void> done, link::Batch) { kept += done ? 1 : 0; });
          lanes.telemetry->metrics(device_id(device), [](std::vector<MetricNow>) {});
          lanes.telemetry->profile({.id = model_id("meter"), .interval = 60s, .metrics = {}});
        }
      });
  }
  lanes.telemetry.reset();
  CHECK(kept == threads * batches);
}

}  // namespace muster::desk
