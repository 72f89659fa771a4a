#include "crypto/endorsement.h"

#include <algorithm>

#include "crypto/internal/pem.h"
#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"
#include "crypto/internal/test_tpm_recorded.h"
#include "crypto/test_tpm_statements.h"

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

namespace {

const Instant recorded_later = expect(parse_rfc3339("2026-12-01T00:00:00Z"));

std::string recorded_pem(std::string_view base64) {
  return to_pem("CERTIFICATE", recorded::octets(base64));
}

VendorAnchors recorded_vendor() {
  return expect(VendorAnchors::from_pem(recorded_pem(recorded::vendor_root),
                                        recorded_pem(recorded::vendor_issuing)));
}

// A vendor that certifies what a test asks for, made by the openssl command.
class Vendor {
 public:
  Vendor() {
    tool.put("ca.cnf",
             "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n"
             "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
             "subjectKeyIdentifier=hash\n");
    run({"req", "-new", "-x509", "-config", "ca.cnf", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
         "/CN=Vendor Root", "-days", "30"});
  }

  std::string anchor() const { return tool.get("ca.pem"); }
  Instant now() const {
    return expect(parse_endorsement_certificate(made)).not_before + std::chrono::hours(1);
  }

  const Bytes& certify(const std::vector<std::string>& key, const std::string& extensions) {
    tool.put("ek.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
    std::vector<std::string> request{"req",    "-new",  "-config", "ek.cnf", "-nodes", "-keyout",
                                     "ek.key", "-subj", "/",       "-out",   "ek.csr"};
    request.insert(request.end(), key.begin(), key.end());
    run(request);
    tool.put("ext.cnf", extensions);
    run({"x509", "-req", "-in", "ek.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7",
         "-days", "20", "-sha256", "-extfile", "ext.cnf", "-outform", "DER", "-out", "ek.der"});
    return made = tool.get_bytes("ek.der");
  }

  void run(const std::vector<std::string>& arguments) {
    const bool ran = tool.run(arguments);
    INFO(tool.output());
    REQUIRE(ran);
  }

  OpensslTool tool;
  Bytes made;
};

const std::string tpm_names =
    "[tpm]\n1.2.23.133.2.1=id:494E5458\n2.2.23.133.2.2=SLB9670\n3.2.23.133.2.3=id:0D09\n";
const std::string identifier = "authorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\n";
const std::string whole =
    identifier + "extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical,dirName:tpm\n";

std::vector<std::string> rsa(const std::string& bits = "2048") {
  return {"-newkey", "rsa:" + bits};
}
std::vector<std::string> ec(const std::string& curve) {
  return {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve};
}

}  // namespace

TEST_CASE("the endorsement certificates of a real TPM are read and lead to its vendor") {
  const VendorAnchors vendor = recorded_vendor();
  const std::tuple<std::string_view, std::string_view, Kind> both[] = {
      {recorded::rsa_endorsement_certificate, recorded::rsa_endorsement_area, Kind::rsa2048},
      {recorded::p384_endorsement_certificate, recorded::p384_endorsement_area, Kind::ecc_p384}};
  for (const auto& [der, area_base64, kind] : both) {
    const auto certificate = expect(parse_endorsement_certificate(recorded::octets(der)));
    const PublicArea area = expect(parse_public(recorded::octets(area_base64)));
    CHECK(certificate.kind == kind);
    CHECK(certificate.manufacturer == "id:00001014");
    CHECK(certificate.model == "swtpm");
    CHECK(certificate.version == "id:20191023");
    CHECK(certificate.subject == "CN=unknown");
    CHECK(certificate.issuer == "CN=swtpm-localca");
    CHECK(rfc3339(certificate.not_before) == "2026-11-22T08:32:51.000Z");
    CHECK(rfc3339(certificate.not_after) == "9999-12-31T23:59:59.000Z");
    CHECK(certificate.fingerprint == area.fingerprint());
    CHECK(why(check_endorsed(certificate, area)) == "accepted");
    CHECK(why(vendor.verify(certificate, recorded_later)) == "accepted");
  }
}

TEST_CASE("an intermediate may come with the certificate, but proves nothing alone") {
  const auto certificate = expect(
      parse_endorsement_certificate(recorded::octets(recorded::rsa_endorsement_certificate)));
  const std::vector<Bytes> sent{recorded::octets(recorded::vendor_issuing)};
  const auto vendor = expect(VendorAnchors::from_pem(recorded_pem(recorded::vendor_root)));
  CHECK(why(vendor.verify(certificate, recorded_later, sent)) == "accepted");
  CHECK(mentions(why(vendor.verify(certificate, recorded_later)), "issuer certificate"));
  const auto partial = expect(VendorAnchors::from_pem(recorded_pem(recorded::vendor_issuing)));
  CHECK(why(partial.verify(certificate, recorded_later)) == "accepted");
  Vendor other;
  const auto stranger = expect(VendorAnchors::from_pem(other.anchor()));
  CHECK(stranger.verify(certificate, recorded_later, sent).error().fault == Fault::unauthorized);
  CHECK(mentions(why(vendor.verify(certificate, recorded_later, std::vector<Bytes>(9, sent[0]))),
                 "more than 8"));
  CHECK(mentions(why(vendor.verify(certificate, recorded_later, std::vector<Bytes>{Bytes(3)})),
                 "no X.509"));
}

TEST_CASE("a certificate before its time, after it or with one octet changed does not hold") {
  const VendorAnchors vendor = recorded_vendor();
  const Bytes der = recorded::octets(recorded::p384_endorsement_certificate);
  const auto certificate = expect(parse_endorsement_certificate(der));
  CHECK(mentions(why(vendor.verify(certificate, certificate.not_before - 1s)), "not yet valid"));
  for (std::size_t at = 0; at < der.size(); at += 3) {
    Bytes changed = der;
    changed[at] ^= 1;
    const auto read = parse_endorsement_certificate(changed);
    CHECK_FALSE((read && vendor.verify(*read, recorded_later)));
  }
}

TEST_CASE("a certificate is of the key it came with, or refused") {
  const auto certificate = expect(
      parse_endorsement_certificate(recorded::octets(recorded::rsa_endorsement_certificate)));
  const auto area = [](std::string_view base64) {
    return expect(parse_public(recorded::octets(base64)));
  };
  CHECK(mentions(why(check_endorsed(certificate, area(recorded::p384_endorsement_area))),
                 "of another key"));
  CHECK(mentions(why(check_endorsed(certificate, area(recorded::tls_area))), "decryption key"));
}

TEST_CASE("the fingerprint is what openssl makes of the public key") {
  Vendor vendor;
  for (const auto& key : {rsa(), ec("P-256"), ec("P-384")}) {
    const auto certificate = expect(parse_endorsement_certificate(
        vendor.certify(key, whole +
                                (key == rsa() ? "keyUsage=critical,keyEncipherment\n"
                                              : "keyUsage=critical,keyAgreement\n") +
                                tpm_names)));
    vendor.run({"pkey", "-in", "ek.key", "-pubout", "-outform", "DER", "-out", "ek.spki"});
    CHECK(certificate.spki == vendor.tool.get_bytes("ek.spki"));
    CHECK(certificate.fingerprint == sha256(certificate.spki));
    CHECK(certificate.manufacturer == "id:494E5458");
    CHECK(certificate.model == "SLB9670");
    CHECK(certificate.version == "id:0D09");
    CHECK(certificate.subject.empty());
    const auto anchors = expect(VendorAnchors::from_pem(vendor.anchor()));
    CHECK(why(anchors.verify(certificate, vendor.now())) == "accepted");
    CHECK(mentions(why(anchors.verify(certificate, certificate.not_after + 1s)), "expired"));
  }
}

TEST_CASE("certificates that are no endorsement of a TPM are refused with the reason") {
  Vendor vendor;
  const auto with = [&](const std::string& extensions,
                        const std::vector<std::string>& key = ec("P-256")) {
    return why(parse_endorsement_certificate(vendor.certify(key, extensions + tpm_names)));
  };
  CHECK(with(whole) == "accepted");
  CHECK(mentions(with(identifier + "subjectAltName=critical,dirName:tpm\n"), "2.23.133.8.1"));
  CHECK(mentions(with(identifier + "extendedKeyUsage=clientAuth\nsubjectAltName=dirName:tpm\n"),
                 "2.23.133.8.1"));
  CHECK(mentions(with(identifier + "extendedKeyUsage=2.23.133.8.1\n"), "alternative name"));
  CHECK(mentions(with(identifier + "extendedKeyUsage=2.23.133.8.1\nsubjectAltName=DNS:tpm\n"),
                 "manufacturer"));
  CHECK(mentions(with(whole + "keyUsage=digitalSignature\n"), "keyAgreement"));
  CHECK(mentions(with(whole + "keyUsage=digitalSignature\n", rsa()), "keyEncipherment"));
  CHECK(mentions(with(whole + "1.2.3.4=critical,DER:0500\n"), "1.2.3.4"));
  CHECK(with(whole + "1.2.3.4=DER:0500\n") == "accepted");
  CHECK(mentions(with("basicConstraints=critical,CA:TRUE\nextendedKeyUsage=2.23.133.8.1\n"
                      "subjectAltName=critical,dirName:tpm\n"),
                 "of a CA"));
  CHECK(mentions(with(whole, ec("secp521r1")), "P-521"));
  CHECK(mentions(with(whole, {"-newkey", "ed25519"}), "Ed25519"));
  CHECK(mentions(with(whole, rsa("1024")), "2048 bits"));
  const std::string twice =
      "[tpm]\n1.2.23.133.2.1=a\n2.2.23.133.2.2=b\n3.2.23.133.2.3=c\n4.2.23.133.2.1=d\n";
  CHECK(mentions(why(parse_endorsement_certificate(vendor.certify(ec("P-256"), whole + twice))),
                 "there twice"));
}

TEST_CASE("an RSA key written as RSAES-OAEP is refused: OpenSSL walks no chain from it") {
  Bytes der = recorded::octets(recorded::rsa_endorsement_certificate);
  const Bytes encryption = expect(from_hex("06092a864886f70d010101"));
  const auto found = std::search(der.begin(), der.end(), encryption.begin(), encryption.end());
  REQUIRE(found != der.end());
  *(found + 10) = 0x07;
  CHECK(mentions(why(parse_endorsement_certificate(der)), "1.2.840.113549.1.1.7"));
}

TEST_CASE("a certificate is read to its last octet and no further") {
  const Bytes der = recorded::octets(recorded::rsa_endorsement_certificate);
  for (std::size_t size = 0; size < der.size(); ++size)
    CHECK_FALSE(parse_endorsement_certificate(ByteView(der).first(size)));
  Bytes padded = der;
  padded.push_back(0xff);
  CHECK(mentions(why(parse_endorsement_certificate(padded)), "padding of the NV index"));
  CHECK(mentions(why(parse_endorsement_certificate(Bytes(9000, 0x30))), "more than 8192"));
}

TEST_CASE("anchors are CAs, and there is at least one") {
  CHECK_FALSE(VendorAnchors::from_pem(""));
  CHECK(mentions(why(VendorAnchors::from_pem(recorded_pem(recorded::rsa_endorsement_certificate))),
                 "is not a CA"));
  CHECK_FALSE(VendorAnchors::from_pem(recorded_pem(recorded::vendor_root), "no certificate"));
}
