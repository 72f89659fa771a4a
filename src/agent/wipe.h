// agent/wipe -- a device's way out: an order it believes, its data made unreadable, a statement
// signed by the key it still has, and then the end of that key (docs/formats/sanitisation.md).
//
//   none ──order──▶ ordered ──data key and data gone──▶ erased ──signed──▶ stated
//                                          ended ◀──keys gone── acknowledged ◀──┘
//
// Each phase is on the disk before what follows it begins, and each step may run again, so that
// whatever ends the agent in between, it goes on there. From `ordered` on there is no way back; an
// agent that has ended enrols nowhere again, whatever token it is given. It sends nothing itself
// and believes no order that is not signed for this very device, or that comes too late.
//
// One thread. Time is the caller's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/disk.h"
#include "agent/key_store.h"
#include "agent/trust.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"
#include "wire/sanitisation.h"

namespace muster::agent {

enum class WipePhase { none, ordered, erased, stated, acknowledged, ended };
const char* name_of(WipePhase);

struct WipeRecord {
  WipePhase phase = WipePhase::none;
  std::string order;     // its envelope
  std::string data_key;  // SHA-256 of it, hex
  wire::SignedStatement statement;
  Instant deadline;
};
std::string to_text(const WipeRecord&);
Result<WipeRecord> parse_wipe_record(std::string_view);

struct Technique {  // what a device does beside what the agent does, as its maker says
  wire::Method method = wire::Method::clear;
  std::string words;  // empty: the agent's own alone
};

class Wipe {
 public:
  static constexpr const char* record_name = "retirement.json";
  // Files that the erasure removes, beside the data key.
  static constexpr const char* outbox_name = "outbox.sealed";
  static constexpr const char* desired_name = "desired.json";

  static Result<Wipe> open(Disk&, DeviceId);
  WipePhase phase() const { return record_.phase; }
  const WipeRecord& record() const { return record_; }
  bool under_way() const { return phase() != WipePhase::none && !ended(); }
  bool ended() const { return phase() == WipePhase::ended; }

  // Unauthorized: not signed by a key it trusts; invalid: another device's, or no order; conflict:
  // its deadline is over, or another one is obeyed already.
  Result<void> obey(std::string_view envelope, const Trust&, const std::string& data_key,
                    Instant now);
  Result<void> erase();  // the data key first
  Result<void> state(const crypto::SigningKey&, const Technique&, Instant now);
  Result<void> heard();         // the controller has acknowledged it
  Result<void> end(KeyStore*);  // the identity's keys; none: they are files

 private:
  Wipe(Disk& disk, DeviceId device) : disk_(disk), device_(std::move(device)) {}
  Result<void> write(WipeRecord next);  // then it is what we are
  Disk& disk_;
  DeviceId device_;
  WipeRecord record_;
};

}  // namespace muster::agent
