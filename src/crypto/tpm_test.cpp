#include "crypto/tpm.h"

#include <catch2/catch.hpp>

#include "crypto/internal/test_refusals.h"
#include "crypto/internal/test_tpm_recorded.h"
#include "crypto/test_software_tpm.h"

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

namespace {

PublicArea area_of(std::string_view base64) {
  return expect(parse_public(recorded::octets(base64)));
}

Bytes nonce() {
  return expect(from_hex(recorded::quote_nonce));
}
Bytes certify_nonce() {
  return expect(from_hex(recorded::certify_nonce));
}

std::vector<Bytes> recorded_values() {
  const Bytes joined = recorded::octets(recorded::pcr_values);
  std::vector<Bytes> out;
  for (std::size_t at = 0; at < joined.size(); at += 32)
    out.emplace_back(joined.begin() + static_cast<long>(at),
                     joined.begin() + static_cast<long>(at + 32));
  return out;
}

const Selection measured = selection_of({0, 1, 7, 8});

struct Recording {
  std::string_view area, quote, quote_signature, certify, certify_signature;
};
const Recording recordings[] = {
    {recorded::p256_area, recorded::p256_quote, recorded::p256_quote_signature,
     recorded::p256_certify, recorded::p256_certify_signature},
    {recorded::p384_area, recorded::p384_quote, recorded::p384_quote_signature,
     recorded::p384_certify, recorded::p384_certify_signature},
    {recorded::rsa_area, recorded::rsa_quote, recorded::rsa_quote_signature, recorded::rsa_certify,
     recorded::rsa_certify_signature},
};

// An attestation key in software, and what it signs.
struct Witness {
  explicit Witness(Algorithm algorithm = Algorithm::ecdsa_p256,
                   std::uint32_t attributes = attestation_attributes)
      : key(expect(FileKey::generate(algorithm))),
        area(expect(parse_public(signing_area(key.public_key(), attributes)))) {}

  Result<Quoted> quote(const Bytes& attest) const {
    return verify_quote(area, attest, tpm_signature(key, attest), nonce(), measured);
  }

  FileKey key;
  PublicArea area;
};

}  // namespace

TEST_CASE("the keys of a real TPM are read, with the names it gives them") {
  const PublicArea rsa = area_of(recorded::rsa_endorsement_area);
  CHECK(rsa.kind == Kind::rsa2048);
  CHECK(rsa.aes_bits == 128);
  CHECK(rsa.name_algorithm == HashAlgorithm::sha256);
  CHECK(rsa.has(restricted));
  CHECK(rsa.has(decrypt));
  CHECK_FALSE(rsa.has(sign));
  CHECK(rsa.policy.size() == 32);
  CHECK(mentions(why(rsa.signing_key()), "RSA-2048"));

  const PublicArea ecc = area_of(recorded::p384_endorsement_area);
  CHECK(ecc.kind == Kind::ecc_p384);
  CHECK(ecc.aes_bits == 256);
  CHECK(ecc.name_algorithm == HashAlgorithm::sha384);
  CHECK(ecc.name.size() == 50);

  const PublicArea tls = area_of(recorded::tls_area);
  CHECK(tls.kind == Kind::ecc_p256);
  CHECK(tls.scheme == Scheme::ecdsa);
  CHECK(expect(tls.signing_key()).spki() == tls.spki());
  CHECK(tls.fingerprint() == sha256(tls.spki()));
  // The name is what the TPM itself says in the certify statement: 34 octets at 75 of it.
  const Bytes certify = recorded::octets(recorded::p256_certify);
  CHECK(text_of(ByteView(certify).subspan(75, 34)) == text_of(tls.name));
}

