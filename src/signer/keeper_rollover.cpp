// A rollover's steps: whether one may be taken, and the record of what it makes.
#include <utility>

#include "signer/keeper.h"

namespace muster::signer {
namespace {

std::unexpected<Error> out_of_turn(const Authorities& state, Step step) {
  const char* stands = state.phase == Phase::begun      ? "is begun"
                       : state.phase == Phase::switched ? "has switched"
                                                        : "is not under way";
  return fail(Fault::conflict, std::string("this rollover ") + stands + ": \"" + name_of(step) +
                                   "\" is not its next step");
}

crypto::Serial serial_of(const crypto::Certificate& certificate) {
  crypto::Serial out{};
  std::copy_n(certificate.serial.begin(), std::min(out.size(), certificate.serial.size()),
              out.begin());
  return out;
}

}  // namespace

Authorities Keeper::authorities() const {
  Authorities out = authority_.state();
  out.device_life_max = policy_.device.life_max;
  return out;
}

// A begin that was cut off between the log and the journal is the same order again: it is not held
// back by itself.
Result<void> Keeper::begin_rollover(const RolloverOrder& order) {
  const Instant now = clock_.now();
  const crypto::Hash digest = crypto::sha256(encode(order));
  if (past_.rollover && past_.rollover->order != digest) {
    const Instant next = past_.rollover->at + policy_.rollover_pause;
    if (now < next)
      return fail(Fault::exhausted, "this signer begins a rollover at most every " +
                                        show(policy_.rollover_pause) + "; the next one from " +
                                        rfc3339(next));
  }
  TRY(auto draft, authority_.draft(order, now, random_));
  std::vector<Issuance> issuances;
  for (const auto& certificate : Authority::certificates(*draft))
    issuances.push_back({.at = now,
                         .kind = Template::authority,
                         .serial = serial_of(certificate),
                         .order = digest,
                         .subject = certificate.common_name,
                         .document = certificate.der});
  TRY_VOID(log_.append(issuances));
  past_.rollover = Beginning{now, digest};
  return authority_.begin(std::move(draft));
}

Result<Authorities> Keeper::roll_over(const RolloverOrder& order) {
  if (order.id == crypto::Serial{}) return fail(Fault::invalid, "a rollover has an id", "id");
  const Authorities& state = authority_.state();
  const bool ours = order.id == state.rollover, settled = state.phase == Phase::settled;
  if (!ours && (!settled || order.step != Step::begin))
    return fail(Fault::conflict, settled ? "there is no such rollover"
                                         : "another rollover is under way; finish or abort it");
  const auto done = [&]() -> Result<void> {
    switch (order.step) {
      case Step::begin:
        if (!ours) return begin_rollover(order);
        return settled ? out_of_turn(state, order.step) : Result<void>{};
      case Step::switch_over:
        if (state.phase == Phase::begun) return authority_.switch_over();
        return settled ? out_of_turn(state, order.step) : Result<void>{};
      case Step::finish:
        if (state.phase == Phase::switched) return authority_.finish();
        return settled ? Result<void>{} : out_of_turn(state, order.step);
      case Step::abort:
        if (state.phase == Phase::begun) return authority_.abort();
        return settled ? Result<void>{} : out_of_turn(state, order.step);
    }
    return {};
  }();
  TRY_VOID(done);
  return authorities();
}

}  // namespace muster::signer
