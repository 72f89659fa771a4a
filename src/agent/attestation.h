// agent/attestation -- a device's side of proving itself by its TPM: enrolment, and evidence of the
// boot when it is asked for (docs/formats/attestation.md).
//
// It keeps nothing and decides nothing, as EstClient does. Its loop's thread, which waits for the
// TPM; it outlives its tasks.
#pragma once

#include <string>

#include "agent/est.h"
#include "agent/key_store.h"
#include "wire/attestation.h"

namespace muster::agent {

class AttestationClient {
 public:
  AttestationClient(net::Loop&, std::string host, std::uint16_t port, net::TlsContext&,
                    const Witness&);
  // A certificate for the key of this reference, which the CSR is by. At the enrolment door.
  net::Task<Result<EstAnswer>> enrol(std::string id, std::string key, Bytes csr);
  // Asks what is to be shown, and shows it. At the device door, with the device's certificate.
  net::Task<Result<void>> show(std::string id);

 private:
  net::Task<Result<net::http::Answer>> post(std::string target, std::string body);
  Result<wire::BootEvidence> evidence(ByteView nonce, const std::string& pcrs) const;
  const Witness& witness_;
  net::http::Client client_;
};

}  // namespace muster::agent
