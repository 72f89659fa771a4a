#include "crypto/internal/tpm_attest.h"

#include <algorithm>
#include <new>

#include "crypto/internal/der.h"
#include "crypto/internal/tpm_algorithm.h"
#include "crypto/internal/tpm_reader.h"

namespace muster::crypto::tpm {
namespace {

constexpr std::uint32_t generated_by_tpm = 0xff544347;  // TPM_GENERATED_VALUE: 0xff "TCG"
constexpr std::size_t name_bytes_max = 66;              // the longest hash, and its algorithm
constexpr std::size_t extra_bytes_max = 66;
constexpr std::size_t digest_bytes_max = 64;
constexpr std::size_t scalar_bytes_max = 48;
constexpr std::size_t rsa_signature_bytes = 256;

const char* statement_name(std::uint16_t type) {
  switch (type) {
    case 0x8014:
      return "a statement about NV contents";
    case 0x8015:
      return "a command audit";
    case 0x8016:
      return "a session audit";
    case 0x8017:
      return "a certify statement";
    case 0x8018:
      return "a quote";
    case 0x8019:
      return "a statement of the time";
    case 0x801a:
      return "a statement of creation";
  }
  return "of no known type";
}

Result<void> read_clock(Reader& in, Attest& out) {
  TRY(out.clock.clock, in.u64("clock of the attest"));
  TRY(out.clock.reset_count, in.u32("resetCount of the attest"));
  TRY(out.clock.restart_count, in.u32("restartCount of the attest"));
  TRY(const std::uint8_t safe, in.u8("safe of the attest"));
  if (safe > 1) return fail(Fault::invalid, "safe of the attest is neither yes nor no");
  out.clock.safe = safe == 1;
  TRY(out.firmware_version, in.u64("firmwareVersion of the attest"));
  return {};
}

// TPML_PCR_SELECTION of one bank.
Result<Selection> read_selection(Reader& in) {
  TRY(const std::uint32_t banks, in.u32("PCR selection of the quote"));
  if (banks != 1)
    return fail(Fault::invalid,
                "PCR selection of the quote: " + std::to_string(banks) + " banks; accepted is one");
  Selection out;
  TRY(out.bank, read_hash(in, "PCR bank of the quote"));
  TRY(const std::uint8_t size, in.u8("PCR selection of the quote"));
  if (size < 3 || size > 4)
    return fail(Fault::invalid, "PCR selection of the quote has " + std::to_string(size) +
                                    " octets; accepted are 3 and 4");
  TRY(const ByteView map, in.octets(size, "PCR selection of the quote"));
  for (std::size_t i = 0; i < map.size(); ++i) out.registers |= std::uint32_t{map[i]} << 8 * i;
  if (out.registers >> registers_max != 0)
    return fail(Fault::invalid, "PCR selection of the quote: a register above 23");
  return out;
}

void write_der_signature(der::Writer& out, ByteView r, ByteView s) {
  out.nest(der::sequence, [&] {
    out.number(r);
    out.number(s);
  });
}

bool verify_rsa(const PublicArea& key, ByteView message, const Signature& signature) {
  const auto opened = open_key(key);
  const DigestContextHandle context{EVP_MD_CTX_new()};
  if (!context) throw std::bad_alloc();
  return opened &&
         EVP_DigestVerifyInit(context.get(), nullptr, message_digest(signature.hash), nullptr,
                              opened->get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.value.data(), signature.value.size(),
                          message.data(), message.size()) == 1;
}

Result<void> verify_signature(const PublicArea& key, ByteView attest, ByteView octets) {
  TRY(const Signature signature, parse_signature(octets));
  if (signature.scheme != key.scheme || signature.hash != key.scheme_hash)
    return fail(Fault::unauthorized, "the signature is not by the scheme of the attestation key");
  const QuietErrors quiet;
  bool holds = false;
  if (key.kind == Kind::rsa2048) {
    holds = verify_rsa(key, attest, signature);
  } else {
    TRY(const PublicKey signer, key.signing_key());
    holds =
        signer.verify(attest, signature.value,
                      signature.hash == HashAlgorithm::sha384 ? Digest::sha384 : Digest::sha256);
  }
  if (holds) return {};
  return fail(Fault::unauthorized, "the signature over the attest is not by the attestation key");
}

// What a quote and a certify statement have in common, cheapest first.
Result<Attest> read_statement(const PublicArea& key, ByteView attest, ByteView nonce,
                              Statement expected) {
  TRY_VOID(check_attestation_key(key));
  if (nonce.empty() || nonce.size() > nonce_bytes_max)
    return fail(Fault::invalid, "a nonce has 1 to 64 octets");
  TRY(const Attest out, parse_attest(attest, expected));
  if (!equal_in_constant_time(out.extra, nonce))
    return fail(Fault::unauthorized,
                "the attest is over another nonce: it answers no question "
                "that was asked, or one that was asked before");
  return out;
}

}  // namespace

Result<Attest> parse_attest(ByteView octets, Statement expected) {
  if (octets.size() > attest_bytes_max)
    return fail(Fault::invalid, "attest: more than 1024 octets");
  Reader in(octets);
  TRY(const std::uint32_t magic, in.u32("magic of the attest"));
  if (magic != generated_by_tpm)
    return fail(Fault::unauthorized, "the attest does not begin as what a TPM makes itself");
  TRY(const std::uint16_t type, in.u16("type of the attest"));
  if (type != static_cast<std::uint16_t>(expected))
    return fail(Fault::unauthorized, std::string("the attest is ") + statement_name(type) +
                                         "; asked for was " +
                                         statement_name(static_cast<std::uint16_t>(expected)));
  Attest out;
  out.type = expected;
  TRY_VOID(in.sized(name_bytes_max, "qualifiedSigner of the attest"));
  TRY(out.extra, in.sized(extra_bytes_max, "extraData of the attest"));
  TRY_VOID(read_clock(in, out));
  if (expected == Statement::quote) {
    TRY(out.selection, read_selection(in));
    TRY(out.pcr_digest, in.sized(digest_bytes_max, "pcrDigest of the quote"));
  } else {
    TRY(out.name, in.sized(name_bytes_max, "name of the certify statement"));
    TRY_VOID(in.sized(name_bytes_max, "qualifiedName of the certify statement"));
  }
  TRY_VOID(in.end("attest"));
  return out;
}

Result<Signature> parse_signature(ByteView octets) {
  if (octets.size() > signature_bytes_max)
    return fail(Fault::invalid, "TPMT_SIGNATURE: more than 512 octets");
  Reader in(octets);
  TRY(const std::uint16_t scheme, in.u16("scheme of the signature"));
  Signature out;
  out.scheme = static_cast<Scheme>(scheme);
  if (out.scheme != Scheme::ecdsa && out.scheme != Scheme::rsassa)
    return fail(Fault::invalid, "scheme of the signature is " + algorithm_name(scheme) +
                                    "; accepted are ECDSA and RSASSA");
  TRY(out.hash, read_hash(in, "hash of the signature"));
  if (out.scheme == Scheme::rsassa) {
    TRY(const ByteView value, in.sized(rsa_signature_bytes, "RSA signature"));
    out.value.assign(value.begin(), value.end());
  } else {
    TRY(const ByteView r, in.sized(scalar_bytes_max, "r of the signature"));
    TRY(const ByteView s, in.sized(scalar_bytes_max, "s of the signature"));
    der::Writer der;
    write_der_signature(der, r, s);
    out.value = der.take();
  }
  TRY_VOID(in.end("TPMT_SIGNATURE"));
  return out;
}

Result<Quoted> verify_quote(const PublicArea& attestation_key, ByteView attest, ByteView signature,
                            ByteView nonce, const Selection& selection) {
  TRY(const Attest read, read_statement(attestation_key, attest, nonce, Statement::quote));
  if (read.selection != selection)
    return fail(Fault::unauthorized,
                "the quote is over " + show(read.selection) + "; asked for was " + show(selection));
  TRY_VOID(verify_signature(attestation_key, attest, signature));
  if (read.pcr_digest.size() != digest_octets(attestation_key.scheme_hash))
    return fail(Fault::invalid, "pcrDigest of the quote is no digest of the key's scheme");
  return Quoted{.selection = selection,
                .pcr_digest = Bytes(read.pcr_digest.begin(), read.pcr_digest.end()),
                .digest_algorithm = attestation_key.scheme_hash,
                .clock = read.clock,
                .firmware_version = read.firmware_version};
}

Bytes pcr_digest(std::span<const Bytes> values, HashAlgorithm hash) {
  Bytes joined;
  for (const Bytes& value : values) write_octets(joined, value);
  return hashed(hash, joined);
}

Result<void> check_pcr_values(const Quoted& quoted, std::span<const Bytes> values) {
  if (values.size() != quoted.selection.count())
    return fail(Fault::invalid, std::to_string(values.size()) + " PCR values for a quote over " +
                                    show(quoted.selection));
  const std::size_t width = digest_octets(quoted.selection.bank);
  if (!std::all_of(values.begin(), values.end(),
                   [&](const Bytes& value) { return value.size() == width; }))
    return fail(Fault::invalid, std::string("a PCR value is no digest of the bank ") +
                                    name_of(quoted.selection.bank));
  if (equal_in_constant_time(pcr_digest(values, quoted.digest_algorithm), quoted.pcr_digest))
    return {};
  return fail(Fault::unauthorized, "the PCR values are not those that were quoted");
}

Result<void> verify_certify(const PublicArea& attestation_key, ByteView attest, ByteView signature,
                            ByteView nonce, const PublicArea& certified,
                            const PublicKey& expected) {
  TRY(const Attest read, read_statement(attestation_key, attest, nonce, Statement::certify));
  if (!equal_in_constant_time(read.name, certified.name))
    return fail(Fault::unauthorized,
                "the certify statement is about another object than the public area given");
  TRY_VOID(verify_signature(attestation_key, attest, signature));
  static constexpr std::pair<Attribute, const char*> required[] = {
      {fixed_tpm, "fixedTPM"}, {sensitive_data_origin, "sensitiveDataOrigin"}, {sign, "sign"}};
  for (const auto& [attribute, name] : required)
    if (!certified.has(attribute))
      return fail(Fault::unauthorized, std::string("the certified key is not ") + name);
  TRY(const PublicKey key, certified.signing_key());
  if (key.spki() == expected.spki()) return {};
  return fail(Fault::unauthorized,
              "the certified key is not the key that the request asks a certificate for");
}

}  // namespace muster::crypto::tpm
