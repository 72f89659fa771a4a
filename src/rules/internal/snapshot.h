// rules/internal/snapshot -- the state of all rules as octets, and back.
//
// Little endian: "muster-rules", version 1, the time, then each rule with its digest, its counts
// and its keys, of which only the parts of windows that hold events; at the end a sum (FNV-1a) of
// all before it. Every count is compared with what is left before memory is taken. Pure; any
// thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "rules/internal/running.h"

namespace muster::rules {

struct SnapshotRule {
  std::string id;
  std::uint64_t digest = 0, number = 1;
  RuleCounts counts = {};
  bool found = false;
  std::vector<std::pair<std::string, Key>> keys = {};
};

struct Snapshot {
  std::int64_t now = 0;
  std::vector<SnapshotRule> rules;
};

Bytes write_snapshot(const std::map<std::string, Running, std::less<>>&, std::int64_t now);
// The rule of this name and digest, or null: then its keys are skipped.
using FindRule = std::function<const Rule*(const std::string& id, std::uint64_t digest)>;
// corrupt when it does not read, or holds what a rule cannot have. What it takes is bounded by what
// the rules that are found may take.
Result<Snapshot> read_snapshot(ByteView, const FindRule&);
std::uint64_t sum_of(ByteView);

}  // namespace muster::rules
