#include "signer/local.h"

#include <algorithm>

#include "signer/frame.h"

namespace muster::signer {

void LocalIssuer::issue(const Order& order, Answer<Bytes> answer) {
  answer(keeper_.issue(order));
}

void LocalIssuer::make_list(const CrlOrder& order, Answer<Bytes> answer) {
  answer(keeper_.make_list(order));
}

void LocalIssuer::since(std::uint64_t index, std::uint32_t limit,
                        Answer<std::vector<Issuance>> answer) {
  answer(keeper_.since(index, std::min<std::size_t>(limit, since_limit_max)));
}

void LocalIssuer::chain(Answer<std::vector<crypto::Certificate>> answer) {
  answer(keeper_.chain());
}

void LocalIssuer::roll_over(RolloverOrder order, Answer<Authorities> answer) {
  answer(keeper_.roll_over(order));
}

void LocalIssuer::authorities(Answer<Authorities> answer) {
  answer(keeper_.authorities());
}

}  // namespace muster::signer
