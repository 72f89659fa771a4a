// actions/book -- each device's actions and secrets in memory, as the tables have them, and how
// they are written. The domain's thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "actions/actions.h"
#include "crypto/hash.h"

namespace muster::actions {

struct Kept : Device {
  crypto::Hash token{};  // SHA-256 of the target token
};

struct Session {
  crypto::Hash token{}, certificate{};
  Instant until;
};

struct Actions::Book {
  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  release::Releases& releases;
  rollout::Rollouts& rollouts;
  const Clock& clock;
  Random& random;

  std::unordered_map<DeviceId, Kept> devices = {};
  std::unordered_map<DeviceId, Session> sessions = {};  // forgotten with the process
  std::map<std::string, Digests> digests = {};
  std::set<std::string> wanted = {};  // digests

  // the tables (tables.cpp)
  Result<void> load();
  void write(store::Writer&, const DeviceId&, const Kept&) const;

  Kept& meet(const DeviceId&, Client);  // who it came with, and when it was here
  bool is_wanted(const DeviceId&, const Action&) const;
  Now describe(const DeviceId&, const Kept&) const;
  void begin(const DeviceId&, Kept&, bool needs_digests);
  void end(const DeviceId&, Kept&, Stage, std::string_view words);
  void tell_outcome(const DeviceId&, const Action&, std::string_view words);
};

}  // namespace muster::actions
