// rollout/plan -- what an operator asks for: which release, for whom, in what waves, when and how
// fast, what is needed first, and what makes it stop.
//
// Waves, in order. By share: so much of all targets, earlier waves included. By count: so many
// more. By selector: those of the targets it matches that no earlier wave has, such as a staging
// ring. The last wave has share 1000: everybody else. With a gate one more follows by itself, the
// control: targets drawn by lot that wait until all others have it.
//
// A device's site is the first of its groups that begins with `sites`. Windows open and close by
// the local time of their zone, a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3"; a device
// follows the first window that is for it, and one that no window is for is not restricted.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "inventory/selector.h"
#include "rollout/gate.h"
#include "wire/json.h"

namespace muster::rollout {

struct Plan;
using RolloutId = Id<Plan>;

struct Wave {
  int share_permille =
      1000;  // of the targets, earlier waves included; rises strictly, ends at 1000
  int tolerance_permille = 100;  // of this wave's targets; more failures than this halt the rollout
  Duration soak = 30s;           // how long the wave stays healthy before the next one opens
  std::size_t count = 0;         // instead of a share: so many more targets
  std::optional<inventory::Selector> selector = {};  // instead: the targets it matches
  bool control = false;  // made by start() for a gate: who waits until the end
  bool by_share() const { return count == 0 && !selector; }
};

struct Window {
  std::uint8_t days = 0x7f;  // on which it opens; bit 0 is Monday
  int from_minute = 0;       // of the local day, 0 to 1439
  int to_minute = 0;         // up to it; not later than from: of the next day
  std::string zone = "UTC0";
  std::optional<inventory::Selector> where = {};  // none: for every device
};

struct Limits {  // 0: none. Of first offers, and of devices between offer and outcome
  int per_minute = 0, at_once = 0;
  int site_per_minute = 0, site_at_once = 0;
  std::string sites = {};  // "site:"
};

struct WayBack {
  std::vector<int> shares{1000};  // permille of who goes back, rising, ends at 1000
  int per_minute = 0;             // 0: no limit
};

struct Needs {
  std::string minimum = {};  // version of the firmware that runs now, at least
  std::vector<std::pair<std::string, std::string>> versions = {};  // reported member, at least
  std::vector<std::string> hardware = {};  // the reported member "hardware" is one of these
  bool empty() const { return minimum.empty() && versions.empty() && hardware.empty(); }
};

struct Plan {
  std::string release;  // Release::id
  inventory::Selector
      selector;              // evaluated once, at the start; devices of the release's model only
  std::vector<Wave> waves;   // 1 to 32
  Duration deadline = 300s;  // from offer to outcome, 1 s to 30 days; after it the device is silent
  bool quarantined = false;  // also devices in quarantine: this is a patch for them
  std::optional<Gate> gate = {};  // none: each wave's tolerance alone decides
  Limits limits = {};
  std::vector<Window> windows = {};  // at most 32
  Needs needs = {};
  std::vector<std::string> spread =
      {};  // each wave has its share of each value of these: firmware,
           // release, risk, site, groups, or a reported member
  WayBack way_back = {};
  bool follow = false;                     // who comes to match while it lasts joins the last wave
  bool emergency = false;                  // takes its targets from ordinary rollouts
  std::optional<RolloutId> retry_of = {};  // only those that failed or were silent in that one
  std::optional<std::uint64_t> seed = {};  // of the draw; none: drawn at the start
};

Result<void> check_plan(const Plan&);

// The members that a stored plan and a request have in common: all but release, selector, waves,
// deadline and quarantined.
void write_terms(wire::Json& object, const Plan&);
Result<void> read_terms(wire::ObjectReader&, Plan&);  // call the reader's done() afterwards

std::string digest_of(const Plan&);  // SHA-256 of its canonical form, hex: what is approved

}  // namespace muster::rollout
