// response/internal/casebook -- the open cases, one a device at most, and the steps taken in them.
//
// Keeps in memory what decides (severity, counts, held); the rest of an incident is in the store.
// Each command checks first; after its first write it cannot fail. Domain thread only.
#pragma once

#include <deque>
#include <map>
#include <unordered_map>

#include "response/internal/outbox.h"
#include "response/response.h"

namespace muster::response {

struct Case {
  IncidentId id;
  watch::Severity severity = watch::Severity::low;
  std::uint64_t findings = 0;  // all of them
  int steps = 0;
  bool held = false;  // isolation waits for a person
};

enum class Containment { none, isolated, held };

struct Response::Casebook {
  Casebook(store::Store& s, ledger::Ledger& l, inventory::Inventory& i, segment::Segment& g,
           const Clock& c, Random& r, Settings set)
      : store(s),
        ledger(l),
        inventory(i),
        segment(g),
        clock(c),
        settings(set),
        outbox(s, l, c, r, set.attempts_max) {}

  Result<void> load();
  Case* find(const DeviceId&);

  Containment contain(const inventory::Device&, watch::Severity, IncidentId,
                      const std::string& words);
  void hold(IncidentId, const DeviceId&);
  IncidentId open(Incident, Containment, const ledger::Actor&, wire::Json detail);
  void open(const inventory::Device&, const watch::Finding&);
  void join(Case&, const inventory::Device&, const watch::Finding&);
  void close(const DeviceId&, const ledger::Actor&, const std::string& how,
             const std::string& reason);
  void add_step(store::Writer&, Case&, Step);
  void tell(const char* event, const Incident&);  // event: null when only listeners are told
  void tell(const char* event, IncidentId);

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  segment::Segment& segment;
  const Clock& clock;
  const Settings settings;
  Outbox outbox;
  std::unordered_map<DeviceId, Case> cases;     // open ones
  std::map<std::uint64_t, DeviceId> device_of;  // by number of an open incident
  std::deque<Instant> isolations;               // our own, of the last hour
  std::uint64_t last_id = 0;
  std::vector<std::function<void(const Incident&)>> listeners;
};

}  // namespace muster::response
