#include "crypto/cms.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <new>

#include "crypto/internal/chain.h"
#include "crypto/internal/der.h"

namespace muster::crypto {
namespace {

using namespace std::literals;

constexpr auto signed_data_id = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv;
constexpr auto data_id = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv;
constexpr std::size_t cms_bytes_max = 64 * 1024;
constexpr std::size_t certificates_max = 16;
constexpr int signers_max = 4;
constexpr std::size_t content_bytes_max = 64 * 1024 * 1024;

struct FreeShallow {  // the certificates are the CMS's own
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Fault::invalid, "CMS: " + why);
}

Result<std::vector<Certificate>> read_certificates(der::Reader& signed_data) {
  TRY(auto set, signed_data.enter(der::context_constructed(0), "CMS certificates"));
  std::vector<Certificate> out;
  while (!set.empty()) {
    if (out.size() == certificates_max) return refuse("more than 16 certificates");
    TRY(const der::Element der, set.read(der::sequence, "CMS certificate"));
    TRY(auto certificate, parse_certificate(der.whole));
    out.push_back(std::move(certificate));
  }
  if (out.empty()) return refuse("no certificate in it");
  return out;
}

Result<der::Reader> enter_signed_data(ByteView der) {
  TRY(auto content, der::enter_only(der, der::sequence, "CMS"));
  TRY(const ByteView type, content.object("CMS contentType"));
  if (text_of(type) != signed_data_id) return refuse("not a SignedData");
  TRY(auto holder, content.enter(der::context_constructed(0), "CMS content"));
  TRY_VOID(content.end("CMS"));
  TRY(auto signed_data, holder.enter(der::sequence, "CMS SignedData"));
  TRY_VOID(holder.end("CMS content"));
  return signed_data;
}

bool is_strong(const X509_ALGOR* digest) {
  const ASN1_OBJECT* id = nullptr;
  X509_ALGOR_get0(&id, nullptr, nullptr, digest);
  const int nid = OBJ_obj2nid(id);
  return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

Result<void> check_signers(CMS_ContentInfo* cms) {
  const STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(cms);
  const int count = signers ? sk_CMS_SignerInfo_num(signers) : 0;
  if (count < 1 || count > signers_max) return refuse("must have 1 to 4 signers");
  for (int i = 0; i < count; ++i) {
    X509_ALGOR* digest = nullptr;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, i), nullptr, nullptr, &digest,
                             nullptr);
    if (!is_strong(digest)) return refuse("a signer's digest is not SHA-256, SHA-384 or SHA-512");
  }
  return {};
}

Result<CmsHandle> read_signed_data(ByteView cms_der) {
  if (cms_der.size() > cms_bytes_max) return refuse("longer than 64 KiB");
  const std::uint8_t* at = cms_der.data();
  CmsHandle cms{d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(cms_der.size()))};
  if (!cms || at != cms_der.data() + cms_der.size()) return refuse("not one CMS structure");
  if (OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) return refuse("not a SignedData");
  TRY_VOID(check_signers(cms.get()));
  return cms;
}

// `in` is the content if it is detached, and `out` takes it if it is not.
Result<void> verify(CMS_ContentInfo* cms, BIO* in, BIO* out, std::span<const Certificate> anchors,
                    Instant now) {
  TRY(const StoreHandle store, store_of(anchors, X509_PURPOSE_ANY, now));
  if (CMS_verify(cms, nullptr, store.get(), in, out, CMS_BINARY) == 1) return {};
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return fail(Fault::unauthorized,
              std::string("CMS: the signature is not accepted: ") + (reason ? reason : "it fails"));
}

// Only after verify(), which finds the certificate that belongs to the signature.
Result<Certificate> signer_of(CMS_ContentInfo* cms) {
  const std::unique_ptr<STACK_OF(X509), FreeShallow> signers{CMS_get0_signers(cms)};
  if (!signers || sk_X509_num(signers.get()) != 1) return refuse("must have one signer");
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(sk_X509_value(signers.get(), 0), &der);
  if (size <= 0) return refuse("the signer's certificate has no encoding");
  const Bytes octets(der, der + size);
  OPENSSL_free(der);
  return parse_certificate(octets);
}

