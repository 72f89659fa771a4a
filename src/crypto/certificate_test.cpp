#include "crypto/certificate.h"

#include "crypto/internal/der.h"
#include "crypto/internal/test_fleet_authority.h"
#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {

FileKey fresh_key(Algorithm algorithm = Algorithm::ecdsa_p256) {
  return expect(FileKey::generate(algorithm));
}

Fault fault_of(const Result<void>& result) {
  REQUIRE_FALSE(result);
  return result.error().fault;
}

std::string seconds(Instant t) {
  return std::to_string(millis(t) / 1000);
}

// `openssl verify -x509_strict` at the test's time.
bool openssl_accepts(OpensslTool& tool, const FleetAuthority& fleet, const Certificate& leaf,
                     const std::string& purpose) {
  tool.put("root.pem", certificate_pem(fleet.root.der));
  tool.put("issuing.pem", certificate_pem(fleet.issuing.der));
  tool.put("leaf.pem", certificate_pem(leaf.der));
  const bool accepted =
      tool.run({"verify", "-x509_strict", "-attime", seconds(test_time), "-purpose", purpose,
                "-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"});
  UNSCOPED_INFO(tool.output());
  return accepted;
}

// A self-signed certificate by `openssl req` with the given extensions, read by us.
Result<Certificate> foreign(OpensslTool& tool, const std::vector<std::string>& extensions,
                            const std::vector<std::string>& more = {}) {
  tool.put("empty.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
  std::vector<std::string> make{"req",         "-x509",    "-config",  "empty.cnf",
                                "-newkey",     "ec",       "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes",      "-keyout",  "k",        "-subj",
                                "/CN=foreign", "-outform", "DER",      "-out",
                                "c.der"};
  for (const std::string& extension : extensions) {
    make.push_back("-addext");
    make.push_back(extension);
  }
  make.insert(make.end(), more.begin(), more.end());
  const bool made = tool.run(make);
  INFO(tool.output());
  REQUIRE(made);
  return parse_certificate(tool.get_bytes("c.der"));
}

}  // namespace

TEST_CASE("openssl's strict check accepts the chains we issue, with every algorithm") {
  OpensslTool tool;
  for (Algorithm authority : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    const FleetAuthority fleet(authority);
    for (Algorithm device : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
      INFO(name_of(authority) << " signs " << name_of(device));
      const FileKey key = fresh_key(device);
      const auto client = fleet.leaf(FleetAuthority::client("meter-7"), key.public_key());
      const auto server = fleet.leaf(FleetAuthority::server(), key.public_key());
      CHECK(openssl_accepts(tool, fleet, client, "sslclient"));
      CHECK_FALSE(openssl_accepts(tool, fleet, client, "sslserver"));
      CHECK(openssl_accepts(tool, fleet, server, "sslserver"));
      CHECK_FALSE(openssl_accepts(tool, fleet, server, "sslclient"));
    }
  }
}

TEST_CASE("openssl reads in a certificate what the profile says") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const FileKey key = fresh_key();
  Profile profile = FleetAuthority::server();
  profile.organizational_unit = "Zähler";
  profile.crl_url = "http://muster.example/crl";
  tool.put("c.der", fleet.leaf(profile, key.public_key()).der);
  REQUIRE(tool.run({"x509", "-inform", "DER", "-in", "c.der", "-noout", "-text", "-nameopt",
                    "utf8,oneline,-esc_msb"}));
  const std::string text = tool.output();
  INFO(text);
  CHECK(mentions(text, "OU = Zähler, CN = muster"));
  CHECK(mentions(text, "CN = Fleet Issuing CA"));
  CHECK(mentions(text, "DNS:localhost, DNS:*.fleet.example, IP Address:127.0.0.1"));
  CHECK(mentions(text, "X509v3 Basic Constraints: critical"));
  CHECK(mentions(text, "CA:FALSE"));
  CHECK(mentions(text, "X509v3 Key Usage: critical"));
  CHECK(mentions(text, "TLS Web Server Authentication, CMC Registration Authority"));
  CHECK_FALSE(mentions(text, "TLS Web Client Authentication"));
  CHECK(mentions(text, "URI:http://muster.example/crl"));
  CHECK(mentions(text, "Subject Key Identifier"));
  CHECK(mentions(text, "Authority Key Identifier"));
}

