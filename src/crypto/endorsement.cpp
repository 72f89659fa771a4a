#include "crypto/endorsement.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <new>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/internal/algorithm.h"
#include "crypto/internal/chain.h"
#include "crypto/internal/pem.h"
#include "crypto/internal/tpm_algorithm.h"
#include "crypto/internal/utf8.h"

namespace muster::crypto::tpm {
namespace {

using namespace std::literals;

constexpr int depth_max = 8;
constexpr int security_level = 2;  // 112 bits: no SHA-1, no RSA below 2048
constexpr std::size_t sent_max = 8;
constexpr std::size_t attribute_bytes_max = 64;
constexpr int names_max = 64;

constexpr auto kp_ek_certificate = "2.23.133.8.1"sv;
constexpr auto rsa_encryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;

using NamesHandle = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using UsageHandle = Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

std::unexpected<Error> refused(const std::string& why) {
  return fail(Fault::invalid, "endorsement certificate: " + why);
}

Result<X509Handle> open_x509(ByteView der, std::size_t bytes_max) {
  if (der.size() > bytes_max) return refused("more than " + std::to_string(bytes_max) + " octets");
  const std::uint8_t* at = der.data();
  X509Handle out{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
  if (!out) return refused("no X.509 certificate in DER");
  if (at != der.data() + der.size())
    return refused("octets follow where it should end; leave out the padding of the NV index");
  return out;
}

std::string oid_text(const ASN1_OBJECT* object) {
  char text[64];
  const int size = OBJ_obj2txt(text, sizeof text, object, 1);
  return size > 0 && size < static_cast<int>(sizeof text) ? std::string(text) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const BioHandle out{BIO_new(BIO_s_mem())};
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) throw std::bad_alloc();
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<Instant> instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return refused("a time of its validity is not one");
  const std::chrono::year_month_day day{std::chrono::year(parts.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  return Instant(std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(parts.tm_hour) +
                 std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec));
}

// --- The key ----------------------------------------------------------------------------------

Result<Bytes> read_modulus(ByteView bits) {
  TRY(auto rsa, der::enter_only(bits, der::sequence, "RSA key of the endorsement certificate"));
  TRY(const ByteView modulus, rsa.number("RSA modulus of the endorsement certificate"));
  TRY(const std::uint64_t exponent,
      rsa.small_number("RSA exponent of the endorsement certificate"));
  TRY_VOID(rsa.end("RSA key of the endorsement certificate"));
  if (modulus.size() != 256 || !(modulus.front() & 0x80))
    return refused("its RSA key is not of 2048 bits; accepted are RSA-2048, P-256 and P-384");
  if (exponent != 65537) return refused("the exponent of its RSA key is not 65537");
  return Bytes(modulus.begin(), modulus.end());
}

Result<void> read_key(X509* x509, EndorsementCertificate& out) {
  std::uint8_t* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &encoded);
  if (size <= 0) return refused("its key has no encoding");
  const Bytes spki_der(encoded, encoded + size);
  OPENSSL_free(encoded);
  TRY(auto spki, der::enter_only(spki_der, der::sequence, "key of the endorsement certificate"));
  TRY(auto identifier, spki.enter(der::sequence, "key of the endorsement certificate"));
  TRY(const ByteView id, identifier.object("key of the endorsement certificate"));
  if (text_of(id) == rsa_encryption) {
    TRY(const ByteView bits, spki.whole_bits("key of the endorsement certificate"));
    TRY(const Bytes modulus, read_modulus(bits));
    out.kind = Kind::rsa2048;
    out.spki = spki_of(out.kind, modulus);
  } else {
    const auto key = read_subject_key(spki_der);
    if (!key) return refused(key.error().message + ", and RSA-2048");
    if (key->algorithm == Algorithm::ed25519)
      return refused("its key is Ed25519; accepted are RSA-2048, P-256 and P-384");
    out.kind = key->algorithm == Algorithm::ecdsa_p384 ? Kind::ecc_p384 : Kind::ecc_p256;
    out.spki = spki_of(out.kind, key->point);
  }
  out.fingerprint = sha256(out.spki);
  return {};
}

// --- Extensions -------------------------------------------------------------------------------

Result<void> check_extensions(X509* x509) {
  const int count = X509_get_ext_count(x509);
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    if (X509_get_ext_by_OBJ(x509, object, i) != -1)
      return refused("the extension " + oid_text(object) + " is there twice");
    if (X509_EXTENSION_get_critical(extension) && X509_supported_extension(extension) != 1)
      return refused("the critical extension " + oid_text(object) + " is not known");
  }
  return {};
}

Result<void> check_purpose(X509* x509, Kind kind) {
  const std::uint32_t flags = X509_get_extension_flags(x509);
  if (flags & EXFLAG_INVALID) return refused("an extension of it is malformed");
  if (flags & EXFLAG_CA) return refused("it is of a CA");
  if (flags & EXFLAG_KUSAGE) {
    const std::uint32_t needed = kind == Kind::rsa2048 ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
    if (!(X509_get_key_usage(x509) & needed))
      return refused(kind == Kind::rsa2048 ? "its key usage lacks keyEncipherment"
                                           : "its key usage lacks keyAgreement");
  }
  const UsageHandle usages{static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(x509, NID_ext_key_usage, nullptr, nullptr))};
  for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i)
    if (oid_text(sk_ASN1_OBJECT_value(usages.get(), i)) == kp_ek_certificate) return {};
  return refused("its extended key usage lacks 2.23.133.8.1, tcg-kp-EKCertificate");
}

