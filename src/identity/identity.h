// identity -- who a device is: expected by a signed manifest or voucher, proved once by a token or
// by the certificate its maker gave it at birth, and from then on by its own certificate, until
// that is renewed, revoked or retired.
//
// The registry decides subject and names; a CSR gives only its key and the proof that the asker
// holds it. It signs nothing itself: what it finds worthy is a Commission, which the signer makes
// into a certificate, and filing that is what makes it count. The same CSR again gets the same
// certificate, never a second serial. A token is stored hashed, expires, allows five wrong
// tries, and is burned in the transaction that records the certificate. A certificate that was
// signed and may not be filed any more, or that nobody asked for, is withdrawn: revoked before
// anybody has it. Refusals that matter to security are in the ledger. authenticate() is asked after
// every handshake, so a certificate is worth what the registry says of it now.
//
// Domain thread only. Time comes from the Clock, tokens and serials from the Random.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"
#include "crypto/key.h"
#include "identity/enrolment.h"
#include "identity/onboarding.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "signer/issuance_log.h"
#include "store/store.h"

namespace muster::identity {

struct Settings {
  Duration certificate_life = 30 * 24h;
  Duration token_life = 7 * 24h;
  int token_tries = 5;
  std::string pki_url = {};  // public base of /crl and /ocsp, without a final slash; empty: none
  std::size_t shard_certificates = 10'000;  // that one revocation list speaks for
  Duration life_max = 0ms;  // that the signer gives a device's certificate; 0: not known
};

struct Token {
  std::string text;  // shown once; 160 random bits, base64url
  Instant expires;
};

enum class CertificateStatus {
  pending,
  valid,
  superseded,
  revoked
};  // pending: issued, not yet seen in a handshake
const char* name_of(CertificateStatus);

struct Issued {
  std::string serial;   // lower-case hex
  std::string subject;  // device or application id
  CertificateStatus status = CertificateStatus::pending;
  Instant not_before, not_after;
  crypto::Hash fingerprint;
};

struct Application {  // a program that may listen; not a device
  std::string id;
  std::vector<std::string> subscribe;  // MQTT topic filters below v1/devices/
};

// Whom a certificate stands for, now.
struct Principal {
  bool application = false;
  DeviceId device;  // when not an application
  ModelId model;
  bool restricted = false;             // quarantined or retiring: the path over HTTPS only
  std::vector<std::string> subscribe;  // an application's
  std::string name;                    // device or application id
  std::string serial;                  // certificate serial, hex: the key of the session index
};

struct Imported {
  std::size_t devices = 0;
  std::vector<std::pair<DeviceId, Token>> tokens;  // for devices the manifest gave no token hash
};

// What a third party is told of a certificate.
struct Standing {
  enum class State { unknown, good, revoked } state = State::unknown;
  Instant revoked_at = {};  // these two if it is revoked
  crypto::RevocationReason reason = crypto::RevocationReason::unspecified;
};

// A sign that one identity is in two hands.
struct Suspicion {
  DeviceId device;
  std::string kind;   // "identity-shared", "certificate-superseded", "token-reused", "key-shared"
  std::string words;  // one sentence for a person
  Instant at;
};

// Certificates that were seen in a handshake, by their end, to the minute. Expiring: valid, with
// less than a quarter of a certificate's life to go, so a renewal is overdue. Revoked: ever.
struct Totals {
  std::size_t valid = 0, expiring = 0, expired = 0, revoked = 0;
  std::size_t pending = 0;
};

class Attestation;  // identity/attestation.h
class Rollover;     // identity/rollover.h

class Identity {
 public:
  static Result<Identity> open(store::Store&, ledger::Ledger&, inventory::Inventory&,
                               std::vector<crypto::Certificate> chain, const Clock&, Random&,
                               Settings = {});  // chain: issuing CA first, root last
  Identity(Identity&&) noexcept;
  ~Identity();