TEST_CASE("the issuing CA may issue leaves only") {
  OpensslTool tool;
  const FleetAuthority fleet;
  tool.put("c.der", fleet.issuing.der);
  REQUIRE(tool.run({"x509", "-inform", "DER", "-in", "c.der", "-noout", "-text"}));
  CHECK(mentions(tool.output(), "CA:TRUE, pathlen:0"));
  CHECK(mentions(tool.output(), "Certificate Sign, CRL Sign"));

  const FileKey below_key = fresh_key();
  const auto below =
      FleetAuthority::make({.use = Use::issuing_ca,
                            .common_name = "One too deep",
                            .not_before = test_time - 1h,
                            .not_after = test_time + 1h},
                           below_key.public_key(), &fleet.issuing, fleet.issuing_key);
  Profile profile = FleetAuthority::client("meter-7");
  profile.not_after = test_time + 1h;
  const auto leaf = FleetAuthority::make(profile, fresh_key().public_key(), &below, below_key);
  const Certificate between[] = {below, fleet.issuing};
  const Certificate anchors[] = {fleet.root};
  auto verdict = verify_chain(leaf, between, anchors, Use::client, test_time);
  CHECK(fault_of(verdict) == Fault::unauthorized);
  CHECK(mentions(verdict.error().message, "path length"));
}

