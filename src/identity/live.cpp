// Which certificates open a door, counted as they come and go.

#include "identity/internal/live.h"

namespace muster::identity {

void Expiries::remove(Instant end) {
  const auto at = by_minute_.find(minute(end));
  --total_;
  if (--at->second == 0) by_minute_.erase(at);
}

std::size_t Expiries::before(Instant t) const {
  std::size_t sum = 0;
  for (const auto& [end, count] : by_minute_) {
    if (end >= minute(t)) break;
    sum += count;
  }
  return sum;
}

Live& LiveCertificates::admit(const crypto::Hash& fingerprint, Live certificate) {
  if (certificate.status == CertificateStatus::pending)
    ++pending_;
  else
    valid_.add(certificate.not_after);
  return all_.emplace(fingerprint, certificate).first->second;
}

void LiveCertificates::settle(Live& certificate) {
  --pending_;
  certificate.status = CertificateStatus::valid;
  valid_.add(certificate.not_after);
}

void LiveCertificates::drop(const crypto::Hash& fingerprint) {
  const auto at = all_.find(fingerprint);
  if (at == all_.end()) return;
  if (at->second.status == CertificateStatus::pending)
    --pending_;
  else
    valid_.remove(at->second.not_after);
  all_.erase(at);
}

Live* LiveCertificates::find(const crypto::Hash& fingerprint) {
  const auto at = all_.find(fingerprint);
  return at == all_.end() ? nullptr : &at->second;
}

}  // namespace muster::identity
