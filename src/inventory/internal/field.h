// inventory/internal/field -- what is kept in memory: the devices, the order of their ids, and the
// sums that would be too slow to count when asked.
//
// A device is never removed, so its address is good for as long as the inventory. Whoever changes
// what is summed takes the device out of the sums first and puts it back after (Sums::without). The
// domain's thread.
#pragma once

#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "inventory/inventory.h"

namespace muster::inventory {

struct Kept : Device {
  bool heard = false;                  // last_seen is newer than what is stored
  std::uint16_t firmware_changes = 0;  // in the hour that began then; not stored
  Instant firmware_hour = {};
};

struct ById {
  using is_transparent = void;
  static std::string_view key(const Kept* d) { return d->id.text(); }
  static std::string_view key(std::string_view id) { return id; }
  bool operator()(const auto& a, const auto& b) const { return key(a) < key(b); }
};

class Sums {
 public:
  void add(const Device&);
  void remove(const Device&);
  void online(bool now);
  template <class Edit>
  void without(const Device& d, Edit&& edit) {
    remove(d);
    edit();
    add(d);
  }
  const Counts& counts() const { return counts_; }
  std::vector<FirmwareCount> firmware() const;

 private:
  Counts counts_;
  std::map<std::pair<ModelId, std::string>, std::size_t> firmware_;
};

struct Inventory::Field {
  Field(store::Store& s, ledger::Ledger& l, const Clock& c) : store(s), ledger(l), clock(c) {}

  Result<void> load();
  Result<void> load_models();
  Result<void> load_devices();

  Kept* find(std::string_view id);
  Result<Kept*> get(const DeviceId&);
  Result<Kept*> living(const DeviceId&);  // conflict when it is leaving
  Kept& keep(Device, bool last);          // last: its id is above all others
  Model& ensure_model(const ModelId&, const ledger::Actor&);
  void move(Kept&, Lifecycle to, ledger::Entry);
  void tell(const Device&, Change) const;

  store::Store& store;
  ledger::Ledger& ledger;
  const Clock& clock;
  std::map<ModelId, Model> models;
  std::deque<Kept> devices;
  std::set<Kept*, ById> by_id;
  std::unordered_map<std::string_view, const Kept*> by_serial;
  Sums sums;
  std::vector<Kept*> heard;
  std::vector<std::function<void(const Device&, Change)>> listeners;
  std::vector<std::function<void(const Model&)>> model_listeners;
};

// rules.cpp: what may be said of a model or a device, whoever says it
Result<void> check_model(const Model&);
Result<void> check_text(std::string_view text, std::size_t octets_max, const char* field);
Result<std::vector<std::string>> check_groups(std::vector<std::string>);  // sorted, unique
Result<void> check_config(const wire::Json&, const char* field);          // an object or null
Result<void> check_revision(std::uint64_t now, std::optional<std::uint64_t> wanted);

// model_json.cpp
wire::Json json_of(const Model&);
Result<void> read_model(Model&, std::string_view json);
wire::Json ledger_json_of(const Model&);  // without fractions, for they are not canonical

}  // namespace muster::inventory