TEST_CASE("a public area is read to its last octet and no further") {
  for (std::string_view recording :
       {recorded::rsa_endorsement_area, recorded::p384_endorsement_area, recorded::tls_area}) {
    const Bytes whole = recorded::octets(recording);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(parse_public(ByteView(whole).first(size)));
      if (size < 2) continue;
      Bytes resized(whole.begin(), whole.begin() + static_cast<long>(size));
      resized[0] = static_cast<std::uint8_t>((size - 2) >> 8);
      resized[1] = static_cast<std::uint8_t>(size - 2);
      CHECK_FALSE(parse_public(resized));
    }
    Bytes longer = whole;
    longer.push_back(0);
    CHECK(mentions(why(parse_public(longer)), "follow"));
  }
  CHECK(mentions(why(parse_public(Bytes(700, 0xff))), "at most 512"));
}

TEST_CASE("keys that are not accepted are refused by name") {
  const Bytes tls = recorded::octets(recorded::tls_area);
  const auto with = [&](std::size_t at, std::uint8_t octet) {
    Bytes changed = tls;
    changed[at] = octet;
    return why(parse_public(changed));
  };
  CHECK(mentions(with(3, 0x08), "a keyed hash"));
  CHECK(mentions(with(3, 0x25), "a symmetric cipher"));
  CHECK(mentions(with(5, 0x04), "SHA-1"));
  CHECK(mentions(with(13, 0x13), "SM4"));
  CHECK(mentions(with(15, 0x1a), "ECDAA"));
  CHECK(mentions(with(17, 0x0d), "SHA-512"));
  CHECK(mentions(with(19, 0x05), "P-521"));
  CHECK(mentions(with(19, 0x10), "BN-256"));
  CHECK(mentions(with(21, 0x07), "key derivation"));
  Bytes off = tls;
  off.back() ^= 1;  // a point that is not on the curve
  CHECK(mentions(why(expect(parse_public(off)).signing_key()), "not on the curve"));

  const Bytes rsa = recorded::octets(recorded::rsa_area);
  Bytes changed = rsa;
  changed[18] = 0x10;  // 4096 bits
  CHECK(mentions(why(parse_public(changed)), "RSA-4096"));
  changed = rsa;
  changed[23] = 3;  // exponent
  CHECK(mentions(why(parse_public(changed)), "exponent"));
  changed = rsa;
  changed[26] = 0;  // a modulus of fewer bits
  CHECK(mentions(why(parse_public(changed)), "2048 bits"));
}

TEST_CASE("a coordinate without its leading zeros is the same key under another name") {
  FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  while (ByteView(key.public_key().spki()).last(64)[0] != 0)
    key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const Bytes full = signing_area(key.public_key(), tls_attributes);
  Bytes shorter(full.begin(), full.end() - 68);
  const ByteView coordinates = ByteView(key.public_key().spki()).last(64);
  shorter =
      Marshalled{shorter}.sized(coordinates.subspan(1, 31)).sized(coordinates.last(32)).octets;
  shorter[1] = static_cast<std::uint8_t>(shorter.size() - 2);
  CHECK(expect(parse_public(shorter)).spki() == key.public_key().spki());
  CHECK(expect(parse_public(shorter)).name != expect(parse_public(full)).name);
}

TEST_CASE("an attestation key that lacks one attribute is refused with its name") {
  for (const Recording& one : recordings)
    CHECK(why(check_attestation_key(area_of(one.area))) == "accepted");
  const std::pair<std::uint32_t, const char*> required[] = {
      {restricted, "restricted"},
      {fixed_tpm, "fixedTPM"},
      {fixed_parent, "fixedParent"},
      {sensitive_data_origin, "sensitiveDataOrigin"},
      {sign, "sign"}};
  for (const auto& [attribute, name] : required) {
    const Witness without(Algorithm::ecdsa_p256, attestation_attributes & ~attribute);
    CHECK(mentions(why(check_attestation_key(without.area)), std::string("not ") + name));
    CHECK(check_attestation_key(without.area).error().fault == Fault::unauthorized);
  }
  const Witness both(Algorithm::ecdsa_p256, attestation_attributes | decrypt);
  CHECK(mentions(why(check_attestation_key(both.area)), "decrypt"));
  const PublicArea no_scheme =
      expect(parse_public(signing_area(both.key.public_key(), attestation_attributes, false)));
  CHECK(mentions(why(check_attestation_key(no_scheme)), "scheme"));
  CHECK(mentions(why(check_attestation_key(area_of(recorded::tls_area))), "not restricted"));
}

