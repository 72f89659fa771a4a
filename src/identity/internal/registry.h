// identity/internal/registry -- what enrolment, filing and revocation share: the domain's modules,
// the parts of this one, each with the state that is its own, and steps that go through several.
//
// Kept in memory: the certificates that open a door, makers, profiles, applications, and what is at
// the signer now. All else is asked of the store, where status numbers are those of
// CertificateStatus. Domain thread; time comes from the Clock.
#pragma once

#include <map>
#include <string>

#include "base/fixed_bytes.h"
#include "base/refusal_meter.h"
#include "identity/attestation.h"
#include "identity/identity.h"
#include "identity/internal/lists.h"
#include "identity/internal/live.h"
#include "identity/internal/makers.h"
#include "identity/internal/misuse.h"
#include "identity/internal/profiles.h"
#include "identity/rollover.h"

namespace muster::identity {

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
  void cut(const crypto::Serial&) const;

  // onboarding.cpp
  Result<void> may_expect(const inventory::NewDevice&) const;
  Token make_token();
  void store_token(store::Writer&, const std::string& subject, const crypto::Hash&,
                   Instant expires) const;
  Token give_token(const Subject&, const ledger::Actor&);
  Result<std::string> signer_of(ByteView manifest, ByteView signature) const;

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
  Result<void> may_use(const EnrolmentProfile&, const Subject&, const std::string& from);
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

  // certificates.cpp
  void confirm(Live&);  // its owner has it: pending becomes valid, the others are superseded
  void supersede_all_but(const crypto::Serial&, const Subject&, bool pending_only);
  std::unexpected<Error> refuse_certificate(const crypto::Hash& fingerprint, bool record,
                                            const std::string& from);
  void tidy();

  // revocation.cpp
  struct Doomed {
    crypto::Serial serial;
    crypto::Hash fingerprint;
    std::uint32_t shard = 0;
  };
  void revoke_one(const Doomed&, const std::string& target, crypto::RevocationReason,
                  const ledger::Actor&, const std::string& why);
  void revoke_all(const Subject&, crypto::RevocationReason, const ledger::Actor&,
                  const std::string& why);

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  std::vector<crypto::Certificate> chain;
  const Clock& clock;
  Random& random;
  Settings settings;

  // its parts, each with what it keeps
  Rollover rollover{*this};
  Attestation attestation{*this};
  LiveCertificates live;
  Lists lists{store, ledger, clock, settings, rollover};
  Makers makers{store, ledger};
  Profiles profiles{store, ledger, makers, settings};
  Misuse misuse{store, clock};
  RefusalMeter refusals, door_refusals;  // so that neither crowds out the other

  std::map<std::string, Application> applications;
  std::vector<std::pair<std::string, crypto::PublicKey>> manifest_keys;
  std::map<std::string, Commission> making;  // by subject: at the signer now
  std::uint64_t reconciled = 0;              // of the signer's log
  std::size_t revoked = 0;
  std::vector<std::function<void(const std::string&)>> listeners;
};

inline std::int64_t number_of(CertificateStatus status) {
  return static_cast<std::int64_t>(status);
}

}  // namespace muster::identity
