#include "tpm/internal/conversation.h"

#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>

namespace muster::tpm {
namespace {

constexpr std::size_t nv_octets_max = 8 * 1024;
constexpr std::size_t nv_chunk = 512;  // every TPM reads that much at once

Fault fault_of(TSS2_RC rc) {
  const auto layer = rc & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TCTI_RC_LAYER || layer == TSS2_ESAPI_RC_LAYER ? Fault::unavailable
                                                                     : Fault::conflict;
}

}  // namespace

std::unexpected<Error> failed(TSS2_RC rc, const char* what) {
  return fail(fault_of(rc), std::string("the TPM: ") + what + ": " + Tss2_RC_Decode(rc));
}

void EsysEnd::operator()(ESYS_CONTEXT* esys) const {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  Esys_GetTcti(esys, &tcti);
  Esys_Finalize(&esys);
  if (tcti) Tss2_TctiLdr_Finalize(&tcti);
}

Result<Conversation> Conversation::open(const std::string& name) {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  if (const auto rc = Tss2_TctiLdr_Initialize(name.c_str(), &tcti); rc != TSS2_RC_SUCCESS)
    return fail(Fault::unavailable, "no TPM answers at " + name + ": " + Tss2_RC_Decode(rc));
  ESYS_CONTEXT* esys = nullptr;
  if (const auto rc = Esys_Initialize(&esys, tcti, nullptr); rc != TSS2_RC_SUCCESS) {
    Tss2_TctiLdr_Finalize(&tcti);
    return failed(rc, "open");
  }
  return Conversation(Context(esys));
}

Result<bool> Conversation::is_tpm2() const {
  TPMS_CAPABILITY_DATA* raw = nullptr;
  const auto rc =
      Esys_GetCapability(esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                         TPM2_PT_FAMILY_INDICATOR, 1, nullptr, &raw);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "ask for its family");
  const Owned<TPMS_CAPABILITY_DATA> held(raw);
  const auto& properties = held->data.tpmProperties;
  return properties.count == 1 && properties.tpmProperty[0].value == 0x322e3000;  // "2.0"
}

Result<bool> Conversation::has(TPM2_HANDLE handle) const {
  TPMS_CAPABILITY_DATA* raw = nullptr;
  const auto rc = Esys_GetCapability(esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     TPM2_CAP_HANDLES, handle, 1, nullptr, &raw);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "ask for its handles");
  const Owned<TPMS_CAPABILITY_DATA> held(raw);
  const auto& handles = held->data.handles;
  return handles.count == 1 && handles.handle[0] == handle;
}

Result<ESYS_TR> Conversation::object(TPM2_HANDLE handle, const char* what) const {
  TRY(const bool there, has(handle));
  if (!there) return fail(Fault::missing, std::string("the TPM holds no ") + what);
  ESYS_TR object = ESYS_TR_NONE;
  const auto rc =
      Esys_TR_FromTPMPublic(esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, what);
  return object;
}

Result<Bytes> Conversation::area(ESYS_TR object) const {
  TPM2B_PUBLIC* raw = nullptr;
  const auto rc = Esys_ReadPublic(esys(), object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &raw,
                                  nullptr, nullptr);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "read a public area");
  const Owned<TPM2B_PUBLIC> held(raw);
  Bytes out(sizeof(TPM2B_PUBLIC));
  std::size_t size = 0;
  if (const auto marshalled =
          Tss2_MU_TPM2B_PUBLIC_Marshal(held.get(), out.data(), out.size(), &size);
      marshalled != TSS2_RC_SUCCESS)
    return failed(marshalled, "marshal a public area");
  out.resize(size);
  return out;
}

Result<Bytes> Conversation::read_nv(TPM2_HANDLE handle) const {
  TRY(const ESYS_TR index, object(handle, "NV index of a certificate"));
  TPM2B_NV_PUBLIC* raw = nullptr;
  if (const auto rc = Esys_NV_ReadPublic(esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         &raw, nullptr);
      rc != TSS2_RC_SUCCESS)
    return failed(rc, "read an NV index");
  const std::size_t size = Owned<TPM2B_NV_PUBLIC>(raw)->nvPublic.dataSize;
  if (size > nv_octets_max) return fail(Fault::invalid, "the TPM's NV index is too large");
  Bytes out;
  while (out.size() < size) {
    TPM2B_MAX_NV_BUFFER* piece = nullptr;
    const auto rc = Esys_NV_Read(esys(), index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 static_cast<UINT16>(std::min(nv_chunk, size - out.size())),
                                 static_cast<UINT16>(out.size()), &piece);
    if (rc != TSS2_RC_SUCCESS) return failed(rc, "read an NV index");
    const Owned<TPM2B_MAX_NV_BUFFER> held(piece);
    if (held->size == 0) return fail(Fault::corrupt, "the TPM's NV index is cut short");
    out.insert(out.end(), held->buffer, held->buffer + held->size);
  }
  return out;
}