TEST_CASE("only the TPM with the endorsement key and the named key opens a challenge") {
  SystemRandom random;
  const Bytes name = area_of(recorded::p256_area).name;
  for (const Kind kind : {Kind::rsa2048, Kind::ecc_p256, Kind::ecc_p384}) {
    INFO(name_of(kind));
    const SoftwareTpm device(kind), other(kind);
    const PublicArea key = expect(parse_public(device.endorsement_area()));
    const std::size_t longest = digest_octets(key.name_algorithm);
    for (const std::size_t size : {std::size_t{1}, std::size_t{16}, longest}) {
      const Bytes secret(size, 0x42);
      const Challenge challenge = expect(make_credential(key, name, secret, random));
      CHECK(expect(device.activate(challenge, name)) == secret);
      CHECK_FALSE(other.activate(challenge, name));
      CHECK_FALSE(device.activate(challenge, area_of(recorded::p384_area).name));
      Challenge changed = challenge;
      changed.id_object.back() ^= 1;
      CHECK_FALSE(device.activate(changed, name));
    }
    const Bytes secret(16, 0x42);
    const Challenge first = expect(make_credential(key, name, secret, random));
    const Challenge again = expect(make_credential(key, name, secret, random));
    CHECK(first.encrypted_secret != again.encrypted_secret);
    CHECK(first.id_object != again.id_object);
    CHECK(mentions(why(make_credential(key, name, Bytes(longest + 1), random)), "octets"));
    CHECK(mentions(why(make_credential(key, name, {}, random)), "octets"));
  }
}

TEST_CASE("many challenges under curves open, whatever zeros their points begin with") {
  SystemRandom random;
  const Bytes name = area_of(recorded::p256_area).name, secret(32, 0x17);
  for (int i = 0; i < 300; ++i) {
    const SoftwareTpm device(Kind::ecc_p256);
    const PublicArea key = expect(parse_public(device.endorsement_area()));
    REQUIRE(expect(device.activate(expect(make_credential(key, name, secret, random)), name)) ==
            secret);
  }
}

TEST_CASE("challenges for the keys of a real TPM have the sizes it takes") {
  SystemRandom random;
  const Bytes name = area_of(recorded::p256_area).name, secret(32, 0x17);
  const Challenge rsa =
      expect(make_credential(area_of(recorded::rsa_endorsement_area), name, secret, random));
  CHECK(rsa.id_object.size() == 2 + (2 + 32) + (2 + 32));
  CHECK(rsa.encrypted_secret.size() == 2 + 256);
  const Challenge ecc =
      expect(make_credential(area_of(recorded::p384_endorsement_area), name, secret, random));
  CHECK(ecc.id_object.size() == 2 + (2 + 48) + (2 + 32));
  CHECK(ecc.encrypted_secret.size() == 2 + 2 * (2 + 48));
}

TEST_CASE("no challenge is made for a key that could not keep it, or for no name") {
  SystemRandom random;
  const Bytes name = area_of(recorded::p256_area).name, secret(32);
  const SoftwareTpm device(Kind::ecc_p256);
  const auto with = [&](std::uint32_t attributes) {
    return why(make_credential(expect(parse_public(device.endorsement_area(attributes))), name,
                               secret, random));
  };
  CHECK(with(endorsement_attributes) == "accepted");
  CHECK(mentions(with(endorsement_attributes & ~restricted), "restricted"));
  CHECK(mentions(with(endorsement_attributes & ~decrypt), "decryption"));
  CHECK(mentions(with(endorsement_attributes | sign), "restricted"));
  CHECK(mentions(with(endorsement_attributes & ~fixed_tpm), "fixedTPM"));
  CHECK(mentions(with(endorsement_attributes & ~sensitive_data_origin), "sensitiveDataOrigin"));
  CHECK(mentions(why(make_credential(area_of(recorded::tls_area), name, secret, random)),
                 "endorsement key"));
  const PublicArea key = expect(parse_public(device.endorsement_area()));
  CHECK_FALSE(make_credential(key, {}, secret, random));
  CHECK_FALSE(make_credential(key, ByteView(name).first(33), secret, random));
  CHECK(mentions(why(make_credential(key, bytes_of("\1\2\3\4"), secret, random)), "accepted are"));
  Bytes off = device.endorsement_area();
  off.back() ^= 1;
  CHECK(mentions(why(make_credential(expect(parse_public(off)), name, secret, random)), "curve"));
}

