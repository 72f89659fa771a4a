#include "crypto/internal/algorithm.h"
#include "crypto/internal/ocsp_names.h"
#include "crypto/internal/x509.h"
#include "crypto/ocsp.h"

namespace muster::crypto {
namespace {

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, why);
}

// The octets that a hash by this AlgorithmIdentifier has.
Result<std::size_t> read_hash_algorithm(der::Reader& id) {
  TRY(auto identifier, id.enter(der::sequence, "hashAlgorithm"));
  TRY(const ByteView algorithm, identifier.object("hashAlgorithm"));
  if (!identifier.empty()) {
    TRY(const der::Element parameters, identifier.read(der::null, "hashAlgorithm"));
    if (!parameters.content.empty()) return refuse("hashAlgorithm: a NULL that holds something");
  }
  TRY_VOID(identifier.end("hashAlgorithm"));
  if (text_of(algorithm) == ocsp_names::sha1) return ocsp_names::sha1_octets;
  if (text_of(algorithm) == ocsp_names::sha256) return ocsp_names::sha256_octets;
  return refuse("hashAlgorithm: " + der::dotted(algorithm) + "; taken are SHA-1 and SHA-256");
}

Result<OcspId> read_id(const der::Element& whole) {
  TRY(auto id, der::enter_only(whole.whole, der::sequence, "reqCert"));
  TRY(const std::size_t octets, read_hash_algorithm(id));
  TRY(const ByteView name, id.octets("issuerNameHash"));
  TRY(const ByteView key, id.octets("issuerKeyHash"));
  TRY(const ByteView serial, id.number("serialNumber"));
  TRY_VOID(id.end("reqCert"));
  if (name.size() != octets) return refuse("issuerNameHash: not as long as its algorithm's");
  if (key.size() != octets) return refuse("issuerKeyHash: not as long as its algorithm's");
  if (serial.size() > 20) return refuse("serialNumber: more than 20 octets");
  return OcspId{.der = Bytes(whole.whole.begin(), whole.whole.end()),
                .issuer_name_hash = Bytes(name.begin(), name.end()),
                .issuer_key_hash = Bytes(key.begin(), key.end()),
                .serial = Bytes(serial.begin(), serial.end())};
}

// Extensions that ask for what we give, or do not, anyhow: their presence changes nothing.
bool changes_nothing(const Extension& one) {
  const std::string_view id = text_of(one.oid);
  return id == ocsp_names::acceptable_responses || id == ocsp_names::service_locator ||
         id == ocsp_names::preferred_algorithms;
}

Result<void> read_request_extensions(der::Reader& holder, OcspRequest* out) {
  TRY(const auto extensions, read_extensions(holder));
  for (const Extension& one : extensions) {
    if (out && text_of(one.oid) == ocsp_names::nonce) {
      der::Reader in(one.value);
      TRY(const ByteView nonce, in.octets("nonce"));
      TRY_VOID(in.end("nonce"));
      if (nonce.empty() || nonce.size() > ocsp_nonce_bytes_max)
        return refuse("nonce: not 1 to 128 octets");
      out->nonce.assign(nonce.begin(), nonce.end());
    } else if (one.critical && !changes_nothing(one)) {
      return refuse("extension " + der::dotted(one.oid) + ": critical and not known here");
    }
  }
  return {};
}

Result<OcspId> read_single(der::Reader& list) {
  TRY(auto single, list.enter(der::sequence, "Request"));
  TRY(const der::Element id, single.read(der::sequence, "reqCert"));
  if (!single.empty()) {
    TRY(auto holder, single.enter(der::context_constructed(0), "singleRequestExtensions"));
    TRY_VOID(read_request_extensions(holder, nullptr));
    TRY_VOID(holder.end("singleRequestExtensions"));
  }
  TRY_VOID(single.end("Request"));
  return read_id(id);
}

Result<OcspRequest> read_tbs(der::Reader tbs) {
  if (tbs.next_is(der::context_constructed(0)))
    return refuse("version: stated, where DER leaves v1 out and there is no other");
  if (tbs.next_is(der::context_constructed(1))) TRY_VOID(tbs.any("requestorName"));
  TRY(auto list, tbs.enter(der::sequence, "requestList"));
  if (list.empty()) return refuse("requestList: empty");
  OcspRequest out;
  while (!list.empty()) {
    if (out.ids.size() == ocsp_ids_max) return refuse("requestList: more than 32 certificates");
    TRY(auto id, read_single(list));
    out.ids.push_back(std::move(id));
  }
  if (!tbs.empty()) {
    TRY(auto holder, tbs.enter(der::context_constructed(2), "requestExtensions"));
    TRY_VOID(read_request_extensions(holder, &out));
    TRY_VOID(holder.end("requestExtensions"));
  }
  TRY_VOID(tbs.end("tbsRequest"));
  return out;
}

Result<OcspRequest> read_request(ByteView der) {
  if (der.size() > ocsp_request_bytes_max) return refuse("longer than 8 KiB");
  TRY(auto request, der::enter_only(der, der::sequence, "OCSPRequest"));
  TRY(const auto tbs, request.enter(der::sequence, "tbsRequest"));
  if (!request.empty()) TRY_VOID(request.read(der::context_constructed(0), "optionalSignature"));
  TRY_VOID(request.end("OCSPRequest"));
  return read_tbs(tbs);
}

}  // namespace

Result<OcspRequest> parse_ocsp_request(ByteView der) {
  auto out = read_request(der);
  if (!out) return fail(out.error().fault, "OCSP request: " + out.error().message);
  return out;
}

}  // namespace muster::crypto
