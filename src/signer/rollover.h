// signer/rollover -- how one CA takes another's place: what the controller may order, and where it
// stands.
//
//   settled --begin--> begun --switch_over--> switched --finish--> settled
//                        `-----abort-----> settled
//
// A rollover has an id, the controller's choice: the same step of the same rollover again is
// answered with where it stands and changes nothing, so whoever was not answered asks again. Of the
// whole (root and issuing CA) or of the issuing CA alone, below the root there is. Exact octets:
// docs/formats/issuance-log.md. Values only; any thread.
#pragma once

#include <optional>
#include <vector>

#include "crypto/certificate.h"

namespace muster::signer {

enum class Scope : std::uint8_t { whole = 1, issuing = 2 };
const char* name_of(Scope);

enum class Step : std::uint8_t { begin = 1, switch_over = 2, finish = 3, abort = 4 };
const char* name_of(Step);

struct RolloverOrder {
  crypto::Serial id{};
  Step step = Step::begin;
  Scope scope = Scope::whole;  // of begin; of the other steps it is not looked at
  bool operator==(const RolloverOrder&) const = default;
};

enum class Phase : std::uint8_t { settled = 1, begun = 2, switched = 3 };

struct Generation {  // of CA certificates; two may share a root
  crypto::Certificate issuing, root;
};

struct Authorities {
  Phase phase = Phase::settled;
  crypto::Serial rollover{};        // under way; settled: the last one, zero: there was none
  Scope scope = Scope::whole;       // of it
  Generation current;               // that issues now
  std::optional<Generation> other;  // begun: the one to come; switched: the one that was
  // Of the whole only, while it is under way: each root's name and key, under the other's
  // signature.
  std::optional<crypto::Certificate> new_with_old, old_with_new;
  Duration device_life_max{};  // what this signer's policy gives a device's certificate at most
};

inline constexpr std::size_t rollover_order_octets = 18;

Bytes encode(const RolloverOrder&);
Result<RolloverOrder> decode_rollover_order(ByteView);
Bytes encode(const Authorities&);
Result<Authorities> decode_authorities(ByteView);

}  // namespace muster::signer
