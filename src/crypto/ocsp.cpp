#include "crypto/ocsp.h"

#include <algorithm>
#include <new>

#include "crypto/internal/algorithm.h"
#include "crypto/internal/ocsp_names.h"
#include "crypto/internal/openssl.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {
namespace {

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, "OCSP: " + why);
}

Bytes sha1_of(ByteView octets) {
  Bytes out(ocsp_names::sha1_octets);
  if (EVP_Digest(octets.data(), octets.size(), out.data(), nullptr, EVP_sha1(), nullptr) != 1)
    throw std::bad_alloc();
  return out;
}

Bytes sha256_of(ByteView octets) {
  const Hash hash = sha256(octets);
  return Bytes(hash.begin(), hash.end());
}

OcspId id_of(std::string_view algorithm, ByteView name, ByteView key, ByteView serial) {
  while (serial.size() > 1 && serial[0] == 0) serial = serial.subspan(1);
  der::Writer out;
  out.nest(der::sequence, [&] {
    out.nest(der::sequence, [&] {
      out.object(bytes_of(algorithm));
      out.element(der::null, {});
    });
    out.element(der::octet_string, name);
    out.element(der::octet_string, key);
    out.number(serial);
  });
  return {.der = out.take(),
          .issuer_name_hash = Bytes(name.begin(), name.end()),
          .issuer_key_hash = Bytes(key.begin(), key.end()),
          .serial = Bytes(serial.begin(), serial.end())};
}

// Extensions with a nonce, under the context tag of whoever holds them; nothing without one.
void write_nonce(der::Writer& out, unsigned holder, ByteView nonce) {
  if (nonce.empty()) return;
  out.nest(der::context_constructed(holder), [&] {
    out.nest(der::sequence, [&] {
      out.nest(der::sequence, [&] {
        out.object(bytes_of(ocsp_names::nonce));
        out.nest(der::octet_string, [&] { out.element(der::octet_string, nonce); });
      });
    });
  });
}

void write_status(der::Writer& out, const OcspAnswer& answer) {
  if (answer.status != OcspStatus::revoked) {
    out.element(der::context(answer.status == OcspStatus::good ? 0 : 2), {});
    return;
  }
  out.nest(der::context_constructed(1), [&] {
    out.generalized_time(answer.revoked_at);
    if (answer.reason == RevocationReason::unspecified) return;
    out.nest(der::context_constructed(0), [&] {
      const auto reason = static_cast<std::uint8_t>(answer.reason);
      out.element(der::enumerated, {&reason, 1});
    });
  });
}

void write_answer(der::Writer& out, const OcspAnswer& answer) {
  out.nest(der::sequence, [&] {
    out.raw(answer.id.der);
    write_status(out, answer);
    out.generalized_time(answer.this_update);
    out.nest(der::context_constructed(0), [&] { out.generalized_time(answer.next_update); });
  });
}

void write_response_status(der::Writer& out, std::uint8_t status) {
  out.element(der::enumerated, {&status, 1});
}

Result<void> check_answers(std::span<const OcspAnswer> answers, ByteView nonce) {
  if (answers.empty() || answers.size() > ocsp_ids_max)
    return refuse("a response must hold 1 to 32 answers");
  for (const OcspAnswer& one : answers) {
    if (one.id.der.empty()) return refuse("an answer must say about which certificate");
    if (one.next_update <= one.this_update)
      return refuse("the next update must come after this one");
  }
  if (nonce.size() > ocsp_nonce_bytes_max) return refuse("a nonce of more than 128 octets");
  return {};
}

}  // namespace

Result<OcspId> ocsp_id(const Certificate& issuer, ByteView serial) {
  TRY(const SubjectKey key, read_subject_key(issuer.key.spki()));
  return id_of(ocsp_names::sha1, sha1_of(issuer.subject_der), sha1_of(key.point), serial);
}