TEST_CASE("the quotes of a real TPM hold, and so do the register values they are over") {
  for (const Recording& one : recordings) {
    const PublicArea key = area_of(one.area);
    const auto quoted = verify_quote(key, recorded::octets(one.quote),
                                     recorded::octets(one.quote_signature), nonce(), measured);
    REQUIRE(why(quoted) == "accepted");
    CHECK(quoted->clock.clock > 0);
    CHECK(quoted->clock.reset_count == 2);
    CHECK(quoted->clock.restart_count == 0);
    CHECK(quoted->clock.safe);
    CHECK(quoted->firmware_version == 0x2019102300163636);
    CHECK(quoted->digest_algorithm == key.scheme_hash);
    CHECK(why(check_pcr_values(*quoted, recorded_values())) == "accepted");

    auto values = recorded_values();
    values[2][0] ^= 1;
    CHECK(mentions(why(check_pcr_values(*quoted, values)), "not those"));
    CHECK(check_pcr_values(*quoted, values).error().fault == Fault::unauthorized);
    values[2].pop_back();
    CHECK(mentions(why(check_pcr_values(*quoted, values)), "no digest"));
    values.pop_back();
    CHECK(mentions(why(check_pcr_values(*quoted, values)), "3 PCR values"));
    values = recorded_values();
    std::swap(values[0], values[2]);
    CHECK_FALSE(check_pcr_values(*quoted, values));
  }
}

TEST_CASE("no octet of a quote or of its signature can be changed") {
  for (const Recording& one : recordings) {
    const PublicArea key = area_of(one.area);
    const Bytes quote = recorded::octets(one.quote), mark = recorded::octets(one.quote_signature);
    const Bytes certify = recorded::octets(one.certify);
    const Bytes certify_mark = recorded::octets(one.certify_signature);
    const PublicArea tls = area_of(recorded::tls_area);
    const PublicKey tls_key = expect(tls.signing_key());
    const auto changed = [](Bytes octets, std::size_t at) {
      octets[at] ^= 1;
      return octets;
    };
    for (std::size_t at = 0; at < quote.size(); ++at)
      CHECK_FALSE(verify_quote(key, changed(quote, at), mark, nonce(), measured));
    for (std::size_t at = 0; at < mark.size(); ++at)
      CHECK_FALSE(verify_quote(key, quote, changed(mark, at), nonce(), measured));
    for (std::size_t at = 0; at < certify.size(); ++at)
      CHECK_FALSE(
          verify_certify(key, changed(certify, at), certify_mark, certify_nonce(), tls, tls_key));
    for (std::size_t at = 0; at < certify_mark.size(); ++at)
      CHECK_FALSE(
          verify_certify(key, certify, changed(certify_mark, at), certify_nonce(), tls, tls_key));
    for (std::size_t size = 0; size < quote.size(); ++size)
      CHECK_FALSE(verify_quote(key, ByteView(quote).first(size), mark, nonce(), measured));
    for (std::size_t size = 0; size < mark.size(); ++size)
      CHECK_FALSE(verify_quote(key, quote, ByteView(mark).first(size), nonce(), measured));
  }
}