TEST_CASE("what is issued is read back as it was asked for") {
  const FleetAuthority fleet;
  const FileKey key = fresh_key();
  Profile profile = FleetAuthority::client("meter-7");
  profile.organizational_unit = "north";
  profile.not_after = test_time + 24h * 30 + 500ms;
  const auto leaf = fleet.leaf(profile, key.public_key());
  CHECK(leaf.common_name == "meter-7");
  CHECK(leaf.organizational_unit == "north");
  CHECK(leaf.issuer_name == "Fleet Issuing CA");
  CHECK(leaf.issuer_der == fleet.issuing.subject_der);
  CHECK(leaf.uris == std::vector<std::string>{"urn:muster:device:meter-7"});
  CHECK(leaf.not_before == test_time - 1h);
  CHECK(leaf.not_after == test_time + 24h * 30);  // whole seconds
  CHECK(leaf.key.spki() == key.public_key().spki());
  CHECK(leaf.serial.size() == 16);
  CHECK(leaf.fingerprint == sha256(leaf.der));
  CHECK(leaf.client_auth);
  CHECK_FALSE(leaf.server_auth);
  CHECK_FALSE(leaf.is_ca);
  const auto server = fleet.leaf(FleetAuthority::server(), key.public_key());
  CHECK(server.ip_addresses == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(server.server_auth);
  CHECK_FALSE(server.client_auth);
  CHECK(fleet.root.is_ca);
}

TEST_CASE("dates beyond 2049 change to GeneralizedTime and survive") {
  const FileKey key = fresh_key();
  for (std::int64_t end :
       {2524607999LL, 2524608000LL, 253402300799LL}) {  // the last of 2049, next, 9999
    const auto root = FleetAuthority::make({.use = Use::root_ca,
                                            .common_name = "Long",
                                            .not_before = test_time,
                                            .not_after = instant(end * 1000)},
                                           key.public_key(), nullptr, key);
    CHECK(millis(root.not_after) == end * 1000);
    OpensslTool tool;
    tool.put("c.der", root.der);
    REQUIRE(tool.run({"asn1parse", "-inform", "DER", "-in", "c.der"}));
    CHECK(mentions(tool.output(), "GENERALIZEDTIME") == (end > 2524607999LL));
  }
}

TEST_CASE("a chain is accepted for its purpose, in its time, under its anchor, and not otherwise") {
  const FleetAuthority fleet, stranger;
  const FileKey key = fresh_key();
  const auto client = fleet.leaf(FleetAuthority::client("meter-7"), key.public_key());
  const auto server = fleet.leaf(FleetAuthority::server(), key.public_key());
  const Certificate between[] = {fleet.issuing}, anchors[] = {fleet.root},
                    strange[] = {stranger.root};

  CHECK(verify_chain(client, between, anchors, Use::client, test_time));
  CHECK(verify_chain(server, between, anchors, Use::server, test_time));
  CHECK(verify_chain(client, {}, between, Use::client, test_time));  // anchored at the issuing CA

  CHECK(fault_of(verify_chain(client, between, anchors, Use::server, test_time)) ==
        Fault::unauthorized);
  CHECK(fault_of(verify_chain(server, between, anchors, Use::client, test_time)) ==
        Fault::unauthorized);
  CHECK(fault_of(verify_chain(client, {}, anchors, Use::client, test_time)) == Fault::unauthorized);
  CHECK(fault_of(verify_chain(client, between, strange, Use::client, test_time)) ==
        Fault::unauthorized);
  CHECK(fault_of(verify_chain(client, between, {}, Use::client, test_time)) == Fault::unauthorized);
  CHECK(fault_of(verify_chain(fleet.issuing, {}, anchors, Use::client, test_time)) ==
        Fault::unauthorized);
  const Certificate leaf_as_anchor[] = {client};
  CHECK(fault_of(verify_chain(client, {}, leaf_as_anchor, Use::client, test_time)) ==
        Fault::invalid);

  auto late = verify_chain(client, between, anchors, Use::client, test_time + 24h * 30);
  CHECK(fault_of(late) == Fault::unauthorized);
  CHECK(mentions(late.error().message, "expired"));
  CHECK(verify_chain(client, between, anchors, Use::client, test_time + 24h * 30 - 1s));
  CHECK_FALSE(verify_chain(client, between, anchors, Use::client, test_time - 1h - 1s));
}

TEST_CASE("a certificate whose signature or content was changed does not hold") {
  const FleetAuthority fleet;
  const auto good = fleet.leaf(FleetAuthority::client("meter-7"), fresh_key().public_key());
  const Certificate between[] = {fleet.issuing}, anchors[] = {fleet.root};
  Bytes changed = good.der;
  const auto at =
      std::search(changed.begin(), changed.end(), good.common_name.begin(), good.common_name.end());
  REQUIRE(at != changed.end());
  *(at + 6) = '8';  // meter-8, still DER
  const auto forged = expect(parse_certificate(changed));
  CHECK_FALSE(verify_chain(forged, between, anchors, Use::client, test_time));
}

TEST_CASE("a profile that breaks a rule is not issued") {
  const FleetAuthority fleet;
  const FileKey key = fresh_key();
  const Serial serial{1};
  auto refused = [&](const Profile& profile) {
    return !issue(profile, key.public_key(), serial, &fleet.issuing, fleet.issuing_key);
  };
  const Profile good = FleetAuthority::client("meter-7");
  CHECK_FALSE(refused(good));

  Profile bad = good;
  bad.common_name = "";
  CHECK(refused(bad));
  bad.common_name = std::string(65, 'x');
  CHECK(refused(bad));
  bad.common_name = "meter\n7";
  CHECK(refused(bad));
  bad = good;
  bad.uris = {"no scheme"};
  CHECK(refused(bad));
  bad = good;
  bad.dns_names = {"-bad-.example"};
  CHECK(refused(bad));
  bad.dns_names = {"*.com"};
  CHECK(refused(bad));
  bad = good;
  bad.ip_addresses = {"300.1.1.1"};
  CHECK(refused(bad));
  bad = good;
  bad.not_after = bad.not_before;
  CHECK(refused(bad));
  bad = good;
  bad.not_after = fleet.issuing.not_after + 1s;
  CHECK(refused(bad));
  bad = good;
  bad.registration_authority = true;
  CHECK(refused(bad));
  bad = good;
  bad.use = Use::server;
  CHECK(refused(bad));  // only a URI names it
  bad = good;
  bad.use = Use::root_ca;
  CHECK(refused(bad));
}

TEST_CASE("nobody but a CA issues, and only with its own key and a proper serial") {
  const FleetAuthority fleet;
  const FileKey key = fresh_key();
  const Profile profile = FleetAuthority::client("meter-7");
  const auto leaf = fleet.leaf(profile, key.public_key());
  CHECK_FALSE(issue(profile, key.public_key(), Serial{1}, &leaf, key));
  CHECK_FALSE(issue(profile, key.public_key(), Serial{1}, &fleet.issuing, fleet.root_key));
  CHECK_FALSE(issue(profile, key.public_key(), Serial{1}, nullptr, fleet.root_key));
  CHECK_FALSE(issue(profile, key.public_key(), Serial{0}, &fleet.issuing, fleet.issuing_key));
  CHECK_FALSE(issue(profile, key.public_key(), Serial{0x80}, &fleet.issuing, fleet.issuing_key));
}

TEST_CASE("certificates survive the way through PEM, several in one text") {
  const FleetAuthority fleet;
  const auto both = expect(parse_certificates_pem("root:\n" + certificate_pem(fleet.root.der) +
                                                  certificate_pem(fleet.issuing.der)));
  REQUIRE(both.size() == 2);
  CHECK(both[0].der == fleet.root.der);
  CHECK(both[1].der == fleet.issuing.der);
  CHECK_FALSE(parse_certificates_pem("nothing"));
  CHECK_FALSE(parse_certificates_pem("-----BEGIN CERTIFICATE-----\nAAAA\n"));
  CHECK(serial_hex(Serial{0x01, 0xab}) == "01ab0000000000000000000000000000");
}

TEST_CASE("every truncation of a certificate is refused, and what follows it as well") {
  const FleetAuthority fleet;
  Bytes der = fleet.root.der;
  for (std::size_t size = 0; size < der.size(); ++size)
    REQUIRE_FALSE(parse_certificate(ByteView(der).first(size)));
  der.push_back(0);
  CHECK_FALSE(parse_certificate(der));
  CHECK_FALSE(parse_certificate(Bytes(certificate_bytes_max + 1, 0x30)));
}

TEST_CASE("a certificate made by openssl is read") {
  OpensslTool tool;
  const auto certificate =
      expect(foreign(tool, {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth",
                            "subjectAltName=DNS:a.example,URI:urn:x:1,email:a@b.example"}));
  CHECK(certificate.common_name == "foreign");
  CHECK(certificate.client_auth);
  CHECK(certificate.dns_names == std::vector<std::string>{"a.example"});
  CHECK(certificate.uris == std::vector<std::string>{"urn:x:1"});
}

TEST_CASE("certificates that break RFC 5280, or that say more than we know, are refused") {
  OpensslTool tool;
  auto refusal = [&](const std::vector<std::string>& extensions,
                     const std::vector<std::string>& more = {}) {
    auto certificate = foreign(tool, extensions, more);
    REQUIRE_FALSE(certificate);
    CHECK(certificate.error().fault == Fault::invalid);
    return certificate.error().message;
  };
  const std::vector<std::string> leaf{"basicConstraints=CA:FALSE"};
  CHECK(mentions(refusal({}), "only v3"));
  CHECK(mentions(refusal({"1.2.3.4=critical,ASN1:NULL"}), "1.2.3.4: critical"));
  CHECK(mentions(refusal({"basicConstraints=CA:TRUE", "nameConstraints=permitted;DNS:a.example"}),
                 "not critical"));
  CHECK(mentions(
      refusal({"basicConstraints=CA:FALSE", "nameConstraints=critical,permitted;DNS:a.example"}),
      "nameConstraints"));
  CHECK(mentions(refusal({"basicConstraints=CA:FALSE", "keyUsage=keyCertSign"}), "no CA"));
  CHECK(
      mentions(refusal({"basicConstraints=CA:TRUE", "keyUsage=digitalSignature"}), "may not sign"));
  CHECK(mentions(refusal({"subjectAltName=DNS:a*b.example"}), "DNS name"));
  const auto constrained = [](const std::string& der) {
    return std::vector<std::string>{"basicConstraints=critical,CA:TRUE",
                                    "nameConstraints=critical,DER:" + der};
  };
  CHECK(mentions(refusal(constrained("3000")), "present and empty"));
  CHECK(mentions(refusal(constrained("3004a000a100")), "empty list"));
  CHECK(
      mentions(refusal({"authorityKeyIdentifier=DER:30038201aa"}), "without the key's identifier"));
  CHECK(mentions(refusal({"authorityKeyIdentifier=DER:30038001aa8100"}), "authorityKeyIdentifier"));
  CHECK(mentions(refusal(leaf, {"-set_serial", "0"}), "zero"));
  CHECK(mentions(refusal(leaf, {"-set_serial", "-5"}), "negative"));
  CHECK(mentions(refusal(leaf, {"-set_serial", "0x80000000000000000000000000000000000000ff"}),
                 "20 octets"));
  CHECK(mentions(refusal(leaf, {"-sha1"}), "ECDSA with SHA-1"));
  CHECK(mentions(refusal(leaf, {"-subj", "/CN=a/CN=b"}), "two common names"));
}

TEST_CASE("a certificate of an RSA key is refused by its name") {
  OpensslTool tool;
  tool.put("empty.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
  REQUIRE(tool.run({"req", "-x509", "-config", "empty.cnf", "-newkey", "rsa:2048", "-nodes",
                    "-keyout", "k", "-subj", "/CN=x", "-outform", "DER", "-out", "c.der"}));
  auto certificate = parse_certificate(tool.get_bytes("c.der"));
  REQUIRE_FALSE(certificate);
  CHECK(mentions(certificate.error().message, "RSA"));
}

TEST_CASE("a leaf must say what it is for, and any purpose is none") {
  OpensslTool tool;
  const auto any =
      expect(foreign(tool, {"basicConstraints=CA:FALSE", "extendedKeyUsage=anyExtendedKeyUsage"}));
  const auto none = expect(foreign(tool, {"basicConstraints=CA:FALSE"}));
  const FleetAuthority fleet;
  const Certificate anchors[] = {fleet.root};
  for (const Certificate& leaf : {any, none}) {
    auto verdict = verify_chain(leaf, {}, anchors, Use::client, test_time);
    CHECK(fault_of(verdict) == Fault::unauthorized);
    CHECK(mentions(verdict.error().message, "clientAuth"));
  }
}

TEST_CASE("a leaf that is good for anything is not accepted for something") {
  OpensslTool tool;
  const auto leaf = expect(foreign(
      tool, {"basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth,anyExtendedKeyUsage"}));
  const FleetAuthority fleet;
  const Certificate anchors[] = {fleet.root};
  const auto verdict = verify_chain(leaf, {}, anchors, Use::client, test_time);
  CHECK(mentions(verdict.error().message, "anyExtendedKeyUsage"));
}

TEST_CASE("a maker's certificate may leave its purpose open, as a birth and as nothing else") {
  OpensslTool tool;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto maker =
      FleetAuthority::make({.use = Use::root_ca,
                            .common_name = "Maker",
                            .not_before = instant(0),
                            .not_after = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)},
                           key.public_key(), nullptr, key);
  const Certificate anchors[] = {maker};
  tool.put("ca.pem", certificate_pem(maker.der));
  tool.put("ca.key", key.private_pem());
  const auto made = [&](std::vector<std::string> extensions) {
    extensions.insert(extensions.end(),
                      {"basicConstraints=CA:FALSE", "authorityKeyIdentifier=keyid"});
    return expect(
        foreign(tool, extensions, {"-CA", "ca.pem", "-CAkey", "ca.key", "-days", "36500"}));
  };
  const auto open = made({}), client = made({"extendedKeyUsage=clientAuth"}),
             code = made({"extendedKeyUsage=codeSigning"});
  const Instant now = open.not_before + 24h;
  CHECK(verify_chain(open, {}, anchors, Use::birth, now));
  CHECK_FALSE(verify_chain(open, {}, anchors, Use::client, now));
  CHECK(verify_chain(client, {}, anchors, Use::birth, now));
  CHECK_FALSE(verify_chain(code, {}, anchors, Use::birth, now));
  Profile profile = FleetAuthority::client("x");
  profile.use = Use::birth;
  CHECK_FALSE(issue(profile, open.key, Serial{1}, &maker, key));
}

TEST_CASE("an anchor that openssl would not end a path at is not ours either") {
  OpensslTool tool;
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto leaf = fleet.leaf(FleetAuthority::client("x"), key.public_key());
  const auto refusal = [&](const Certificate& anchor) {
    const auto verdict = verify_chain(leaf, {}, {&anchor, 1}, Use::client, test_time);
    return verdict ? "" : verdict.error().message;
  };
  const std::vector<std::string> ca{"basicConstraints=critical,CA:TRUE"};
  auto odd_root = ca, orphan = ca;
  odd_root.push_back("authorityKeyIdentifier=DER:3006800401020304");
  CHECK(mentions(refusal(expect(foreign(tool, odd_root))), "another key as its issuer's"));

  tool.put("ca.pem", certificate_pem(fleet.root.der));
  tool.put("ca.key", fleet.root_key.private_pem());
  orphan.push_back("authorityKeyIdentifier=none");
  CHECK(mentions(refusal(expect(foreign(tool, orphan, {"-CA", "ca.pem", "-CAkey", "ca.key"}))),
                 "does not identify its issuer's key"));
  CHECK(refusal(fleet.issuing) == "");  // an intermediate may be an anchor
}

TEST_CASE("a path is as long as its reader allows, and no longer") {
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto leaf = fleet.leaf(FleetAuthority::client("x"), key.public_key());
  const Certificate between[] = {fleet.issuing}, anchors[] = {fleet.root};
  CHECK(verify_chain(leaf, between, anchors, Use::client, test_time, 1));
  CHECK_FALSE(verify_chain(leaf, between, anchors, Use::client, test_time, 0));
}

TEST_CASE("a server has the names that its certificate tells, and a star is one label") {
  const FleetAuthority fleet;
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto server = fleet.leaf(FleetAuthority::server(), key.public_key());
  for (const char* host : {"localhost", "LocalHost", "a.fleet.example", "A.FLEET.example",
                           "127.0.0.1", "::1", "0:0:0:0:0:0:0:1"}) {
    INFO(host);
    CHECK(verify_server_name(server, host));
  }
  for (const char* host : {"", "muster", "local", "fleet.example", ".fleet.example",
                           "a.b.fleet.example", "*", "localhost.", "127.0.0.2", "::2", "127.1"}) {
    INFO(host);
    CHECK(fault_of(verify_server_name(server, host)) == Fault::unauthorized);
  }
}

TEST_CASE("a random serial is positive and has its full length, whatever chance gives") {
  struct Same final : Random {  // chance at its worst
    explicit Same(std::uint8_t octet) : octet_(octet) {}
    void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, octet_); }

   private:
    std::uint8_t octet_;
  };
  for (const int octet : {0x00, 0x7f, 0x80, 0xff}) {
    Same chance(static_cast<std::uint8_t>(octet));
    const Serial serial = random_serial(chance);
    CHECK((serial[0] & 0xc0) == 0x40);
    CHECK(serial[1] == octet);
  }
}
