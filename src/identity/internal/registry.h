// identity/internal/registry -- what is kept in memory: the certificates that open a door, by their
// fingerprint, and the applications. All else is asked of the store.
//
// Status numbers in the store are those of CertificateStatus. The domain's thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "base/fixed_bytes.h"
#include "base/refusal_meter.h"
#include "identity/attestation.h"
#include "identity/identity.h"
#include "identity/internal/expiries.h"
#include "identity/rollover.h"

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
  std::uint32_t issuer = 0;  // generation
};

struct HashOfHash {  // a fingerprint is as good as random
  std::size_t operator()(const crypto::Hash& h) const {
    std::size_t out = 0;
    std::memcpy(&out, h.data(), sizeof out);
    return out;
  }
};

struct Asked {  // what enrol and renew have in common
  const Bytes& spki;
  const crypto::Hash& csr_digest;
  const std::string& claimed_name;
  const std::string& from;
  const Claims& claims;
  std::vector<std::string> also_called = {};  // by its maker
  crypto::Hash key = crypto::sha256(spki);
};

struct Born {  // a birth certificate that is one of a trusted maker's
  crypto::Certificate certificate;
  std::vector<const Maker*> makers;  // that it leads to; several when they share a CA
};

// What is expected of a device's birth certificate; what is not told is not asked for.
struct Birth {
  std::optional<crypto::Hash> certificate;
  Bytes issuer;  // authority key identifier
  std::optional<Instant> expires;
  bool used = false, allowed = false;
};

struct Refusal {
  std::string cause;
  std::string target;  // empty: nobody we know
  std::string from;
  std::string action = "enrolment.refused";
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
  store::Writer& note(const Refusal& r) { return note(r, refusals); }
  store::Writer& note(const Refusal&, RefusalMeter&);  // into the ledger, unless too many of late
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

  // makers.cpp, profiles.cpp
  Result<void> load_makers();
  Result<void> load_profiles();
  const Maker* maker(const std::string& name) const;
  Result<EnrolmentProfile> profile(const std::string& name) const;  // empty: default
  Result<ModelId> model_of(const Maker&, const ModelId& told) const;
  Result<void> may_use(const EnrolmentProfile&, const Subject&, const std::string& from);

  // birth.cpp
  Result<Born> read_birth(const EnrolRequest&, const EnrolmentProfile&);
  Birth birth_of(const DeviceId&) const;
  const inventory::Device* expected_by(const crypto::Certificate&) const;
  Result<const Maker*> match(const Born&, const Subject&, const Birth&, const std::string& from);
  Result<void> check_birth_again(const Subject&, const Commission&);
  void use_birth(store::Writer&, const Subject&, const Commission&);
  Result<Enrolment> enrol_by_birth(const EnrolRequest&, const EnrolmentProfile&);
  void expect_birth(store::Writer&, const DeviceId&, const Birth&) const;

  // parking.cpp
  Result<Enrolment> park(const Born&, const EnrolRequest&, const EnrolmentProfile&);
  void forget_old_parked();

  // enrolment.cpp
  struct Proof {
    Subject subject;
    crypto::Hash evidence;          // of the Commission that may come of it
    std::optional<Bytes> answered;  // this very request has its answer already
  };
  Result<Proof> prove_by_token(const EnrolRequest&);
  Result<Proof> prove_by_certificate(const RenewRequest&);
  Result<void> check_state(const Subject&, const Asked&, bool renewal);
  Result<void> check_key(const Subject&, const Asked&, bool renewal);
  Result<void> check_names(const Subject&, const Asked&, bool renewal);
  bool names_another(const std::string& name) const;
  std::optional<Bytes> answer_to(const Subject&, const crypto::Hash& csr_digest) const;

  // issuing.cpp
  Result<Commission> commission(const Subject&, const Asked&, const EnrolmentProfile&,
                                const char* proof, const crypto::Hash& evidence);
  Result<Subject> check_again(const Commission&);
  void file(const Subject&, const Commission&, ByteView der);
  void withdraw(const std::string& subject, const crypto::Serial&, ByteView der, Instant not_before,
                Instant not_after, const std::string& why);
  crypto::Serial new_serial();

  // revocation.cpp
  Result<void> load_shards();
  std::uint32_t take_place();  // in the shard that is filled now; 0 when nothing is published
  std::string crl_url(std::uint32_t shard) const;
  Result<RevocationList> whole_list(std::uint32_t issuer);
  std::uint32_t shard_at(const std::string& url) const;  // 0: none of ours
  void occupy(store::Writer&, std::uint32_t shard) const;
  void outdate_lists(store::Writer&, std::uint32_t shard);
  RevocationList order(crypto::CrlTerms, std::vector<crypto::Revoked>, std::uint32_t issuer);
  std::vector<crypto::Revoked> revoked_in(std::uint32_t shard, Instant from) const;

  // misuse.cpp
  void suspect(const DeviceId&, const char* kind, std::string words) const;
  void suspect_reuse(const Subject&, const std::string& from) const;  // of a burned token
  void suspect_shared_key(const Subject& asking, const std::string& owner) const;
  void suspect_superseded(const std::string& subject, Instant superseded_at) const;

  // certificates.cpp
  void confirm(Live&);  // its owner has it: pending becomes valid, the others are superseded
  void supersede_all_but(const crypto::Serial&, const Subject&, bool pending_only);
  void revoke_all(const Subject&, crypto::RevocationReason, const ledger::Actor&,
                  const std::string& why);
  std::unexpected<Error> refuse_certificate(const crypto::Hash& fingerprint, bool record,
                                            const std::string& from);
  struct Doomed {
    crypto::Serial serial;
    crypto::Hash fingerprint;
    std::uint32_t shard = 0;
  };
  void revoke_one(const Doomed&, const std::string& target, crypto::RevocationReason,
                  const ledger::Actor&, const std::string& why);
  std::vector<crypto::Revoked> revoked_since(Instant, std::uint32_t issuer) const;
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
  std::map<std::string, Maker> makers;
  std::map<std::string, EnrolmentProfile> profiles;  // those that are put
  RefusalMeter refusals, door_refusals;              // so that neither crowds out the other
  std::uint32_t open_shard = 0;                      // that is filled now
  std::size_t in_open_shard = 0;
  std::uint64_t revocations = 0;                // since start
  std::map<std::string, std::uint64_t> listed;  // by shard URI: `revocations` at the last order
  Instant whole_list_too_long_until{};
  struct TakeOver {
    Instant at;
    std::string before, after;  // hosts
  };
  std::map<DeviceId, std::deque<TakeOver>> take_overs;  // of the last two minutes
  std::vector<std::function<void(const Suspicion&)>> suspicious;
  std::vector<std::function<void(const std::string&)>> listeners;
  Attestation attestation{*this};
  Rollover rollover{*this};
};

inline ledger::Actor actor_of(const Subject& s) {
  return {(s.device ? "device:" : "application:") + s.id(), s.device ? "device" : "application"};
}

inline std::string urn_of(const Subject& s) {  // as the signer's templates have it
  return (s.device ? "urn:muster:device:" : "urn:muster:application:") + s.id();
}

inline std::int64_t number_of(CertificateStatus status) {
  return static_cast<std::int64_t>(status);
}

}  // namespace muster::identity