TEST_CASE("a quote that proves nothing is refused, each time in its own words") {
  const PublicArea key = area_of(recorded::p256_area);
  const Bytes quote = recorded::octets(recorded::p256_quote);
  const Bytes mark = recorded::octets(recorded::p256_quote_signature);
  const auto refused = [&](const PublicArea& by, const Bytes& attest, const Bytes& signature,
                           const Bytes& over, const Selection& selection) {
    const auto quoted = verify_quote(by, attest, signature, over, selection);
    REQUIRE_FALSE(quoted);
    CHECK(quoted.error().fault == Fault::unauthorized);
    return quoted.error().message;
  };
  Bytes other_nonce = nonce();
  other_nonce[31] ^= 1;
  CHECK(mentions(refused(key, quote, mark, other_nonce, measured), "another nonce"));
  CHECK(mentions(refused(key, quote, mark, nonce(), selection_of({0, 1, 7})),
                 "over sha256:0,1,7,8; asked for was sha256:0,1,7"));
  Selection other_bank = measured;
  other_bank.bank = HashAlgorithm::sha384;
  CHECK(mentions(refused(key, quote, mark, nonce(), other_bank), "sha384:0,1,7,8"));
  CHECK(mentions(refused(Witness().area, quote, mark, nonce(), measured),
                 "not by the attestation key"));
  CHECK(mentions(refused(area_of(recorded::p384_area), quote, mark, nonce(), measured),
                 "not by the scheme"));
  CHECK(mentions(refused(area_of(recorded::tls_area), quote, mark, nonce(), measured),
                 "not restricted"));
  CHECK(mentions(refused(key, recorded::octets(recorded::p256_certify), mark, nonce(), measured),
                 "is a certify statement; asked for was a quote"));
  Bytes not_a_tpm = quote;
  not_a_tpm[0] = 0xfe;
  CHECK(mentions(refused(key, not_a_tpm, mark, nonce(), measured), "does not begin"));
  CHECK(mentions(why(verify_quote(key, quote, mark, {}, measured)), "a nonce has"));
}

TEST_CASE("what a TPM would never say is refused although the key signed it") {
  const Witness witness;
  const Bytes digest(32, 0x11);
  const Bytes good = quote_attest(nonce(), measured, digest);
  CHECK(why(witness.quote(good)) == "accepted");
  CHECK(expect(witness.quote(good)).pcr_digest == digest);
  CHECK(expect(witness.quote(good)).clock.reset_count == 7);
  CHECK(mentions(why(witness.quote(quote_attest(nonce(), measured, Bytes(20)))), "pcrDigest"));

  Bytes longer = good;
  longer.push_back(0);
  CHECK(mentions(why(witness.quote(longer)), "follow"));
  CHECK(mentions(why(witness.quote(Bytes(2000, 0xff))), "1024"));
  const Bytes head = attest_head(0x8018, nonce());
  const auto over = [&](const Marshalled& selection) {
    return why(witness.quote(Marshalled{head}.raw(selection.octets).sized(digest).octets));
  };
  CHECK(mentions(over(Marshalled().number(0, 4)), "0 banks"));
  CHECK(mentions(over(Marshalled().number(0xffffffff, 4)), "4294967295 banks"));
  CHECK(mentions(over(Marshalled().number(1, 4).number(0x000d, 2)), "SHA-512"));
  CHECK(mentions(over(Marshalled().number(1, 4).number(0x000b, 2).number(255, 1)), "255 octets"));
  CHECK(
      mentions(over(Marshalled().number(1, 4).number(0x000b, 2).number(4, 1).number(0x83010001, 4)),
               "above 23"));
  CHECK(over(Marshalled().number(1, 4).number(0x000b, 2).number(4, 1).number(0x83010000, 4)) ==
        "accepted");
  Bytes unsure = good;
  unsure[6 + 36 + 34 + 16] = 2;  // safe
  CHECK(mentions(why(witness.quote(unsure)), "safe"));
}