Result<Loaded> Conversation::create_primary(ESYS_TR hierarchy, const TPM2B_PUBLIC& wanted) const {
  const TPM2B_SENSITIVE_CREATE no_secret{};
  const TPM2B_DATA no_outside{};
  const TPML_PCR_SELECTION no_registers{};
  ESYS_TR object = ESYS_TR_NONE;
  const auto rc = Esys_CreatePrimary(esys(), hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &no_secret, &wanted, &no_outside, &no_registers,
                                     &object, nullptr, nullptr, nullptr, nullptr);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "make a key");
  return Loaded(esys(), object);
}

Result<void> Conversation::keep(ESYS_TR loaded, TPM2_HANDLE handle) const {
  ESYS_TR kept = ESYS_TR_NONE;
  const auto rc = Esys_EvictControl(esys(), ESYS_TR_RH_OWNER, loaded, ESYS_TR_PASSWORD,
                                    ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "keep a key");
  return {};
}

Result<void> Conversation::evict(TPM2_HANDLE handle) const {
  TRY(const bool there, has(handle));
  if (!there) return {};
  TRY(const ESYS_TR kept, object(handle, "key"));
  ESYS_TR gone = ESYS_TR_NONE;
  const auto rc = Esys_EvictControl(esys(), ESYS_TR_RH_OWNER, kept, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, handle, &gone);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "evict a key");
  return {};
}

// The policy of endorsement keys: PolicySecret of the endorsement hierarchy (EK profile B.3.3).
Result<Loaded> Conversation::endorsement_session() const {
  TPMT_SYM_DEF plain{};
  plain.algorithm = TPM2_ALG_NULL;
  ESYS_TR session = ESYS_TR_NONE;
  auto rc = Esys_StartAuthSession(esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  ESYS_TR_NONE, nullptr, TPM2_SE_POLICY, &plain, TPM2_ALG_SHA256,
                                  &session);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "start a session");
  Loaded held(esys(), session);
  rc = Esys_PolicySecret(esys(), ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                         ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, nullptr, nullptr);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "meet the endorsement key's policy");
  return held;
}

Result<Bytes> Conversation::activate(TPM2_HANDLE endorsement_key, TPM2_HANDLE attestation_key,
                                     const crypto::tpm::Challenge& challenge) const {
  TPM2B_ID_OBJECT id{};
  TPM2B_ENCRYPTED_SECRET secret{};
  std::size_t at = 0;
  if (const auto rc = Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(challenge.id_object.data(),
                                                        challenge.id_object.size(), &at, &id);
      rc != TSS2_RC_SUCCESS)
    return failed(rc, "read a challenge");
  at = 0;
  if (const auto rc = Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
          challenge.encrypted_secret.data(), challenge.encrypted_secret.size(), &at, &secret);
      rc != TSS2_RC_SUCCESS)
    return failed(rc, "read a challenge");
  TRY(const ESYS_TR ek, object(endorsement_key, "endorsement key"));
  TRY(const ESYS_TR ak, object(attestation_key, "attestation key"));
  TRY(const Bytes octets, area(ek));
  TRY(const auto read, crypto::tpm::parse_public(octets));
  // Keys of the profile's high range also open to their own, empty, authorisation.
  const bool by_itself = (read.attributes & TPMA_OBJECT_USERWITHAUTH) != 0;
  std::optional<Loaded> session;
  if (!by_itself) {
    TRY(auto policy, endorsement_session());
    session.emplace(std::move(policy));
  }
  TPM2B_DIGEST* raw = nullptr;
  const auto rc = Esys_ActivateCredential(esys(), ak, ek, ESYS_TR_PASSWORD,
                                          by_itself ? ESYS_TR_PASSWORD : session->object(),
                                          ESYS_TR_NONE, &id, &secret, &raw);
  if (rc != TSS2_RC_SUCCESS) return failed(rc, "open a challenge");
  const Owned<TPM2B_DIGEST> held(raw);
  return Bytes(held->buffer, held->buffer + held->size);
}

}  // namespace muster::tpm
