#include "tpm/device.h"

#include <tss2/tss2_mu.h>

#include <array>

#include "base/random.h"
#include "tpm/internal/conversation.h"
#include "tpm/internal/templates.h"

namespace muster::tpm {
namespace {

struct Place {  // where the EK profile has an endorsement key and its certificate
  Handle key;
  TPM2_HANDLE certificate;
};
constexpr Place rsa2048{0x81010001, 0x01c00002}, ecc_p384{0x81010016, 0x01c00016};

Result<const Place*> place_of(const Conversation& tpm, bool elliptic) {
  for (const Place* place : {elliptic ? &ecc_p384 : &rsa2048, elliptic ? &rsa2048 : &ecc_p384}) {
    TRY(const bool there, tpm.has(place->key));
    if (there) return place;
  }
  TRY(const auto made, tpm.create_primary(ESYS_TR_RH_ENDORSEMENT, rsa_endorsement_template()));
  TRY_VOID(tpm.keep(made.object(), rsa2048.key));
  return &rsa2048;
}

Result<void> check_handle(Handle handle) {
  if (handle >= first_key_handle && handle < first_key_handle + keys_max) return {};
  return fail(Fault::invalid, "this is not the handle of a TLS key");
}

// An INTEGER of DER: minimal, and positive.
void append_integer(Bytes& out, ByteView number) {
  while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
  const bool high = !number.empty() && (number[0] & 0x80) != 0;
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(number.size() + (high ? 1 : 0)));
  if (high) out.push_back(0);
  out.insert(out.end(), number.begin(), number.end());
}

Bytes der_of(const TPMS_SIGNATURE_ECC& signature) {
  Bytes integers;
  append_integer(integers, ByteView(signature.signatureR.buffer, signature.signatureR.size));
  append_integer(integers, ByteView(signature.signatureS.buffer, signature.signatureS.size));
  Bytes out = {0x30, static_cast<std::uint8_t>(integers.size())};  // P-256: below 128
  out.insert(out.end(), integers.begin(), integers.end());
  return out;
}

Result<Statement> statement(const TPM2B_ATTEST& attest, const TPMT_SIGNATURE& signature) {
  Statement out{.attest = {attest.attestationData, attest.attestationData + attest.size},
                .signature = Bytes(sizeof signature)};
  std::size_t size = 0;
  const auto rc =
      Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, out.signature.data(), out.signature.size(), &size);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "marshal a signature");
  out.signature.resize(size);
  return out;
}

constexpr TPMT_SIG_SCHEME own_scheme() {
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;
  return scheme;
}

TPML_PCR_SELECTION selection_of(const crypto::tpm::Selection& wanted) {
  TPML_PCR_SELECTION out{};
  out.count = 1;
  out.pcrSelections[0].hash = static_cast<TPMI_ALG_HASH>(wanted.bank);
  out.pcrSelections[0].sizeofSelect = 3;
  for (unsigned octet = 0; octet < 3; ++octet)
    out.pcrSelections[0].pcrSelect[octet] =
        static_cast<BYTE>(wanted.registers >> (8 * octet) & 0xff);
  return out;
}

}  // namespace

Result<Bytes> Key::sign(ByteView message) const {
  return sign_digest(crypto::sha256(message));
}
Result<Bytes> Key::sign_digest(ByteView sha256) const {
  return device_.sign_digest(handle_, sha256);
}

Result<std::unique_ptr<Device>> Device::open(std::string tcti, bool elliptic) {
  TRY(const auto tpm, Conversation::open(tcti));
  TRY(const bool two, tpm.is_tpm2());
  if (!two) return fail(Fault::conflict, "what answers at " + tcti + " is no TPM 2.0");
  return std::unique_ptr<Device>(new Device(std::move(tcti), elliptic));
}

Result<Endorsement> Device::endorsement() const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const Place* place, place_of(tpm, elliptic_));
  TRY(const ESYS_TR key, tpm.object(place->key, "endorsement key"));
  Endorsement out{.handle = place->key, .area = {}, .certificate = {}};
  TRY(out.area, tpm.area(key));
  TRY(const bool certified, tpm.has(place->certificate));
  if (certified) {
    TRY(out.certificate, tpm.read_nv(place->certificate));
  }
  return out;
}

Result<Bytes> Device::attestation_area() const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const bool there, tpm.has(attestation_handle));
  if (!there) {
    // In the endorsement hierarchy, where a TPM gives its counts of boots as they are.
    TRY(const auto made, tpm.create_primary(ESYS_TR_RH_ENDORSEMENT, attestation_template()));
    TRY_VOID(tpm.keep(made.object(), attestation_handle));
  }
  TRY(const ESYS_TR key, tpm.object(attestation_handle, "attestation key"));
  return tpm.area(key);
}