std::string dotted(const ASN1_OBJECT* id) {
  return der::dotted({OBJ_get0_data(id), OBJ_length(id)});
}

}  // namespace

Result<Bytes> make_certs_only(std::span<const Bytes> certificates_der) {
  if (certificates_der.empty()) return refuse("no certificate to put into it");
  der::Writer out;
  out.nest(der::sequence, [&] {
    out.object(bytes_of(signed_data_id));
    out.nest(der::context_constructed(0), [&] {
      out.nest(der::sequence, [&] {
        out.number(1);
        out.nest(der::set, [] {});  // no digest algorithms
        out.nest(der::sequence, [&] { out.object(bytes_of(data_id)); });
        out.nest(der::context_constructed(0), [&] {
          for (const Bytes& der : certificates_der) out.raw(der);
        });
        out.nest(der::set, [] {});  // no signers
      });
    });
  });
  return out.take();
}

Result<std::vector<Certificate>> parse_certs_only(ByteView der) {
  if (der.size() > cms_bytes_max) return refuse("longer than 64 KiB");
  TRY(auto signed_data, enter_signed_data(der));
  TRY_VOID(signed_data.small_number("CMS version"));
  TRY_VOID(signed_data.read(der::set, "CMS digestAlgorithms"));
  TRY_VOID(signed_data.read(der::sequence, "CMS encapContentInfo"));
  TRY(auto out, read_certificates(signed_data));
  if (signed_data.next_is(der::context_constructed(1)))
    TRY_VOID(signed_data.read(der::context_constructed(1), "CMS crls"));
  TRY(const der::Element signers, signed_data.read(der::set, "CMS signerInfos"));
  if (!signers.content.empty()) return refuse("has signers where only certificates belong");
  TRY_VOID(signed_data.end("CMS SignedData"));
  return out;
}

Result<void> verify_detached(ByteView content, ByteView cms_der,
                             std::span<const Certificate> anchors, Instant now) {
  if (content.size() > content_bytes_max) return refuse("content longer than 64 MiB");
  const QuietErrors quiet;
  TRY(const CmsHandle cms, read_signed_data(cms_der));
  if (CMS_is_detached(cms.get()) != 1) return refuse("the signature is not a detached one");
  const BioHandle in{
      BIO_new_mem_buf(content.empty() ? "" : static_cast<const void*>(content.data()),
                      static_cast<int>(content.size()))};
  if (!in) throw std::bad_alloc();
  return verify(cms.get(), in.get(), nullptr, anchors, now);
}

Result<SignedContent> verify_enveloping(ByteView cms_der, std::string_view content_type,
                                        std::span<const Certificate> anchors, Instant now) {
  const QuietErrors quiet;
  TRY(const CmsHandle cms, read_signed_data(cms_der));
  if (CMS_is_detached(cms.get()) == 1) return refuse("holds no content");
  const std::string type = dotted(CMS_get0_eContentType(cms.get()));
  if (type != content_type)
    return refuse("holds content of type " + type + " where " + std::string(content_type) +
                  " belongs");
  if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms.get())) != 1)
    return refuse("must have one signer");
  const BioHandle out{BIO_new(BIO_s_mem())};
  if (!out) throw std::bad_alloc();
  TRY_VOID(verify(cms.get(), nullptr, out.get(), anchors, now));
  TRY(Certificate signer, signer_of(cms.get()));
  char* content = nullptr;
  const long size = BIO_get_mem_data(out.get(), &content);
  if (size <= 0) return refuse("holds no content");
  return SignedContent{Bytes(content, content + size), std::move(signer)};
}

}  // namespace muster::crypto