Result<std::string> attribute_text(const X509_NAME_ENTRY* entry, const char* what) {
  std::uint8_t* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return refused(std::string(what) + " of the TPM is no text");
  std::string out(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  if (out.empty() || out.size() > attribute_bytes_max || !is_printable_utf8(out))
    return refused(std::string(what) + " of the TPM is not 1 to 64 octets of printable text");
  return out;
}

Result<void> read_tpm_name(const X509_NAME* name, EndorsementCertificate& out) {
  struct Wanted {
    std::string_view oid;
    const char* what;
    std::string& value;
  };
  const Wanted wanted[] = {{"2.23.133.2.1"sv, "the manufacturer", out.manufacturer},
                           {"2.23.133.2.2"sv, "the model", out.model},
                           {"2.23.133.2.3"sv, "the version", out.version}};
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const std::string oid = oid_text(X509_NAME_ENTRY_get_object(entry));
    for (const Wanted& one : wanted) {
      if (one.oid != oid) continue;
      if (!one.value.empty()) return refused(std::string(one.what) + " of the TPM is there twice");
      TRY(one.value, attribute_text(entry, one.what));
    }
  }
  return {};
}

Result<void> read_alternative_name(X509* x509, EndorsementCertificate& out) {
  const NamesHandle names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr))};
  if (!names) return refused("no alternative name says which TPM it is of");
  if (sk_GENERAL_NAME_num(names.get()) > names_max) return refused("too many alternative names");
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DIRNAME) TRY_VOID(read_tpm_name(name->d.directoryName, out));
  }
  if (out.manufacturer.empty() || out.model.empty() || out.version.empty())
    return refused(
        "its alternative name lacks the TPM's manufacturer (2.23.133.2.1), model (.2) "
        "or version (.3)");
  return {};
}

// --- The chain --------------------------------------------------------------------------------

using StackHandle = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) {
                                      sk_X509_free(stack);
                                    })>;  // its certificates belong to someone else

Result<std::vector<X509Handle>> open_all(std::span<const Bytes> all) {
  std::vector<X509Handle> out;
  for (const Bytes& der : all) {
    TRY(X509Handle x509, open_x509(der, certificate_bytes_max));
    out.push_back(std::move(x509));
  }
  return out;
}

void push_all(STACK_OF(X509) * stack, const std::vector<X509Handle>& all) {
  for (const X509Handle& one : all)
    if (sk_X509_push(stack, one.get()) <= 0) throw std::bad_alloc();
}

}  // namespace