Result<Key> Device::make_key(Handle handle) const {
  TRY_VOID(check_handle(handle));
  {
    const std::lock_guard lock(one_at_a_time_);
    TRY(const auto tpm, Conversation::open(tcti_));
    std::array<std::uint8_t, 64> distinction;
    SystemRandom().fill(distinction);  // known to nobody afterwards, so it is made only once
    TRY_VOID(tpm.evict(handle));
    TRY(const auto made, tpm.create_primary(ESYS_TR_RH_OWNER, key_template(distinction)));
    TRY_VOID(tpm.keep(made.object(), handle));
  }
  return key(handle);
}

Result<Key> Device::key(Handle handle) const {
  TRY_VOID(check_handle(handle));
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const ESYS_TR object, tpm.object(handle, "key at this handle"));
  TRY(Bytes area, tpm.area(object));
  TRY(const auto read, crypto::tpm::parse_public(area));
  TRY(auto public_key, read.signing_key());
  return Key(*this, handle, std::move(area), std::move(public_key));
}

Result<void> Device::evict(Handle handle) const {
  TRY_VOID(check_handle(handle));
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  return tpm.evict(handle);
}

Result<void> Device::wipe() const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  for (unsigned n = 0; n < keys_max; ++n) TRY_VOID(tpm.evict(first_key_handle + n));
  return tpm.evict(attestation_handle);
}

Result<Bytes> Device::activate(const crypto::tpm::Challenge& challenge) const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const Place* place, place_of(tpm, elliptic_));
  return tpm.activate(place->key, attestation_handle, challenge);
}

Result<Statement> Device::quote(ByteView nonce, const crypto::tpm::Selection& wanted) const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const ESYS_TR key, tpm.object(attestation_handle, "attestation key"));
  TRY(const auto qualifying, sized<TPM2B_DATA>(nonce, "the nonce"));
  const auto scheme = own_scheme();
  const auto selection = selection_of(wanted);
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const auto rc = Esys_Quote(tpm.esys(), key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                             &qualifying, &scheme, &selection, &attest, &signature);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "quote");
  const Owned<TPM2B_ATTEST> held(attest);
  const Owned<TPMT_SIGNATURE> held_signature(signature);
  return statement(*held, *held_signature);
}

Result<Statement> Device::certify(Handle handle, ByteView nonce) const {
  TRY_VOID(check_handle(handle));
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const ESYS_TR key, tpm.object(attestation_handle, "attestation key"));
  TRY(const ESYS_TR subject, tpm.object(handle, "key at this handle"));
  TRY(const auto qualifying, sized<TPM2B_DATA>(nonce, "the nonce"));
  const auto scheme = own_scheme();
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const auto rc = Esys_Certify(tpm.esys(), subject, key, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                               ESYS_TR_NONE, &qualifying, &scheme, &attest, &signature);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "certify a key");
  const Owned<TPM2B_ATTEST> held(attest);
  const Owned<TPMT_SIGNATURE> held_signature(signature);
  return statement(*held, *held_signature);
}

// A TPM gives at most eight registers at once.
Result<std::vector<Bytes>> Device::registers(const crypto::tpm::Selection& wanted) const {
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  std::vector<Bytes> out;
  for (unsigned number = 0; number < crypto::tpm::registers_max; ++number) {
    if ((wanted.registers >> number & 1) == 0) continue;
    const auto one = selection_of({.bank = wanted.bank, .registers = 1u << number});
    TPML_DIGEST* raw = nullptr;
    const auto rc = Esys_PCR_Read(tpm.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &one,
                                  nullptr, nullptr, &raw);
    if (rc != TSS2_RC_SUCCESS) return failed(rc, "read a register");
    const Owned<TPML_DIGEST> held(raw);
    if (held->count != 1)
      return fail(Fault::missing,
                  std::string("the TPM has no PCR bank of ") + crypto::tpm::name_of(wanted.bank));
    const auto& digest = held->digests[0];
    out.emplace_back(digest.buffer, digest.buffer + digest.size);
  }
  return out;
}

Result<Bytes> Device::sign_digest(Handle handle, ByteView sha256) const {
  if (sha256.size() != 32) return fail(Fault::invalid, "this key signs digests of SHA-256 only");
  const std::lock_guard lock(one_at_a_time_);
  TRY(const auto tpm, Conversation::open(tcti_));
  TRY(const ESYS_TR key, tpm.object(handle, "key at this handle"));
  TRY(const auto digest, sized<TPM2B_DIGEST>(sha256, "the digest"));
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  TPMT_TK_HASHCHECK no_ticket{};  // the key is not restricted
  no_ticket.tag = TPM2_ST_HASHCHECK;
  no_ticket.hierarchy = TPM2_RH_NULL;
  TPMT_SIGNATURE* raw = nullptr;
  const auto rc = Esys_Sign(tpm.esys(), key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
                            &scheme, &no_ticket, &raw);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "sign");
  const Owned<TPMT_SIGNATURE> held(raw);
  if (held->sigAlg != TPM2_ALG_ECDSA)
    return fail(Fault::internal, "the TPM did not sign with ECDSA");
  return der_of(held->signature.ecdsa);
}

}  // namespace muster::tpm
