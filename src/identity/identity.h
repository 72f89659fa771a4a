// identity -- who a device is: expected by a signed manifest, proved once by a token, and from then
// on by its own certificate, until that is renewed, revoked or retired.
//
// The registry decides subject and names; a CSR gives only its key and the proof that the asker
// holds it. It signs nothing itself: what it finds worthy is a Commission, which the signer makes
// into a certificate, and filing that is what makes it count. The same CSR again gets the same
// certificate, never a second serial. A token is stored
// hashed, expires, allows five wrong tries, and is burned in the transaction that records the
// certificate. A certificate that was signed and may not be filed any more, or that nobody asked
// for, is withdrawn: revoked before anybody has it. Refusals that matter to security are in the
// ledger. authenticate() is asked after every handshake, so a certificate is worth what the
// registry says of it now.
//
// Domain thread only. Time comes from the Clock, tokens and serials from the Random.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"
#include "crypto/key.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "signer/issuance_log.h"
#include "signer/order.h"
#include "store/store.h"

namespace muster::identity {

struct Settings {
  Duration certificate_life = 30 * 24h;
  Duration token_life = 7 * 24h;
  int token_tries = 5;
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

// What an EST request comes down to once the door has parsed it.
struct EnrolRequest {
  std::string subject;  // HTTP Basic user
  std::string token;    // HTTP Basic password
  Bytes spki;           // the CSR's key; the asker has proved to hold it
  crypto::Hash csr_digest;
  std::string
      claimed_name;  // the CSR's common name; refused when it is neither empty nor the subject
  std::string from;  // peer address, for the record
};
struct RenewRequest {
  crypto::Hash certificate;  // fingerprint of the certificate the connection was made with
  Bytes spki;
  crypto::Hash csr_digest;
  std::string claimed_name;
  std::string from;
};

// A certificate that is to be: what the signer is asked for, and what filing it depends on.
struct Commission {
  signer::Order order;
  crypto::Hash csr_digest{};
  std::string proof;        // "token", "tpm" or "renewal"
  crypto::Hash evidence{};  // SHA-256 of the token, or of the endorsement key, or the
                            // fingerprint of what is renewed
  std::string from;
};
// Bytes: the certificate that this very request was answered with before.
using Enrolment = std::variant<Bytes, Commission>;

// Bytes: the list as it stands.
using RevocationList = std::variant<Bytes, signer::CrlOrder>;

struct Application {  // a program that may listen; not a device
  std::string id;
  std::vector<std::string> subscribe;  // MQTT topic filters below v1/devices/
};

// Whom a certificate stands for, now.
struct Principal {
  bool application = false;
  DeviceId device;  // when not an application
  ModelId model;
  bool restricted = false;             // quarantined: update path only
  std::vector<std::string> subscribe;  // an application's
  std::string name;                    // device or application id
  std::string serial;                  // certificate serial, hex: the key of the session index
};

struct Imported {
  std::size_t devices = 0;
  std::vector<std::pair<DeviceId, Token>> tokens;  // for devices the manifest gave no token hash
};

// Certificates that were seen in a handshake, by their end, to the minute. Expiring: valid, with
// less than a quarter of a certificate's life to go, so a renewal is overdue. Revoked: ever.
struct Totals {
  std::size_t valid = 0, expiring = 0, expired = 0, revoked = 0;
  std::size_t pending = 0;
};

class Attestation;  // identity/attestation.h

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
  Result<Token> add_application(Application, ledger::Actor);
  Result<void> remove_application(const std::string& id, ledger::Actor);
  std::vector<Application> applications() const;

  // certificates
  Result<Enrolment> enrol(const EnrolRequest&);
  Result<Enrolment> renew(const RenewRequest&);
  // What the signer made of a commission; the certificate, DER, once it counts. Everything that the
  // commission stood on is looked at again.
  Result<Bytes> file(const Commission&, ByteView der);
  // No certificate has come of it. The signer may have made one all the same, and not have been
  // heard: reconcile() finds it.
  void abandon(const Commission&);
  // What the signer has signed, from reconciled() on: withdraws device and application certificates
  // that were never filed. Stops before one that is still on its way.
  void reconcile(std::span<const signer::Issuance>);
  std::uint64_t reconciled() const;
  Result<Principal> authenticate(
      const crypto::Hash& fingerprint,
      bool handshake = true);  // unauthorized: unknown, revoked, expired, retired. A pending one
                               // becomes valid and its predecessor superseded
  Result<void> revoke(const DeviceId&, crypto::RevocationReason, ledger::Actor,
                      std::string why);  // every certificate of the device
  std::optional<Issued> current(const DeviceId&) const;
  std::vector<Issued> certificates(const DeviceId&) const;
  Totals totals() const;
  const std::vector<crypto::Certificate>& chain() const;
  Attestation& attestation();  // by TPM
  const Attestation& attestation() const;
  RevocationList crl();  // an order when something was revoked or the list is a day old
  Bytes file_crl(const signer::CrlOrder&, Bytes der);

  void on_cut(
      std::function<void(const std::string& serial)>);  // certificates that are no longer worth a
                                                        // session; called inside the command

  struct Registry;  // of this module's own

 private:
  explicit Identity(std::unique_ptr<Registry>);
  std::unique_ptr<Registry> registry_;
};

}  // namespace muster::identity
