// identity/internal/registry -- what is kept in memory: the certificates that open a door, by their
// fingerprint, and the applications. All else is asked of the store.
//
// Status numbers in the store are those of CertificateStatus.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "identity/attestation.h"
#include "identity/identity.h"
#include "identity/internal/refusals.h"

namespace muster::identity {

struct Subject {  // a device or an application: one of the two is there
  const inventory::Device* device = nullptr;
  const Application* application = nullptr;
  const std::string& id() const { return device ? device->id.text() : application->id; }
  std::string target() const { return (device ? "device/" : "application/") + id(); }
};

struct Live {  // a pending or valid certificate
  crypto::Serial serial{};
  CertificateStatus status = CertificateStatus::pending;
  Subject subject;
  Instant not_before, not_after;
};

struct HashOfHash {  // a fingerprint is as good as random
  std::size_t operator()(const crypto::Hash& h) const {
    std::size_t out = 0;
    std::memcpy(&out, h.data(), sizeof out);
    return out;
  }
};

// How many certificates end when, to the minute.
class Expiries {
 public:
  void add(Instant end) {
    ++by_minute_[minute(end)];
    ++total_;
  }
  void remove(Instant end);
  std::size_t before(Instant) const;
  std::size_t all() const { return total_; }

 private:
  static std::int64_t minute(Instant t) { return millis(t) / 60'000; }
  std::map<std::int64_t, std::size_t> by_minute_;
  std::size_t total_ = 0;
};

struct Asked {  // what enrol and renew have in common
  const Bytes& spki;
  const crypto::Hash& csr_digest;
  const std::string& claimed_name;
  const std::string& from;
};

struct Refusal {
  std::string cause;
  std::string target;  // empty: nobody we know
  std::string from;
  const char* action = "enrolment.refused";
};

struct Identity::Registry {
  Registry(store::Store& s, ledger::Ledger& l, inventory::Inventory& i,
           std::vector<crypto::Certificate> issuers, const Clock& c, Random& r, Settings x)
      : store(s),
        ledger(l),
        inventory(i),
        chain(std::move(issuers)),
        clock(c),
        random(r),
        settings(x) {}

  // registry.cpp
  Result<void> load();
  std::optional<Subject> find(const std::string& id) const;
  store::Writer& note(const Refusal&);  // into the ledger, unless too many were of late
  std::unexpected<Error> refuse(const Refusal&, Fault, std::string told);
  Live& admit(const crypto::Hash& fingerprint, Live);
  void settle(Live&);  // pending becomes valid
  void drop(const crypto::Hash& fingerprint);
  void cut(const crypto::Serial&) const;

  // onboarding.cpp
  Result<void> may_expect(const inventory::NewDevice&) const;
  Token make_token();
  void store_token(store::Writer&, const std::string& subject, const crypto::Hash&,
                   Instant expires) const;
  Token give_token(const Subject&, const ledger::Actor&);
  Result<std::string> signer_of(ByteView manifest, ByteView signature) const;

  // enrolment.cpp
  struct Proof {
    Subject subject;
    std::optional<Bytes> answered;  // this very request has its answer already
  };
  Result<Proof> prove_by_token(const EnrolRequest&);
  Result<Proof> prove_by_certificate(const RenewRequest&);
  Result<void> check_state(const Subject&, const Asked&, bool renewal);
  Result<void> check_key(const Subject&, const Asked&, bool renewal);
  std::optional<Bytes> answer_to(const Subject&, const crypto::Hash& csr_digest) const;

  // issuing.cpp
  Result<Commission> commission(const Subject&, const Asked&, const char* proof,
                                const crypto::Hash& evidence);
  Result<Subject> check_again(const Commission&);
  void file(const Subject&, const Commission&, ByteView der);
  void withdraw(const std::string& subject, const crypto::Serial&, ByteView der, Instant not_before,
                Instant not_after, const std::string& why);
  crypto::Serial new_serial();

  // certificates.cpp
  void confirm(Live&);  // its owner has it: pending becomes valid, the others are superseded
  void supersede_all_but(const crypto::Serial&, const Subject&, bool pending_only);
  void revoke_all(const Subject&, crypto::RevocationReason, const ledger::Actor&,
                  const std::string& why);
  std::unexpected<Error> refuse_certificate(const crypto::Hash& fingerprint, bool record,
                                            const std::string& from);
  std::vector<crypto::Revoked> revoked_since(Instant) const;
  void tidy();

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  std::vector<crypto::Certificate> chain;
  const Clock& clock;
  Random& random;
  Settings settings;

  std::unordered_map<crypto::Hash, Live, HashOfHash> live;
  Expiries valid;  // of the live ones, those that are valid
  std::size_t pending = 0, revoked = 0;
  std::map<std::string, Application> applications;
  std::map<std::string, Commission> making;  // by subject: at the signer now
  std::uint64_t reconciled = 0;              // of the signer's log
  std::vector<std::pair<std::string, crypto::PublicKey>> manifest_keys;
  RefusalMeter refusals;
  std::vector<std::function<void(const std::string&)>> listeners;
  Attestation attestation{*this};
};

inline std::string actor_id(const Subject& s) {
  return (s.device ? "device:" : "application:") + s.id();
}

inline std::int64_t number_of(CertificateStatus status) {
  return static_cast<std::int64_t>(status);
}

template <std::size_t N>
std::array<std::uint8_t, N> octets(ByteView from) {
  std::array<std::uint8_t, N> out{};
  std::memcpy(out.data(), from.data(), std::min(N, from.size()));
  return out;
}

}  // namespace muster::identity