TEST_CASE("signatures are read strictly") {
  const Witness witness;
  const Bytes attest = quote_attest(nonce(), measured, Bytes(32));
  const auto by = [&](const Marshalled& signature) {
    return why(verify_quote(witness.area, attest, signature.octets, nonce(), measured));
  };
  const Marshalled ecdsa = Marshalled().number(0x0018, 2);
  CHECK(mentions(by(Marshalled().number(0x0005, 2)), "HMAC"));
  CHECK(mentions(by(Marshalled().number(0x0016, 2)), "RSAPSS"));
  CHECK(mentions(by(Marshalled(ecdsa).number(0x0004, 2)), "SHA-1"));
  CHECK(mentions(by(Marshalled(ecdsa).number(0x000b, 2).sized(Bytes(49))), "at most 48"));
  CHECK(mentions(by(Marshalled(ecdsa).number(0x000b, 2).number(32, 2)), "cut short"));
  CHECK(mentions(by(Marshalled(ecdsa).number(0x000b, 2).sized({}).sized({})),
                 "not by the attestation key"));
  CHECK(mentions(by(Marshalled(ecdsa).number(0x000b, 2).sized(Bytes(32)).sized(Bytes(32))),
                 "not by the attestation key"));
  CHECK(mentions(by(Marshalled{tpm_signature(witness.key, attest)}.number(0, 1)), "follow"));
  CHECK(mentions(by(Marshalled{Bytes(600, 1)}), "512"));
  CHECK(mentions(by(Marshalled().number(0x0014, 2).number(0x000b, 2).sized(Bytes(256, 1))),
                 "not by the scheme"));
}

TEST_CASE("a certify statement of a real TPM ties the key of a request to it") {
  const PublicArea tls = area_of(recorded::tls_area);
  const PublicKey requested = expect(tls.signing_key());
  for (const Recording& one : recordings)
    CHECK(why(verify_certify(area_of(one.area), recorded::octets(one.certify),
                             recorded::octets(one.certify_signature), certify_nonce(), tls,
                             requested)) == "accepted");
}

TEST_CASE("a certify statement that does not cover the request is refused in its own words") {
  const Witness witness;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto certify = [&](const PublicArea& said, const PublicArea& given, const PublicKey& asked,
                           std::uint16_t type = 0x8017) {
    Bytes attest = certify_attest(nonce(), said.name);
    attest[5] = static_cast<std::uint8_t>(type);
    return why(verify_certify(witness.area, attest, tpm_signature(witness.key, attest), nonce(),
                              given, asked));
  };
  const auto with = [&](std::uint32_t attributes) {
    return expect(parse_public(signing_area(key.public_key(), attributes, false)));
  };
  const PublicArea tls = with(tls_attributes);
  CHECK(certify(tls, tls, key.public_key()) == "accepted");
  CHECK(mentions(certify(tls, tls, witness.key.public_key()), "not the key that the request"));
  CHECK(mentions(certify(tls, with(sign | fixed_tpm), key.public_key()), "another object"));
  CHECK(mentions(certify(tls, tls, key.public_key(), 0x8018), "is a quote"));
  CHECK(mentions(certify(tls, tls, key.public_key(), 0x801a), "a statement of creation"));
  const std::pair<std::uint32_t, const char*> required[] = {
      {fixed_tpm, "fixedTPM"}, {sensitive_data_origin, "sensitiveDataOrigin"}, {sign, "sign"}};
  for (const auto& [attribute, name] : required) {
    const PublicArea without = with(tls_attributes & ~attribute);
    CHECK(mentions(certify(without, without, key.public_key()), std::string("not ") + name));
  }
  const PublicArea rsa = area_of(recorded::rsa_area);
  CHECK(mentions(certify(rsa, rsa, key.public_key()), "RSA-2048"));
}

TEST_CASE("selections are written and read as tpm2-tools do") {
  CHECK(show(measured) == "sha256:0,1,7,8");
  CHECK(expect(parse_selection("sha256:0,1,7,8")) == measured);
  CHECK(measured.count() == 4);
  CHECK(show(expect(parse_selection("sha384:10,23"))) == "sha384:10,23");
  for (const char* bad :
       {"", "sha256", "sha256:", "sha1:0", "sha256:24", "sha256:1,0", "sha256:1,1", "sha256:0,",
        "sha256:,0", "sha256:00", "sha256:+1", "sha256:0 ,1", "sha256:4294967296", "sha384"})
    CHECK_FALSE(parse_selection(bad));
}