Result<Bytes> make_ocsp_request(const OcspRequest& request) {
  if (request.ids.empty() || request.ids.size() > ocsp_ids_max)
    return refuse("a request must ask after 1 to 32 certificates");
  if (request.nonce.size() > ocsp_nonce_bytes_max) return refuse("a nonce of more than 128 octets");
  der::Writer out;
  out.nest(der::sequence, [&] {
    out.nest(der::sequence, [&] {
      out.nest(der::sequence, [&] {
        for (const OcspId& id : request.ids) out.nest(der::sequence, [&] { out.raw(id.der); });
      });
      write_nonce(out, 2, request.nonce);
    });
  });
  return out.take();
}

Result<OcspResponder> OcspResponder::make(const Certificate& issuer, const Certificate& own,
                                          const SigningKey& signer) {
  if (!issuer.is_ca) return refuse("the issuer is not a CA");
  if (own.is_ca || !own.ocsp_signing)
    return refuse("the responder's certificate is not one for OCSP signing");
  if (own.issuer_der != issuer.subject_der)
    return refuse("the responder's certificate is not by the issuer it is to answer for");
  if (own.key.spki() != signer.public_key().spki())
    return refuse("the signing key is not that of the responder's certificate");
  TRY(const SubjectKey issuer_key, read_subject_key(issuer.key.spki()));
  TRY(const SubjectKey own_key, read_subject_key(own.key.spki()));
  OcspResponder out(own, signer);
  out.sha1_ = {.name = sha1_of(issuer.subject_der), .key = sha1_of(issuer_key.point)};
  out.sha256_ = {.name = sha256_of(issuer.subject_der), .key = sha256_of(issuer_key.point)};
  der::Writer id;
  id.nest(der::context_constructed(2),
          [&] { id.element(der::octet_string, sha1_of(own_key.point)); });
  out.responder_id_ = id.take();
  return out;
}

bool OcspResponder::is_for(const OcspId& id) const {
  const IssuerHashes& mine =
      id.issuer_name_hash.size() == ocsp_names::sha1_octets ? sha1_ : sha256_;
  return id.issuer_name_hash == mine.name && id.issuer_key_hash == mine.key;
}

OcspId OcspResponder::sha1_id(ByteView serial) const {
  return id_of(ocsp_names::sha1, sha1_.name, sha1_.key, serial);
}

OcspId OcspResponder::sha256_id(ByteView serial) const {
  return id_of(ocsp_names::sha256, sha256_.name, sha256_.key, serial);
}

Result<Bytes> OcspResponder::respond(std::span<const OcspAnswer> answers, Instant produced_at,
                                     ByteView nonce) const {
  TRY_VOID(check_answers(answers, nonce));
  der::Writer tbs;
  tbs.reserve(answers.size() * 160 + 256);
  tbs.nest(der::sequence, [&] {
    tbs.raw(responder_id_);
    tbs.generalized_time(produced_at);
    tbs.nest(der::sequence, [&] {
      for (const OcspAnswer& one : answers) write_answer(tbs, one);
    });
    write_nonce(tbs, 1, nonce);
  });
  const Bytes to_be_signed = tbs.take();
  TRY(const Bytes signature, signer_.sign(to_be_signed));
  der::Writer out;
  out.reserve(to_be_signed.size() + signature.size() + certificate_.size() + 128);
  out.nest(der::sequence, [&] {
    write_response_status(out, 0);
    out.nest(der::context_constructed(0), [&] {
      out.nest(der::sequence, [&] {
        out.object(bytes_of(ocsp_names::basic_response));
        out.nest(der::octet_string, [&] {
          out.nest(der::sequence, [&] {
            out.raw(to_be_signed);
            out.raw(signature_algorithm_der(signer_.public_key().algorithm()));
            out.bits(signature);
            out.nest(der::context_constructed(0),
                     [&] { out.nest(der::sequence, [&] { out.raw(certificate_); }); });
          });
        });
      });
    });
  });
  return out.take();
}

Bytes make_ocsp_refusal(OcspRefusal refusal) {
  der::Writer out;
  out.nest(der::sequence, [&] { write_response_status(out, static_cast<std::uint8_t>(refusal)); });
  return out.take();
}

}  // namespace muster::crypto
