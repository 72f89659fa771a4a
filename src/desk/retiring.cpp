#include "desk/retiring.h"

namespace muster::desk {

Result<link::Reply> answer(Domain& domain, const link::GetWipeOrder& ask) {
  TRY(auto order, domain.retirements.order_for(ask.device));
  return order;
}

Result<link::Reply> answer(Domain& domain, const link::Sanitised& brought) {
  TRY(auto heard, domain.retirements.take({.device = brought.device,
                                           .certificate = brought.certificate,
                                           .statement = brought.statement,
                                           .signature = brought.signature}));
  return heard;
}

Result<link::Reply> answer(Domain& domain, const link::OrderRefused& refusal) {
  domain.retirements.refused(refusal.device, refusal.why);
  return link::None{};
}

}  // namespace muster::desk
