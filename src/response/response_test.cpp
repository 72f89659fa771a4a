#include "response/response.h"

#include "response/internal/test_world.h"

namespace muster::response {

using inventory::Lifecycle;
using watch::Severity;
using Words = std::vector<std::string>;

TEST_CASE("a high finding isolates its device and opens an incident that says why") {
  World w;
  auto before = w.ledger->size();
  w.found("m-1", Severity::high);

  CHECK(w.state("m-1") == Lifecycle::quarantined);
  CHECK(w.segment->isolation(w.id("m-1"))->reason == "incident 1: voltage is far off");
  CHECK(w.actions(before) == Words{"device.quarantined", "segment.isolated", "incident.opened"});
  auto incident = w.incident_of("m-1");
  CHECK(incident.open);
  CHECK(incident.severity == Severity::high);
  CHECK(incident.reason == "voltage is far off");
  CHECK(incident.opened_at == start);
  REQUIRE(incident.findings.size() == 1);
  CHECK(incident.findings[0].value == 300.5);
  CHECK(incident.findings[0].metric == "voltage");
  CHECK(steps_of(incident) == Words{"opened", "isolated"});
  CHECK(incident.steps[0].by == "system:response");
  auto entry = expect(w.ledger->entry(w.ledger->size() - 1)).entry;
  CHECK(entry.target == "incident/1");
  CHECK(entry.reason == "voltage is far off");
}

TEST_CASE("more findings join the incident and isolate nobody twice") {
  World w;
  w.found("m-1", Severity::high);
  auto before = w.ledger->size();
  w.found("m-1", Severity::critical);
  w.found("m-1", Severity::low);
  CHECK(w.response->open_count() == 1);
  CHECK(w.actions(before) == Words{"incident.finding", "incident.finding"});
  auto incident = w.incident_of("m-1");
  CHECK(incident.severity == Severity::critical);
  CHECK(incident.findings.size() == 3);
  CHECK(steps_of(incident) == Words{"opened", "isolated", "finding", "finding"});
}

TEST_CASE("a lesser finding opens an incident and isolates nobody, until a worse one comes") {
  World w;
  w.found("m-1", Severity::moderate);
  CHECK(w.state("m-1") == Lifecycle::active);
  CHECK(steps_of(w.incident_of("m-1")) == Words{"opened"});
  w.found("m-1", Severity::high);
  CHECK(w.state("m-1") == Lifecycle::quarantined);
  CHECK(steps_of(w.incident_of("m-1")) == Words{"opened", "finding", "isolated"});
  CHECK(w.response->open_count() == 1);
}

TEST_CASE("findings about unknown, expected and retired devices change nothing") {
  World w;
  auto before = w.ledger->size();
  for (const char* device : {"nobody", "e-1", "r-1"}) w.found(device, Severity::critical);
  CHECK(w.ledger->size() == before);
  CHECK(w.response->incidents({}, 10).empty());
}

TEST_CASE("beyond the cap an incident opens and waits for a person") {
  World w{{.isolations_per_hour = 2}};
  for (const char* device : {"m-1", "m-2", "m-3"}) w.found(device, Severity::critical);
  CHECK(w.segment->isolated() == 2);
  CHECK(w.state("m-3") == Lifecycle::active);
  CHECK(steps_of(w.incident_of("m-3")) == Words{"opened", "held"});
  CHECK(expect(w.ledger->entry(w.ledger->size() - 1)).entry.action == "isolation.held");

  SECTION("and goes on waiting, whatever is found, after a restart too") {
    w.clock.pass(2h);
    w.found("m-3", Severity::critical);
    w.restart();
    w.found("m-3", Severity::critical);
    CHECK(w.state("m-3") == Lifecycle::active);
  }
  SECTION("a person isolates it under the same incident") {
    auto id = expect(w.response->isolate(w.id("m-3"), alice(), "looks bad"));
    CHECK(id == *w.response->open_incident(w.id("m-3")));
    CHECK(steps_of(w.incident_of("m-3")) == Words{"opened", "held", "isolated"});
    CHECK(w.incident_of("m-3").steps[2].by == "operator:alice");
  }
  SECTION("the count holds over a restart, and an hour later others are isolated again") {
    w.restart();
    w.found("m-4", Severity::high);
    CHECK(w.state("m-4") == Lifecycle::active);
    w.clock.pass(1h);
    w.found("m-5", Severity::high);
    CHECK(w.state("m-5") == Lifecycle::quarantined);
  }
  SECTION("what people isolate does not count") {
    w.clock.pass(1h);
    for (const char* device : {"m-5", "m-6", "m-7"})
      expect(w.response->isolate(w.id(device), alice(), "drill"));
    w.found("m-8", Severity::high);
    CHECK(w.state("m-8") == Lifecycle::quarantined);
  }
}

TEST_CASE("an operator's isolation opens an incident, and repeating it is harmless") {
  World w;
  auto id = expect(w.response->isolate(w.id("m-1"), alice(), "drill"));
  auto entries = w.ledger->size();
  CHECK(expect(w.response->isolate(w.id("m-1"), alice(), "again")) == id);
  CHECK(w.ledger->size() == entries);
  auto incident = expect(w.response->incident(id));
  CHECK(incident.reason == "drill");
  CHECK(incident.findings.empty());
  CHECK(incident.steps[1].by == "operator:alice");
}

TEST_CASE("what cannot be isolated is refused, and nothing is written") {
  World w;
  auto entries = w.ledger->size();
  auto fault = [&](const char* device, const std::string& reason) {
    auto refused = w.response->isolate(w.id(device), alice(), reason);
    REQUIRE_FALSE(refused);
    return refused.error().fault;
  };
  CHECK(fault("nobody", "x") == Fault::missing);
  CHECK(fault("e-1", "x") == Fault::conflict);
  CHECK(fault("r-1", "x") == Fault::conflict);
  CHECK(fault("m-1", "") == Fault::invalid);
  CHECK(fault("m-1", std::string(1001, 'x')) == Fault::invalid);
  CHECK(w.ledger->size() == entries);
}

TEST_CASE("a release lets the device back in and closes its incident") {
  World w;
  w.found("m-1", Severity::high);
  auto id = *w.response->open_incident(w.id("m-1"));
  w.clock.pass(5min);
  expect(w.response->release(w.id("m-1"), alice(), "patched to 1.4.2"));

  CHECK(w.state("m-1") == Lifecycle::active);
  CHECK_FALSE(w.response->open_incident(w.id("m-1")));
  auto incident = expect(w.response->incident(id));
  CHECK_FALSE(incident.open);
  CHECK(incident.closed_at == start + 5min);
  CHECK(steps_of(incident) == Words{"opened", "isolated", "released", "closed"});
  CHECK(incident.steps[2].detail == "patched to 1.4.2");
  CHECK(expect(w.ledger->entry(w.ledger->size() - 1)).entry.action == "incident.closed");
  CHECK_FALSE(w.response->release(w.id("m-1"), alice(), "again"));

  w.found("m-1", Severity::high);
  CHECK(w.state("m-1") == Lifecycle::quarantined);
  CHECK(w.response->open_incident(w.id("m-1")) != id);
}

TEST_CASE("retiring a device closes what is open about it") {
  World w;
  w.found("m-1", Severity::high);
  auto id = *w.response->open_incident(w.id("m-1"));
  expect(w.inventory->retire(w.id("m-1"), alice(), "burnt"));
  expect(w.response->retired(w.id("m-1"), alice()));
  CHECK(steps_of(expect(w.response->incident(id))) ==
        Words{"opened", "isolated", "retired", "closed"});
  auto entries = w.ledger->size();
  expect(w.response->retired(w.id("m-2"), alice()));
  CHECK(w.ledger->size() == entries);
}

TEST_CASE("an incident is closed by hand only when its device is not isolated") {
  World w;
  w.found("m-1", Severity::high);
  w.found("m-2", Severity::low);
  auto isolated = *w.response->open_incident(w.id("m-1"));
  auto lesser = *w.response->open_incident(w.id("m-2"));
  CHECK(w.response->close(isolated, alice(), "done").error().fault == Fault::conflict);
  expect(w.response->close(lesser, alice(), "meter was unplugged"));
  CHECK(expect(w.response->incident(lesser)).steps.back().detail == "meter was unplugged");
  CHECK(w.response->close(lesser, alice(), "done").error().fault == Fault::conflict);
  CHECK(w.response->close({99}, alice(), "done").error().fault == Fault::missing);
}

TEST_CASE("a storm of findings stays small in the ledger and in the incident") {
  World w;
  auto before = w.ledger->size();
  for (int i = 0; i < 1000; ++i) w.found("m-1", Severity::low);
  auto incident = w.incident_of("m-1");
  CHECK(incident.findings.size() == 50);
  CHECK(w.ledger->size() - before == 50 + 4);  // 64, 128, 256, 512
  CHECK(incident.steps.size() == 50 + 4);
  w.found("m-1", Severity::high);
  CHECK(w.state("m-1") == Lifecycle::quarantined);
}

TEST_CASE("incidents are listed newest first, by state, up to a limit") {
  World w;
  for (const char* device : {"m-1", "m-2", "m-3", "m-4"}) w.found(device, Severity::high);
  expect(w.response->release(w.id("m-2"), alice(), "fine"));
  auto ids = [](const std::vector<Incident>& list) {
    std::vector<std::uint64_t> out;
    for (const auto& each : list) out.push_back(each.id.number);
    return out;
  };
  using Ids = std::vector<std::uint64_t>;
  CHECK(ids(w.response->incidents({}, 10)) == Ids{4, 3, 2, 1});
  CHECK(ids(w.response->incidents(true, 2)) == Ids{4, 3});
  CHECK(ids(w.response->incidents(false, 10)) == Ids{2});
  CHECK(w.response->open_count() == 3);
}

TEST_CASE("whoever listens hears an incident open, change and close") {
  World w;
  Words heard;
  w.response->on_incident([&](const Incident& incident) {
    heard.push_back(std::to_string(incident.id.number) + (incident.open ? " open " : " closed ") +
                    std::to_string(incident.findings.size()));
  });
  w.found("m-1", Severity::high);
  w.found("m-1", Severity::high);
  expect(w.response->release(w.id("m-1"), alice(), "fine"));
  CHECK(heard == Words{"1 open 1", "1 open 2", "1 closed 2"});
}

TEST_CASE("everything is there again after a restart, to the last word") {
  World w;
  w.found("m-1", Severity::high);
  w.found("m-1", Severity::critical);
  w.found("m-2", Severity::low);
  w.found("m-3", Severity::high);
  expect(w.response->release(w.id("m-3"), alice(), "fine"));
  auto pictured = [&] {
    Words out;
    for (const Incident& each : w.response->incidents({}, 100)) {
      std::string text = std::to_string(each.id.number) + " " + each.device.text() +
                         (each.open ? " open " : " closed ") + name_of(each.severity) + " " +
                         rfc3339(each.opened_at) +
                         (each.closed_at ? rfc3339(*each.closed_at) : "") + " " + each.reason;
      for (const auto& f : each.findings)
        text += "|" + f.feature + f.metric + std::to_string(f.value) + std::to_string(f.low) +
                std::to_string(f.high) + name_of(f.severity) + rfc3339(f.at) + f.words;
      for (const auto& s : each.steps) text += "|" + s.step + rfc3339(s.at) + s.by + s.detail;
      out.push_back(std::move(text));
    }
    return out;
  };
  auto before = pictured();
  REQUIRE(before.size() == 3);
  w.restart();
  CHECK(pictured() == before);
  CHECK(w.response->open_count() == 2);

  w.found("m-2", Severity::high);
  CHECK(w.incident_of("m-2").findings.size() == 2);
  CHECK(w.state("m-2") == Lifecycle::quarantined);
  w.found("m-4", Severity::low);
  CHECK(w.incident_of("m-4").id.number == 4);
}

TEST_CASE("a finding with an open band or no number is kept as it came") {
  World w;
  auto f = w.finding("m-1", Severity::low);
  f.value = std::nan("");
  f.high = HUGE_VAL;
  w.response->found(f);
  auto kept = w.incident_of("m-1").findings.at(0);
  CHECK(std::isnan(kept.value));
  CHECK(kept.high == HUGE_VAL);
}

}  // namespace muster::response
