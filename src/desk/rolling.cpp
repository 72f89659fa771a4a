#include "desk/rolling.h"

#include "base/log.h"
#include "desk/desk.h"
#include "identity/rollover.h"
#include "wire/command.h"

namespace muster::desk {

void Rolling::step(const Domain& domain) {
  const auto order = domain.identity.rollover().order();
  if (!order || asking_) return;
  asking_ = true;
  issuer_.roll_over(*order, [this, order = *order](Result<signer::Authorities> answer) {
    if (!answer)
      log::warning("desk", "a step of the CA's rollover was not taken",
                   {{"step", name_of(order.step)}, {"why", answer.error().message}});
    desk_.ask<void>(
        [order, answer = std::move(answer)](Domain& d) -> Result<void> {
          d.identity.rollover().file(order, answer);
          return {};
        },
        [this](const Result<void>& filed) {
          asking_ = false;
          if (!filed)
            log::warning("desk", "a step of the CA's rollover was not filed; it is asked for again",
                         {{"why", filed.error().message}});
        });
  });
}

std::vector<link::Push> rollover_due(Domain& domain) {
  std::vector<link::Push> out;
  for (auto& [device, renew] : domain.identity.rollover().due())
    out.push_back(link::Tell{std::move(device), link::Channel::commands,
                             wire::to_text(renew ? wire::Command::renew : wire::Command::cacerts)});
  return out;
}

}  // namespace muster::desk
