// identity/live -- the certificates that open a door, by their fingerprint, and how many of them
// end when.
//
// Kept in memory, so that a handshake costs no question to the store; a certificate is in here
// while it is pending or valid. Domain thread; it reads no clock.
#pragma once

#include <cstring>
#include <string>
#include <unordered_map>

#include "identity/identity.h"
#include "identity/internal/expiries.h"

namespace muster::identity {

struct Subject {  // a device or an application: one of the two is there
  const inventory::Device* device = nullptr;
  const Application* application = nullptr;
  const std::string& id() const { return device ? device->id.text() : application->id; }
  std::string target() const { return (device ? "device/" : "application/") + id(); }
};

inline ledger::Actor actor_of(const Subject& s) {
  return {(s.device ? "device:" : "application:") + s.id(), s.device ? "device" : "application"};
}

inline std::string urn_of(const Subject& s) {  // as the signer's templates have it
  return (s.device ? "urn:muster:device:" : "urn:muster:application:") + s.id();
}

struct Live {  // a pending or valid certificate
  crypto::Serial serial{};
  CertificateStatus status = CertificateStatus::pending;
  Subject subject;
  Instant not_before, not_after;
  std::uint32_t issuer = 0;  // generation
};

class LiveCertificates {
 public:
  void reserve(std::size_t count) { all_.reserve(count); }
  Live& admit(const crypto::Hash& fingerprint, Live);
  void settle(Live&);  // pending becomes valid
  void drop(const crypto::Hash& fingerprint);

  Live* find(const crypto::Hash& fingerprint);  // null: it opens no door
  auto begin() { return all_.begin(); }         // pairs of fingerprint and certificate
  auto end() { return all_.end(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  std::size_t pending() const { return pending_; }
  const Expiries& valid() const { return valid_; }

 private:
  struct HashOfHash {  // a fingerprint is as good as random
    std::size_t operator()(const crypto::Hash& h) const {
      std::size_t out = 0;
      std::memcpy(&out, h.data(), sizeof out);
      return out;
    }
  };
  std::unordered_map<crypto::Hash, Live, HashOfHash> all_;
  Expiries valid_;  // of those that are valid
  std::size_t pending_ = 0;
};

}  // namespace muster::identity