Result<EndorsementCertificate> parse_endorsement_certificate(ByteView der) {
  const QuietErrors quiet;
  TRY(const X509Handle x509, open_x509(der, endorsement_bytes_max));
  if (X509_get_version(x509.get()) != X509_VERSION_3) return refused("it is not of version 3");
  EndorsementCertificate out;
  TRY_VOID(check_extensions(x509.get()));
  TRY_VOID(read_key(x509.get(), out));
  TRY_VOID(check_purpose(x509.get(), out.kind));
  TRY_VOID(read_alternative_name(x509.get(), out));
  TRY(out.not_before, instant_of(X509_get0_notBefore(x509.get())));
  TRY(out.not_after, instant_of(X509_get0_notAfter(x509.get())));
  out.subject = name_text(X509_get_subject_name(x509.get()));
  out.issuer = name_text(X509_get_issuer_name(x509.get()));
  out.der.assign(der.begin(), der.end());
  return out;
}

struct VendorAnchors::State {
  StoreHandle store;
  std::vector<X509Handle> intermediates;
};

VendorAnchors::VendorAnchors(std::unique_ptr<const State> state) : state_(std::move(state)) {}
VendorAnchors::VendorAnchors(VendorAnchors&&) noexcept = default;
VendorAnchors& VendorAnchors::operator=(VendorAnchors&&) noexcept = default;
VendorAnchors::~VendorAnchors() = default;

Result<VendorAnchors> VendorAnchors::from_pem(std::string_view anchors,
                                              std::string_view intermediates) {
  const QuietErrors quiet;
  auto state = std::make_unique<State>();
  state->store.reset(X509_STORE_new());
  if (!state->store) throw std::bad_alloc();
  TRY(const auto anchors_der, crypto::from_pem(anchors, "CERTIFICATE", anchors_max));
  TRY(const auto opened, open_all(anchors_der));
  for (const X509Handle& anchor : opened) {
    if (X509_check_ca(anchor.get()) != 1)
      return fail(Fault::invalid, "the vendor anchor \"" +
                                      name_text(X509_get_subject_name(anchor.get())) +
                                      "\" is not a CA");
    if (X509_STORE_add_cert(state->store.get(), anchor.get()) != 1) throw std::bad_alloc();
  }
  if (!intermediates.empty()) {
    TRY(const auto intermediates_der, crypto::from_pem(intermediates, "CERTIFICATE", anchors_max));
    TRY(state->intermediates, open_all(intermediates_der));
  }
  return VendorAnchors(std::move(state));
}

Result<void> VendorAnchors::verify(const EndorsementCertificate& certificate, Instant now,
                                   std::span<const Bytes> sent) const {
  if (sent.size() > sent_max) return refused("more than 8 intermediates came with it");
  const QuietErrors quiet;
  TRY(const X509Handle leaf, open_x509(certificate.der, endorsement_bytes_max));
  TRY(const auto more, open_all(sent));
  const StackHandle untrusted{sk_X509_new_null()};
  const StoreContextHandle context{X509_STORE_CTX_new()};
  if (!untrusted || !context) throw std::bad_alloc();
  push_all(untrusted.get(), state_->intermediates);
  push_all(untrusted.get(), more);
  if (X509_STORE_CTX_init(context.get(), state_->store.get(), leaf.get(), untrusted.get()) != 1)
    throw std::bad_alloc();
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(parameters, depth_max);
  X509_VERIFY_PARAM_set_auth_level(parameters, security_level);
  X509_VERIFY_PARAM_set_time(
      parameters, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (X509_verify_cert(context.get()) == 1) return {};
  return fail(Fault::unauthorized,
              std::string("the endorsement certificate does not lead to a trusted TPM vendor: ") +
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

Result<void> check_endorsed(const EndorsementCertificate& certificate,
                            const PublicArea& endorsement_key) {
  if (!endorsement_key.has(restricted) || !endorsement_key.has(decrypt) ||
      endorsement_key.has(sign))
    return fail(Fault::unauthorized, "the endorsement key is not a restricted decryption key");
  if (certificate.spki == endorsement_key.spki()) return {};
  return fail(Fault::unauthorized,
              "the endorsement certificate is of another key than the one given");
}

}  // namespace muster::crypto::tpm
