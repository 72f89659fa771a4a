// agent/faults -- what goes wrong on a simulated device; a real one has none. Values only; any
// thread.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/update.h"

namespace muster::agent {

enum class Misbehaviour { none, flood, out_of_range, foreign_topic };

inline Result<Misbehaviour> parse_misbehaviour(std::string_view text) {
  if (text == "flood") return Misbehaviour::flood;
  if (text == "out-of-range") return Misbehaviour::out_of_range;
  if (text == "foreign-topic") return Misbehaviour::foreign_topic;
  return fail(Fault::invalid, "must be flood, out-of-range or foreign-topic");
}

struct Faults {
  std::vector<std::string> failing_versions = {};  // their health check fails
  Misbehaviour misbehaviour = Misbehaviour::none;
  std::string cured_by = {};  // from this version on it behaves; empty: only when healed
  bool silent = false;        // connected, but says nothing and takes no offer

  bool fails(std::string_view version) const {
    return std::ranges::find(failing_versions, version) != failing_versions.end();
  }
  Misbehaviour of(std::string_view firmware) const {
    const bool comparable = wire::is_version(cured_by) && wire::is_version(firmware);
    if (comparable && wire::compare_versions(firmware, cured_by) >= 0) return Misbehaviour::none;
    return misbehaviour;
  }
};

}  // namespace muster::agent
