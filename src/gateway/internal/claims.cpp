#include "gateway/internal/claims.h"

namespace muster::gateway {

link::Claims claims_of(crypto::Csr& csr) {
  link::Claims out{.other_attributes = csr.other_attributes, .authority = csr.authority};
  for (auto* names : {&csr.dns_names, &csr.uris, &csr.ip_addresses})
    for (auto& name : *names) out.names.push_back(std::move(name));
  return out;
}

}  // namespace muster::gateway
