#include "inventory/inventory.h"

#include <catch2/catch.hpp>

#include "inventory/internal/test_world.h"

using namespace muster;
using namespace muster::inventory;
using Catch::Contains;
using wire::Json;

namespace {

void expect_device(World& w, std::string_view id, NewDevice more = {}) {
  more.id = device_id(id);
  if (more.model.text().empty()) more.model = model_id("meter");
  expect(w.inventory->expect(std::move(more), alice()));
}

void activate(World& w, std::string_view id) {
  expect(w.inventory->activate(device_id(id), ledger::device_actor(std::string(id))));
}

Error refused(const Result<void>& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

std::vector<std::string> ids(const std::vector<const Device*>& devices) {
  std::vector<std::string> out;
  for (const auto* d : devices) out.push_back(d->id.text());
  return out;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("an expected device is in the inventory and in the ledger") {
  World w;
  expect_device(w, "m-1", {.groups = {"north", "city", "north"}, .serial = "A1"});
  const auto& d = w.device("m-1");
  CHECK(d.state == Lifecycle::expected);
  CHECK(d.groups == Ids{"city", "north"});
  CHECK(d.since == test_start);
  CHECK(d.revision == 1);
  CHECK(w.last_entry().entry.action == "device.expected");
  CHECK(w.last_entry().entry.target == "device/m-1");
  CHECK(w.last_entry().entry.actor.name == "operator:alice");
  CHECK(expect(w.ledger->entry(0)).entry.action == "model.put");  // made on the way
}

TEST_CASE("an id or a serial that is taken is refused, and nothing is written") {
  World w;
  expect_device(w, "m-1", {.serial = "A1"});
  const auto before = w.entries();
  auto same_id = w.inventory->expect({.id = device_id("m-1"), .model = model_id("other")}, alice());
  CHECK(refused(same_id).fault == Fault::conflict);
  CHECK(same_id.error().field == "/id");
  auto same_serial = w.inventory->expect(
      {.id = device_id("m-2"), .model = model_id("meter"), .serial = "A1"}, alice());
  CHECK_THAT(refused(same_serial).message, Contains("belongs to device m-1"));
  CHECK(w.entries() == before);
  CHECK(w.inventory->model(model_id("other")) == nullptr);
}

TEST_CASE("what a device may not be is refused by field") {
  World w;
  const auto why = [&](NewDevice n) { return refused(w.inventory->expect(std::move(n), alice())); };
  CHECK(why({.id = {}, .model = model_id("m")}).field == "/id");
  CHECK(why({.id = device_id("x"), .model = {}}).field == "/model");
  CHECK(why({.id = device_id("x"), .model = model_id("m"), .groups = {"no spaces"}}).field ==
        "/groups");
  CHECK(why({.id = device_id("x"), .model = model_id("m"), .serial = "a\nb"}).field == "/serial");
  std::vector<std::string> many;
  for (int i = 0; i < 33; ++i) many.push_back("g" + std::to_string(i));
  CHECK_THAT(why({.id = device_id("x"), .model = model_id("m"), .groups = many}).message,
             Contains("at most 32"));
}

TEST_CASE("a device lives from expected over active and quarantined to retired") {
  World w;
  expect_device(w, "m-1");
  activate(w, "m-1");
  CHECK(w.device("m-1").state == Lifecycle::active);
  expect(w.inventory->quarantine(device_id("m-1"), alice(), "too many readings"));
  CHECK(w.device("m-1").state == Lifecycle::quarantined);
  CHECK(w.last_entry().entry.action == "device.quarantined");
  CHECK(w.last_entry().entry.reason == "too many readings");
  expect(w.inventory->release(device_id("m-1"), alice(), "patched"));
  CHECK(w.device("m-1").state == Lifecycle::active);
  expect(w.inventory->retire(device_id("m-1"), alice(), "scrapped"));
  CHECK(w.last_entry().entry.action == "device.retired");
  CHECK(w.device("m-1").revision == 5);
}

TEST_CASE("a step that the life of a device does not have is refused") {
  World w;
  expect_device(w, "m-1");
  const auto id = device_id("m-1");
  CHECK(refused(w.inventory->quarantine(id, alice(), "")).fault == Fault::conflict);
  CHECK(refused(w.inventory->release(id, alice(), "")).fault == Fault::conflict);
  activate(w, "m-1");
  CHECK(refused(w.inventory->release(id, alice(), "")).fault == Fault::conflict);
  expect(w.inventory->quarantine(id, alice(), ""));
  CHECK_THAT(refused(w.inventory->activate(id, alice())).message, Contains("release it"));
  expect(w.inventory->retire(id, alice(), ""));
  CHECK_THAT(refused(w.inventory->activate(id, alice())).message, Contains("final"));
  CHECK(refused(w.inventory->quarantine(id, alice(), "")).fault == Fault::conflict);
  CHECK(refused(w.inventory->edit(id, {.risk = Risk::low}, alice())).fault == Fault::conflict);
  CHECK(refused(w.inventory->reported(id, "1", "", {})).fault == Fault::conflict);
  CHECK(refused(w.inventory->activate(device_id("m-2"), alice())).fault == Fault::missing);
}

TEST_CASE("repeats of activate, quarantine and retire write nothing") {
  World w;
  expect_device(w, "m-1");
  const auto id = device_id("m-1");
  const auto twice = [&](auto command) {
    expect(command());
    const auto entries = w.entries();
    expect(command());
    CHECK(w.entries() == entries);
  };
  twice([&] { return w.inventory->activate(id, alice()); });
  twice([&] { return w.inventory->quarantine(id, alice(), "x"); });
  twice([&] { return w.inventory->retire(id, alice(), "x"); });
}

TEST_CASE("all of it is there again after a restart") {
  World w;
  Model meter{.id = model_id("meter"),
              .risk = Risk::high,
              .interval = 15min,
              .metrics = {{"voltage", "V", 207.5, 253.0}, {"energy", "Wh", 0.0, {}}}};
  expect(w.inventory->put_model(meter, alice()));
  expect_device(w, "m-2", {.groups = {"a", "b"}, .serial = "S2", .risk = Risk::critical});
  expect_device(w, "m-1");
  activate(w, "m-2");
  expect(
      w.inventory->edit(device_id("m-2"), {.desired = Json::object({{"interval", 30}})}, alice()));
  expect(w.inventory->reported(device_id("m-2"), "1.2.0", "r-1", Json::object({{"a", 1.5}})));
  w.clock.pass(5s);
  w.inventory->contact(device_id("m-2"), true);
  w.inventory->save_contacts();
  const Device before = w.device("m-2");
  const auto counts = w.inventory->counts();

  w.restart();
  const auto& after = w.device("m-2");
  CHECK(after.model == before.model);
  CHECK(after.state == Lifecycle::active);
  CHECK(after.risk == Risk::critical);
  CHECK(after.own_risk);
  CHECK(after.groups == before.groups);
  CHECK(after.serial == "S2");
  CHECK(after.firmware == "1.2.0");
  CHECK(after.release_id == "r-1");
  CHECK(after.desired == before.desired);
  CHECK(after.reported == before.reported);
  CHECK(after.last_seen == test_start + 5s);
  CHECK(after.since == before.since);
  CHECK(after.revision == before.revision);
  CHECK_FALSE(after.online);
  CHECK(w.device("m-1").risk == Risk::high);
  CHECK(w.inventory->counts().by_risk == counts.by_risk);
  CHECK(w.inventory->counts().by_state == counts.by_state);
  const auto* model = w.inventory->model(model_id("meter"));
  REQUIRE(model);
  CHECK(model->interval == 15min);
  REQUIRE(model->metrics.size() == 2);
  CHECK(model->metrics[0].min == 207.5);
  CHECK_FALSE(model->metrics[1].max);
  CHECK(refused(w.inventory->expect(
                    {.id = device_id("m-3"), .model = model_id("meter"), .serial = "S2"}, alice()))
            .fault == Fault::conflict);
}

TEST_CASE("a device follows the risk of its model until it has its own") {
  World w;
  expect_device(w, "m-1");
  expect_device(w, "m-2", {.risk = Risk::low});
  Model meter = *w.inventory->model(model_id("meter"));
  meter.risk = Risk::critical;
  expect(w.inventory->put_model(meter, alice()));
  CHECK(w.device("m-1").risk == Risk::critical);
  CHECK(w.device("m-2").risk == Risk::low);
  CHECK(w.inventory->counts().by_risk == std::array<std::size_t, 4>{1, 0, 0, 1});
  w.restart();
  CHECK(w.device("m-1").risk == Risk::critical);
}

TEST_CASE("a model that is put as it is stays at its revision, and a stale revision is refused") {
  World w;
  Model m{.id = model_id("meter")};
  expect(w.inventory->put_model(m, alice()));
  const auto entries = w.entries();
  expect(w.inventory->put_model(m, alice()));
  CHECK(w.entries() == entries);
  m.interval = 5s;
  CHECK_THAT(refused(w.inventory->put_model(m, alice(), 7)).message, Contains("at revision 1"));
  expect(w.inventory->put_model(m, alice(), 1));
  CHECK(w.inventory->model(m.id)->revision == 2);
}

TEST_CASE("a model that makes no sense is refused by field") {
  World w;
  const auto why = [&](Model m) { return refused(w.inventory->put_model(std::move(m), alice())); };
  const auto id = model_id("meter");
  CHECK(why({}).field == "/id");
  CHECK(why({.id = id, .interval = 10ms}).field == "/interval");
  CHECK(why({.id = id, .metrics = {{"a b", "V", {}, {}}}}).field == "/metrics/0/name");
  CHECK(why({.id = id, .metrics = {{"v", "V", 2.0, 1.0}}}).field == "/metrics/0/min");
  CHECK(why({.id = id, .metrics = {{"v", "V", {}, {}}, {"v", "A", {}, {}}}}).field ==
        "/metrics/1/name");
  CHECK(why({.id = id, .metrics = std::vector<Metric>(65, {"v", "V", {}, {}})}).field ==
        "/metrics");
}

TEST_CASE("an edit changes what it names, and a stale one is refused") {
  World w;
  expect_device(w, "m-1", {.groups = {"old"}});
  const auto id = device_id("m-1");
  std::vector<Change> told;
  w.inventory->on_change([&](const Device&, Change c) { told.push_back(c); });
  expect(w.inventory->edit(id, {.groups = Ids{"new"}, .desired = Json::object({{"key", "s3cret"}})},
                           alice(), 1));
  CHECK(w.device("m-1").groups == Ids{"new"});
  CHECK(told == std::vector{Change::updated, Change::desired_changed});
  const auto detail = wire::to_text(w.last_entry().entry.detail);
  CHECK_THAT(detail, Contains("\"desired\":[\"key\"]"));
  CHECK_THAT(detail, !Contains("s3cret"));

  const auto entries = w.entries();
  CHECK(refused(w.inventory->edit(id, {.risk = Risk::high}, alice(), 1)).fault == Fault::conflict);
  CHECK(refused(w.inventory->edit(id, {.desired = Json("text")}, alice())).field == "/desired");
  CHECK_THAT(refused(w.inventory->edit(
                         id, {.desired = Json::object({{"x", std::string(20'000, 'x')}})}, alice()))
                 .message,
             Contains("more than 16384"));
  expect(w.inventory->edit(id, {.groups = Ids{"new"}}, alice()));  // as it is
  CHECK(w.entries() == entries);
}

TEST_CASE("other firmware is a ledger entry, other settings are only stored") {
  World w;
  expect_device(w, "m-1");
  activate(w, "m-1");
  const auto id = device_id("m-1");
  expect(w.inventory->reported(id, "1.0.0", "", {}));
  CHECK(w.last_entry().entry.action == "device.firmware-changed");
  CHECK(w.last_entry().entry.actor.name == "device:m-1");
  const auto entries = w.entries();
  expect(w.inventory->reported(id, "1.0.0", "", Json::object({{"rate", 5}})));
  expect(w.inventory->reported(id, "", "", {}));
  CHECK(w.entries() == entries);
  CHECK(w.device("m-1").firmware == "1.0.0");
  w.restart();
  CHECK(w.device("m-1").reported == Json::object({{"rate", 5}}));
  CHECK(refused(w.inventory->reported(id, std::string(129, 'x'), "", {})).field == "/firmware");
  CHECK(refused(w.inventory->reported(id, "1", "", Json::array())).field == "/config");
}

TEST_CASE("where a device says that its key is, is stored without a ledger entry") {
  World w;
  expect_device(w, "m-1");
  activate(w, "m-1");
  const auto entries = w.entries();
  const auto revision = w.device("m-1").revision;
  CHECK(w.device("m-1").key_store.empty());
  expect(w.inventory->key_kept(device_id("m-1"), "pkcs11"));
  expect(w.inventory->key_kept(device_id("m-1"), "pkcs11"));
  CHECK(w.device("m-1").revision == revision + 1);
  CHECK(w.entries() == entries);
  w.restart();
  CHECK(w.device("m-1").key_store == "pkcs11");
  expect(w.inventory->key_kept(device_id("m-1"), ""));
  CHECK(w.device("m-1").key_store.empty());
}

TEST_CASE("a device that tells of other firmware again and again does not fill the ledger") {
  World w;
  expect_device(w, "m-1");
  activate(w, "m-1");
  const auto entries = w.entries();
  Result<void> last;
  for (int i = 0; i < 100; ++i)
    last = w.inventory->reported(device_id("m-1"), "1." + std::to_string(i), "", {});
  CHECK(refused(last).fault == Fault::exhausted);
  CHECK(w.entries() == entries + 30);
  w.clock.pass(1h);
  CHECK(w.inventory->reported(device_id("m-1"), "3.0", "", {}));
}

TEST_CASE("firmware is counted by model and version, of devices that have said what they run") {
  World w;
  for (const char* id : {"m-1", "m-2", "m-3", "m-4"}) {
    expect_device(w, id);
    activate(w, id);
  }
  const auto says = [&](const char* id, const char* version) {
    expect(w.inventory->reported(device_id(id), version, "", {}));
  };
  says("m-1", "1.0");
  says("m-2", "1.0");
  says("m-3", "1.0");
  says("m-2", "2.0");
  expect(w.inventory->retire(device_id("m-3"), alice(), ""));
  const auto firmware = w.inventory->firmware();
  REQUIRE(firmware.size() == 2);
  CHECK((firmware[0].firmware == "1.0" && firmware[0].count == 1));
  CHECK((firmware[1].firmware == "2.0" && firmware[1].count == 1));
}

TEST_CASE("presence is told at once and kept in memory until contacts are saved") {
  World w;
  expect_device(w, "m-1");
  int told = 0;
  w.inventory->on_change([&](const Device&, Change c) { told += c == Change::presence; });
  const auto entries = w.entries();
  w.commit();
  w.inventory->contact(device_id("m-1"), true);
  w.clock.pass(1s);
  w.inventory->contact(device_id("m-1"), true);
  w.inventory->contact(device_id("nobody"), true);
  CHECK(told == 1);
  CHECK(w.inventory->counts().online == 1);
  const auto before = w.store->changes();
  w.inventory->save_contacts();
  CHECK(w.store->changes() == before + 1);
  w.inventory->save_contacts();
  CHECK(w.store->changes() == before + 1);
  w.inventory->contact(device_id("m-1"), false);
  CHECK(told == 2);
  CHECK(w.inventory->counts().online == 0);
  CHECK(w.entries() == entries);
  w.restart();
  CHECK(w.device("m-1").last_seen == test_start + 1s);
}

TEST_CASE("a selection is in order of id and leaves retired devices out") {
  World w;
  for (const char* id : {"m-3", "m-1", "x-9", "m-2"}) expect_device(w, id);
  expect(w.inventory->retire(device_id("m-2"), alice(), ""));
  const auto selected = w.inventory->select(expect(Selector::parse("id.startsWith('m-')")));
  REQUIRE(selected.size() == 2);
  CHECK(selected[0].text() == "m-1");
  CHECK(selected[1].text() == "m-3");
}

TEST_CASE("pages go through all devices in order of id, whatever they are asked for") {
  World w;
  for (const char* id : {"m-3", "m-1", "x-9", "m-2", "M-10"}) expect_device(w, id);
  activate(w, "m-2");
  const auto all = Selector::everything();
  auto page = w.inventory->page(all, {}, "", "", 2);
  CHECK(ids(page.devices) == Ids{"M-10", "m-1"});
  CHECK(page.next == "m-1");
  CHECK(page.total == 5);
  page = w.inventory->page(all, {}, "", page.next, 2);
  CHECK(ids(page.devices) == Ids{"m-2", "m-3"});
  page = w.inventory->page(all, {}, "", page.next, 2);
  CHECK(ids(page.devices) == Ids{"x-9"});
  CHECK(page.next.empty());
  CHECK(page.total == 5);

  page = w.inventory->page(all, {}, "m-1", "", 9);
  CHECK(ids(page.devices) == Ids{"M-10", "m-1"});
  CHECK(page.total == 2);
  page = w.inventory->page(all, Lifecycle::active, "", "", 9);
  CHECK(ids(page.devices) == Ids{"m-2"});
  CHECK(page.total == 1);
  page = w.inventory->page(expect(Selector::parse("state == 'expected'")), {}, "", "m-1", 1);
  CHECK(ids(page.devices) == Ids{"m-3"});
  CHECK(page.next == "m-3");
  CHECK(page.total == 4);
  CHECK(w.inventory->page(all, {}, "", "", 0).total == 5);
}
