#include "exposure/exposure.h"

#include <catch2/catch.hpp>

#include "base/test_folder.h"
#include "exposure/test_bundle.h"

using namespace muster;
using namespace muster::exposure;
using namespace muster::exposure::testing;
using Catch::Contains;

namespace {

const Instant start = instant(1'795'000'000'000);
const std::string cve = "CVE-2026-1000";

ledger::Actor alice() {
  return {"operator:alice", "operator"};
}
DeviceId id(std::string_view text) {
  return expect(DeviceId::parse(text));
}
const ModelId meter = expect(ModelId::parse("meter"));

// Three meters, two of which run 1.0.0, with its bill, and one 1.1.0.
struct World {
  World() {
    open();
    for (const char* name : {"m-1", "m-2", "m-3"}) {
      expect(inventory->expect({.id = id(name), .model = meter}, alice()));
      expect(inventory->activate(id(name), alice()));
    }
    runs("m-1", "1.0.0");
    runs("m-2", "1.0.0");
    runs("m-3", "1.1.0");
    expect(exposure->trust_key(
        "debian", expect(crypto::PublicKey::from_pem(publisher.key.public_key().pem())), alice()));
  }
  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "muster.test/ledger")));
    inventory.emplace(expect(inventory::Inventory::open(*store, *ledger, clock)));
    exposure.emplace(expect(Exposure::open(*store, *ledger, *inventory, clock)));
  }
  void restart() {
    ledger->seal();
    store->commit();
    exposure.reset();
    inventory.reset();
    ledger.reset();
    store.reset();
    open();
  }
  void runs(const char* device, const std::string& version) {
    expect(inventory->reported(id(device), version, "", {}));
  }
  void bill_of(const std::string& version, const std::vector<std::string>& packages) {
    expect(exposure->put_bill(meter, version, bill(packages), alice()));
  }
  Result<Imported> import(const std::string& documents) {
    return exposure->import(publisher.envelope(++sequence, documents, clock.now()), documents,
                            alice());
  }
  std::vector<std::string> devices() {
    std::vector<std::string> out;
    for (const auto* device : exposure->devices(cve, "", 10).page) out.push_back(device->id.text());
    return out;
  }
  Finding finding() {
    const auto all = exposure->findings(cve);
    REQUIRE(all.size() == 1);
    return all[0];
  }
  ledger::Entry last() { return expect(ledger->entry(ledger->size() - 1)).entry; }

  TestFolder folder;
  ManualClock clock{start};
  Publisher publisher;
  std::uint64_t sequence = 0;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<inventory::Inventory> inventory;
  std::optional<Exposure> exposure;
};

const std::string openssl = osv("DSA-1", cve, "openssl", "3.0.11-1", grave);

std::string vex(const std::string& status, const std::string& purl) {
  return R"({"document":{"csaf_version":"2.0","publisher":{"name":"Acme PSIRT"},"tracking":{"id":"ACME-1",)"
         R"("current_release_date":"2026-11-18T00:00:00Z"}},"product_tree":{"full_product_names":[)"
         R"({"product_id":"A","name":"a","product_identification_helper":{"purl":")" +
         purl + R"("}}]},"vulnerabilities":[{"cve":")" + cve + R"(","product_status":{")" + status +
         R"(":["A"]},"flags":[{"label":"vulnerable_code_not_present","product_ids":["A"]}]}]})" +
         "\n";
}

}  // namespace

TEST_CASE("devices whose firmware holds a vulnerable package are found, whichever came first") {
  World w;
  const bool bill_first = GENERATE(true, false);
  if (bill_first) w.bill_of("1.0.0", {"openssl@3.0.9-1", "zlib@1.2"});
  const auto imported = expect(w.import(openssl));
  CHECK(imported.advisories == 1);
  CHECK(imported.findings == (bill_first ? 1 : 0));
  if (!bill_first) w.bill_of("1.0.0", {"openssl@3.0.9-1", "zlib@1.2"});
  w.bill_of("1.1.0", {"openssl@3.0.11-1"});
  CHECK(w.devices() == std::vector<std::string>{"m-1", "m-2"});
  const auto found = w.finding();
  CHECK(found.version == "1.0.0");
  CHECK(found.packages ==
        std::vector<std::string>{"pkg:deb/debian/openssl@3.0.9-1?distro=debian-12"});
  CHECK(found.certain);
  CHECK(found.devices == 2);
  const auto all = w.exposure->vulnerabilities();
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == cve);
  CHECK(all[0].score == 98);
  CHECK(all[0].fixed == std::vector<std::string>{"deb/debian/openssl 3.0.11-1"});
  CHECK(w.exposure->affected(cve, meter, "1.0.0"));
  CHECK_FALSE(w.exposure->affected(cve, meter, "1.1.0"));
}

