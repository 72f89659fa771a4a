// identity/attestation -- what TPMs say of devices: which one is expected in which device, the
// challenge by which it proves itself, and whether what was booted is what a policy expects.
//
// A device that is expected with an endorsement key gets a certificate for a key that the very TPM
// of that endorsement key certifies, and for no other; the attestation key that proved it is
// remembered, and speaks for the device's boots from then on. Each challenge is for one device and
// one attestation key, opens once, and for two minutes; so is each nonce. They are in memory only:
// after a restart devices ask again. Every refusal has its reason, told and in the ledger.
//
// It judges and remembers; it asks nobody and isolates nobody: due() says who is to be asked, and
// on_verdict() hears what became of it. A part of Identity, on the domain's thread. Time comes from
// the Clock, secrets and nonces from the Random.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/endorsement.h"
#include "crypto/tpm.h"
#include "identity/identity.h"

namespace muster::identity {

struct Subject;

enum class Trust { unknown, trusted, failed };
const char* name_of(Trust);

struct Verdict {
  Trust trust = Trust::unknown;
  std::optional<Instant> at;  // of the evidence
  std::string why;            // for a person
  bool operator==(const Verdict&) const = default;
};

struct AttestationPolicy {
  ModelId model;
  std::string release_id;            // empty: for every release that has none of its own
  crypto::tpm::Selection selection;  // of the SHA-256 bank
  std::vector<Bytes> values;         // of those registers, rising
  Duration every = 24h;              // between two times that a device is asked
  bool isolate = false;              // a device that fails it
};

// A register of a TPM: what the device showed last, and what the policy expects in it.
struct Register {
  unsigned number = 0;
  std::optional<Bytes> shown, expected;
};

struct ChallengeRequest {
  std::string id;
  Bytes ek_area, ek_certificate, ak_area;
  std::string from;  // peer address, for the record
};
struct TpmChallenge {
  crypto::tpm::Challenge credential;
  Bytes nonce;
  crypto::tpm::Selection selection;
};
struct BootEvidence {
  Bytes quote, signature;
  std::vector<Bytes> values;
  Bytes event_log;  // may be empty
};
struct TpmEnrolRequest {
  std::string id;
  Bytes secret;  // that the challenge held
  BootEvidence boot;
  Bytes certify, certify_signature, key_area;
  Bytes spki;  // the CSR's key; the asker has proved to hold it
  crypto::Hash csr_digest{};
  std::string claimed_name, from;
  Claims claims = {};
};
struct EvidenceWanted {
  Bytes nonce;
  crypto::tpm::Selection selection;
};

class Attestation {
 public:
  explicit Attestation(Identity::Registry&);
  Result<void> load();

  // The TPM of a device, by the SHA-256 of its endorsement key's SubjectPublicKeyInfo. In place of
  // a token: one that is there is taken back.
  Result<void> expect(const DeviceId&, const crypto::Hash& endorsement_key, ledger::Actor);
  Result<void> may_expect(const crypto::Hash& endorsement_key) const;  // in a device that is new
  std::optional<crypto::Hash> expected(const DeviceId&) const;
  // From now on a TPM also has to show its vendor's certificate, below one of these.
  void trust_vendors(crypto::tpm::VendorAnchors);

  // enrolment
  Result<TpmChallenge> challenge(const ChallengeRequest&);
  Result<Enrolment> enrol(const TpmEnrolRequest&);

  // again, for a device that is known by its certificate
  Result<EvidenceWanted> wanted(const DeviceId&);
  Result<Verdict> take(const DeviceId&, const BootEvidence&);  // what was made of it
  Result<void> ask_again(const DeviceId&, ledger::Actor);      // due at once
  // A device that says it runs another release than when it showed its boot is due at once.
  void release_told(const inventory::Device&);
  std::vector<DeviceId> due();  // online, and to be asked now; each is told of once an hour

  Result<void> set_policy(AttestationPolicy, ledger::Actor);
  // With the registers that this device showed last.
  Result<AttestationPolicy> learn(AttestationPolicy, const DeviceId&) const;
  Result<void> drop_policy(const ModelId&, const std::string& release_id, ledger::Actor);
  std::vector<AttestationPolicy> policies() const;

  Verdict verdict(const DeviceId&) const;
  std::vector<Register> registers(const DeviceId&) const;  // rising; none without any evidence
  bool in_tpm(const DeviceId&) const;                      // the key of its current certificate

  // Tells the release that a device was offered and may have booted, but has not reported yet;
  // empty: none. Evidence of it is as good as of what the device says it runs.
  void on_its_way(std::function<std::string(const DeviceId&)>);

  // Called inside the command, when a device's verdict changes.
  void on_verdict(
      std::function<void(const inventory::Device&, const Verdict&, const AttestationPolicy*)>);

 private:
  struct Pending {
    Bytes secret, nonce;
    crypto::tpm::PublicArea attestation_key;
    crypto::Hash endorsement_key;
    crypto::tpm::Selection selection;
    Instant expires;
  };
  struct Nonce {
    EvidenceWanted wanted;
    Instant expires;
  };
  struct Witness {  // a device whose attestation key is known
    Bytes attestation_area;
    crypto::tpm::Selection selection;  // of the registers shown last
    std::vector<Bytes> values;
    Verdict verdict;
    std::string release_id;  // that the device said it ran when it showed them
    Instant asked;
    bool wanted = false;  // somebody wants to know
  };
  Result<crypto::tpm::PublicArea> check_birth(const Subject&, const ChallengeRequest&);
  Result<Pending> redeem(const TpmEnrolRequest&, const Subject&);
  Result<void> check_evidence(const crypto::tpm::PublicArea& key, const BootEvidence&,
                              const EvidenceWanted&) const;
  crypto::tpm::Selection selection_for(const inventory::Device&) const;
  const AttestationPolicy* policy_for(const inventory::Device&) const;
  const AttestationPolicy* policy_on_its_way(const inventory::Device&) const;
  Verdict judge(const inventory::Device&, const crypto::tpm::Selection&,
                const std::vector<Bytes>&) const;
  void settle(const inventory::Device&, Witness&, Verdict);
  void store_witness(store::Writer&, const DeviceId&, const Witness&) const;
  void forget_expired();

  Identity::Registry& r_;
  std::optional<crypto::tpm::VendorAnchors> vendors_;
  std::map<std::string, std::deque<Pending>> pending_;  // by device
  std::size_t pending_count_ = 0;
  std::map<DeviceId, Nonce> nonces_;
  std::map<DeviceId, Witness> witnesses_;
  std::map<std::pair<std::string, std::string>, AttestationPolicy> policies_;  // model, release
  std::function<std::string(const DeviceId&)> on_its_way_;
  std::vector<
      std::function<void(const inventory::Device&, const Verdict&, const AttestationPolicy*)>>
      listeners_;
};

}  // namespace muster::identity