  // onboarding
  Result<void> trust_manifest_key(std::string name, crypto::PublicKey, ledger::Actor);
  std::vector<std::pair<std::string, std::string>> manifest_keys() const;  // name, PEM
  Result<Imported> import_manifest(std::string_view text, ByteView signature, ledger::Actor,
                                   bool dry_run);  // all or nothing
  Result<Token> expect(inventory::NewDevice, ledger::Actor);
  Result<Token> new_token(const DeviceId&,
                          ledger::Actor);  // replaces an unused one; conflict when the device is
                                           // retired. An application's id does too
  // Its birth certificate may enrol the device once more. It does so once by itself.
  Result<void> allow_birth(const DeviceId&, ledger::Actor, std::string why);
  Result<void> trust_maker(Maker, ledger::Actor);  // conflict when the name is taken
  Result<void> distrust_maker(const std::string& name, ledger::Actor);
  std::vector<Maker> makers() const;
  Result<void> put_profile(EnrolmentProfile, ledger::Actor);  // makes or replaces
  Result<void> remove_profile(const std::string& name, ledger::Actor);
  Result<EnrolmentProfile> profile(const std::string& name) const;  // empty: default
  std::vector<EnrolmentProfile> profiles() const;
  Result<std::vector<ParkedDevice>> parked() const;  // oldest first; at most 1,000 that wait
  Result<void> approve(const std::string& parked, Approval, ledger::Actor);
  Result<void> reject(const std::string& parked, ledger::Actor, std::string why);
  Result<std::vector<DeviceId>> import_vouchers(const VoucherImport&, ledger::Actor,
                                                bool dry_run);  // all or nothing
  Result<Token> add_application(Application, ledger::Actor);
  Result<void> remove_application(const std::string& id, ledger::Actor);
  std::vector<Application> applications() const;

  // certificates
  Result<Enrolment> enrol(const EnrolRequest&);
  Result<Enrolment> renew(const RenewRequest&);
  // What the signer made of a commission; the certificate, DER, once it counts. Everything that the
  // commission stood on is looked at again.
  Result<Bytes> file(const Commission&, Bytes der);
  // No certificate has come of it. The signer may have made one all the same, and not have been
  // heard: reconcile() finds it.
  void abandon(const Commission&);
  // What the signer has signed, from reconciled() on: withdraws device and application certificates
  // that were never filed. Stops before one that is still on its way. True when it got on, so that
  // there may be more.
  bool reconcile(std::span<const signer::Issuance>);
  std::uint64_t reconciled() const;
  Result<Principal> authenticate(
      const crypto::Hash& fingerprint,
      bool handshake = true);  // unauthorized: unknown, revoked, expired, left. A pending one
                               // becomes valid and its predecessor superseded
  Result<void> revoke(const DeviceId&, crypto::RevocationReason, ledger::Actor,
                      std::string why);  // every certificate of the device
  // One certificate. Missing: we filed none of this serial; conflict: it is revoked already.
  Result<void> revoke_certificate(const crypto::Serial&, crypto::RevocationReason, ledger::Actor,
                                  std::string why);
  std::optional<Issued> current(const DeviceId&) const;
  // Valid and pending ones that end within this time, soonest first.
  std::vector<Issued> ending(Duration within, std::size_t limit) const;
  std::vector<Issued> certificates(const DeviceId&) const;
  Totals totals() const;
  const std::vector<crypto::Certificate>& chain() const;
  Attestation& attestation();  // by TPM
  const Attestation& attestation() const;
  Rollover& rollover();  // of the CA
  const Rollover& rollover() const;

  // for third parties (revocation.cpp)
  // The whole list; an order when something was revoked or it is a day old. Missing once it would
  // be longer than whole_list_max.
  Result<RevocationList> crl();
  Result<RevocationList> crl_of_other();  // the whole list of the CA that goes or comes
  // That of one shard; an order when something of it was revoked or half its life is over.
  Result<RevocationList> crl(std::uint32_t shard);
  Bytes file_crl(const signer::CrlOrder&, Bytes der);
  static constexpr std::size_t whole_list_max = 20'000;
  // A superseded certificate is no longer let in here, and yet not revoked.
  Standing standing(ByteView serial) const;
  void serves(const crypto::Certificate&);  // it is one of our own doors': good

  // misuse (misuse.cpp)
  // A device's session was taken over, while it lived, from another address. Three times within
  // two minutes, to and fro between two addresses, are two clients with one identity.
  void taken_over(const DeviceId&, const std::string& before, const std::string& after);
  // A door refused `who`: a device, an application or a peer address; into the ledger, as `action`.
  void refused_at_door(const std::string& who, const std::string& action, std::string_view words);
  void on_suspicion(std::function<void(const Suspicion&)>);  // called inside the command

  void on_cut(
      std::function<void(const std::string& serial)>);  // certificates that are no longer worth a
                                                        // session; called inside the command

  struct Registry;  // of this module's own

 private:
  explicit Identity(std::unique_ptr<Registry>);
  std::unique_ptr<Registry> registry_;
};

}  // namespace muster::identity