TEST_CASE("who takes the mended firmware, and who leaves, is affected no more") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  w.runs("m-1", "1.1.0");
  CHECK(w.devices() == std::vector<std::string>{"m-2"});
  expect(w.inventory->quarantine(id("m-2"), alice(), "x"));
  CHECK(w.finding().devices == 1);
  CHECK(w.finding().exposed == 0);
  expect(w.inventory->retire(id("m-2"), alice(), "sold"));
  CHECK(w.devices().empty());
  CHECK_FALSE(w.finding().due);
}

TEST_CASE("a restart changes nothing") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  expect(w.exposure->except(cve, meter, "bob", "not reachable", start + 48h, alice()));
  Policy policy;
  policy.exploited = {9, 9, 9, 9};
  expect(w.exposure->set_policy(policy, alice()));
  const auto before = w.finding();
  w.clock.pass(24h);
  w.restart();
  const auto after = w.finding();
  CHECK(after.found == before.found);
  CHECK(after.state == State::excepted);
  CHECK(after.packages == before.packages);
  CHECK(w.exposure->policy() == policy);
  CHECK(w.exposure->images().at(0).components == 1);
  CHECK(w.exposure->feeds().at(0).documents == 1);
  CHECK(w.exposure->keys().size() == 1);
  ++w.sequence;
  CHECK(expect(w.import(openssl)).bundle.sequence == 3);
}

TEST_CASE("a finding is due by severity and risk, sooner once it is exploited, and then overdue") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  CHECK(w.finding().due == start + 14 * 24h);  // critical, on devices of moderate risk
  expect(w.inventory->edit(id("m-2"), {.risk = inventory::Risk::critical}, alice()));
  CHECK(w.finding().due == start + 3 * 24h);
  w.clock.pass(24h);
  expect(w.import(
      R"({"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2026-1000","dateAdded":"2026-11-18"}]})"));
  CHECK(w.finding().due == start + 24h);
  CHECK(w.exposure->overdue().empty());
  w.clock.pass(1ms);
  REQUIRE(w.exposure->overdue().size() == 1);
  CHECK(w.exposure->vulnerabilities()[0].overdue == 1);
}

TEST_CASE("the most urgent comes first: exploited, reachable, likely, grave") {
  World w;
  w.bill_of("1.0.0", {"a@1", "b@1", "c@1", "d@1"});
  w.bill_of("9.9.9", {"e@1"});
  expect(w.import(
      osv("1", "CVE-2026-0001", "a", "2", slight) + osv("2", "CVE-2026-0002", "b", "2", grave) +
      osv("3", "CVE-2026-0003", "c", "2", slight) + osv("4", "CVE-2026-0004", "d", "2", slight) +
      osv("5", "CVE-2026-0005", "e", "2", grave) +
      R"({"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2026-0001","dateAdded":"2026-11-18"}]})"
      "\n"
      R"({"data":[{"cve":"CVE-2026-0003","epss":"0.9"}]})"));
  std::vector<std::string> order;
  for (const auto& each : w.exposure->vulnerabilities()) order.push_back(each.id.substr(12));
  CHECK(order == std::vector<std::string>{"1", "3", "2", "4", "5"});
}

TEST_CASE("a statement takes a finding out of the count until it ends, an investigation does not") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  expect(w.import(vex("under_investigation", "pkg:deb/debian/openssl@3.0.9-1")));
  CHECK(w.finding().investigated);
  CHECK(w.finding().state == State::open);
  expect(w.import(vex("known_not_affected", "pkg:deb/debian/openssl@3.0.8-1")));
  CHECK(w.finding().state == State::open);  // another version
  expect(w.import(vex("known_not_affected", "pkg:deb/debian/openssl@3.0.9-1")));
  const auto found = w.finding();
  CHECK(found.state == State::not_affected);
  CHECK(found.author == "Acme PSIRT");
  CHECK(found.why == "vulnerable_code_not_present");
  CHECK(w.devices().empty());
  w.clock.pass(366 * 24h);
  CHECK(w.finding().state == State::open);
}

TEST_CASE("an exception has an owner and an end, and only its model is excepted") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  const auto made =
      expect(w.exposure->except(cve, meter, "bob", "not reachable", start + 48h, alice()));
  CHECK(w.last().action == "exception.made");
  CHECK(w.finding().state == State::excepted);
  CHECK(w.finding().author == "bob");
  w.clock.pass(48h);
  CHECK(w.finding().state == State::open);
  const auto other = expect(w.exposure->except(cve, {}, "bob", "x", start + 99h, alice()));
  CHECK(other.id == made.id + 1);
  expect(w.exposure->end_exception(other.id, alice()));
  CHECK(w.finding().state == State::open);
  CHECK_FALSE(w.exposure->except(cve, {}, "", "x", start + 99h, alice()));
  CHECK_FALSE(w.exposure->except(cve, {}, "bob", "", start + 99h, alice()));
  CHECK_FALSE(w.exposure->except(cve, {}, "bob", "x", start, alice()));
  CHECK(w.exposure->except("CVE-1999-1", {}, "bob", "x", start + 99h, alice()).error().fault ==
        Fault::missing);
  CHECK_FALSE(w.exposure->end_exception(77, alice()));
}

