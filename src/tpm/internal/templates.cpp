#include "tpm/internal/templates.h"

#include <algorithm>
#include <cstring>

namespace muster::tpm {
namespace {

constexpr TPMA_OBJECT made_here =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;

// PolicyA_SHA256 of the profile: TPM2_PolicySecret(TPM_RH_ENDORSEMENT).
constexpr BYTE endorsement_policy[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

TPM2B_PUBLIC p256(TPMA_OBJECT attributes) {
  TPM2B_PUBLIC out{};
  auto& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = made_here | attributes;
  auto& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

}  // namespace

TPM2B_PUBLIC attestation_template() {
  TPM2B_PUBLIC out = p256(TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |
                          TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA);
  auto& scheme = out.publicArea.parameters.eccDetail.scheme;
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  return out;
}

TPM2B_PUBLIC key_template(ByteView distinction) {
  TPM2B_PUBLIC out = p256(TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA);
  auto& point = out.publicArea.unique.ecc;
  point.x.size = point.y.size = 32;
  std::copy_n(distinction.begin(), 32, point.x.buffer);
  std::copy_n(distinction.begin() + 32, 32, point.y.buffer);
  return out;
}

TPM2B_PUBLIC rsa_endorsement_template() {
  TPM2B_PUBLIC out{};
  auto& area = out.publicArea;
  area.type = TPM2_ALG_RSA;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes =
      made_here | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  area.authPolicy.size = sizeof endorsement_policy;
  std::memcpy(area.authPolicy.buffer, endorsement_policy, sizeof endorsement_policy);
  auto& rsa = area.parameters.rsaDetail;
  rsa.symmetric.algorithm = TPM2_ALG_AES;
  rsa.symmetric.keyBits.aes = 128;
  rsa.symmetric.mode.aes = TPM2_ALG_CFB;
  rsa.scheme.scheme = TPM2_ALG_NULL;
  rsa.keyBits = 2048;
  area.unique.rsa.size = 256;
  return out;
}

}  // namespace muster::tpm
