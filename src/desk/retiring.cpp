#include "desk/retiring.h"

#include <utility>

namespace muster::desk {

Result<link::Reply> answer(Domain& domain, const link::GetWipeOrder& ask) {
  TRY(auto order, domain.retirements.order_for(ask.device));
  return order;
}

Result<link::Reply> answer(Domain& domain, link::Sanitised& brought) {
  TRY(auto heard, domain.retirements.take({.device = std::move(brought.device),
                                           .certificate = std::move(brought.certificate),
                                           .statement = std::move(brought.statement),
                                           .signature = std::move(brought.signature)}));
  return heard;
}

Result<link::Reply> answer(Domain& domain, const link::OrderRefused& refusal) {
  domain.retirements.refused(refusal.device, refusal.why);
  return link::None{};
}

}  // namespace muster::desk