TEST_CASE("an advisory that is withdrawn, or says something else now, takes its findings along") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  expect(w.import(openssl));
  expect(w.import(osv("DSA-1", cve, "openssl", "3.0.9-1", grave)));
  CHECK(w.exposure->findings(cve).empty());
  expect(w.import(openssl));
  CHECK(w.exposure->findings(cve).size() == 1);
  auto withdrawn = openssl;
  withdrawn.insert(1, R"("withdrawn":"2026-11-18T00:00:00Z",)");
  expect(w.import(withdrawn));
  CHECK(w.exposure->vulnerabilities().empty());
  CHECK_FALSE(w.exposure->vulnerability(cve));
}

TEST_CASE(
    "a bundle that is not signed by its feed, was changed, or goes back is refused and told of") {
  World w;
  const auto refused = [&](const std::string& envelope, const std::string& documents,
                           const char* why) {
    const auto answer = w.exposure->import(envelope, documents, alice());
    REQUIRE_FALSE(answer);
    CHECK_THAT(answer.error().message, Contains(why));
    CHECK(w.last().action == "advisories.refused");
    CHECK(w.exposure->feeds().empty());
  };
  const auto good = w.publisher.envelope(5, openssl, start);
  refused(Publisher{}.envelope(5, openssl, start), openssl, "no key that is trusted");
  refused(Publisher{.feed = "other",
                    .key = expect(crypto::FileKey::from_pem(w.publisher.key.private_pem()))}
              .envelope(5, openssl, start),
          openssl, "no key that is trusted");
  auto forged = good;
  forged.replace(forged.find("\"sequence\":5"), 12, "\"sequence\":6");
  refused(forged, openssl, "does not verify");
  refused(good, openssl + "\n", "not those that were signed");
  expect(w.exposure->import(good, openssl, alice()));
  CHECK(w.exposure->import(good, openssl, alice()).error().fault == Fault::conflict);
  CHECK(w.last().action == "advisories.refused");
}

TEST_CASE("a bundle with a document that does not read is refused whole, by its line") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  const auto answer = w.import(openssl + "\n{\"id\":\"x\",\"modified\":\"never\"}\n");
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, Contains("line 3, at /modified"));
  CHECK(w.exposure->feeds().empty());
  CHECK(w.exposure->vulnerabilities().empty());
}

TEST_CASE("a feed that brings nothing for longer than the policy allows is stale") {
  World w;
  expect(w.import(openssl));
  CHECK_FALSE(w.exposure->feeds()[0].stale);
  w.clock.pass(7 * 24h + 1s);
  CHECK(w.exposure->feeds()[0].stale);
}

TEST_CASE("a bill of materials replaces the one before, and tells what it could not name") {
  World w;
  expect(w.import(openssl));
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  CHECK(w.exposure->findings(cve).size() == 1);
  w.bill_of("1.0.0", {"openssl@3.0.12-1", "openssl"});
  CHECK(w.exposure->findings(cve).empty());
  const auto image = w.exposure->images().at(0);
  CHECK(image.components == 2);
  CHECK(image.unnamed == 1);
  CHECK(image.devices == 2);
  CHECK(w.last().action == "sbom.imported");
  const auto refused = w.exposure->put_bill(meter, "1.0.0", "{}", alice());
  CHECK(refused.error().field == "/document");
  CHECK_FALSE(w.exposure->put_bill(expect(ModelId::parse("nobody")), "1", bill({}), alice()));
  CHECK_FALSE(w.exposure->put_bill(meter, "", bill({}), alice()));
}

TEST_CASE("pages of affected devices are in order and complete") {
  World w;
  w.bill_of("1.0.0", {"openssl@3.0.9-1"});
  w.bill_of("1.1.0", {"openssl@3.0.10-1"});
  expect(w.import(openssl));
  const auto first = w.exposure->devices(cve, "", 2);
  CHECK(first.total == 3);
  CHECK(first.next == "m-2");
  const auto second = w.exposure->devices(cve, first.next, 2);
  REQUIRE(second.page.size() == 1);
  CHECK(second.page[0]->id.text() == "m-3");
  CHECK(second.next.empty());
}

TEST_CASE("a policy with a number of days that cannot be is refused by its pointer") {
  const auto read = [](const char* text) { return read_policy(expect(wire::parse_json(text))); };
  CHECK(expect(read("{}")) == Policy{});
  CHECK(expect(read(R"({"days":{"high":{"low":12}}})")).days[3][0] == 12);
  CHECK(read(R"({"days":{"high":{"low":-1}}})").error().field == "/days/high/low");
  CHECK(read(R"({"days":{"dire":{}}})").error().field == "/days/dire");
  CHECK(read(R"({"stale_days":0})").error().field == "/stale_days");
  CHECK(expect(read_policy(to_json(Policy{}))) == Policy{});
}
