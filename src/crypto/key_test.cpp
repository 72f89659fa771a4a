#include "crypto/key.h"

#include <sys/stat.h>

#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {

constexpr Algorithm all_algorithms[] = {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384,
                                        Algorithm::ed25519};

// The SubjectPublicKeyInfo of a key that the openssl command makes.
Bytes foreign_spki(OpensslTool& tool, const std::vector<std::string>& options) {
  std::vector<std::string> make{"genpkey", "-out", "foreign.key"};
  make.insert(make.end(), options.begin(), options.end());
  REQUIRE(tool.run(make));
  REQUIRE(tool.run({"pkey", "-in", "foreign.key", "-pubout", "-outform", "DER", "-out", "f.der"}));
  return tool.get_bytes("f.der");
}

std::string refusal_of(const Bytes& spki) {
  auto key = PublicKey::from_spki(spki);
  REQUIRE_FALSE(key);
  CHECK(key.error().fault == Fault::invalid);
  return key.error().message;
}

}  // namespace

TEST_CASE("what a key signed its public half verifies, and nothing else") {
  for (Algorithm algorithm : all_algorithms) {
    INFO(name_of(algorithm));
    const FileKey key = expect(FileKey::generate(algorithm));
    Bytes signature = expect(key.sign(bytes_of("open the valve")));
    CHECK(key.public_key().algorithm() == algorithm);
    CHECK(key.public_key().verify(bytes_of("open the valve"), signature));
    CHECK_FALSE(key.public_key().verify(bytes_of("shut the valve"), signature));
    CHECK_FALSE(key.public_key().verify(bytes_of("open the valve"), {}));
    const FileKey other = expect(FileKey::generate(algorithm));
    CHECK_FALSE(other.public_key().verify(bytes_of("open the valve"), signature));
    signature.back() ^= 1;
    CHECK_FALSE(key.public_key().verify(bytes_of("open the valve"), signature));
  }
}

TEST_CASE("an ECDSA signature has one spelling: any other DER is refused") {
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const ByteView message = bytes_of("m");
  Bytes good = expect(key.sign(message));
  while (good[3] != 0x20) good = expect(key.sign(message));  // r without a leading zero
  REQUIRE(key.public_key().verify(message, good));

  Bytes padded_r = good;
  padded_r.insert(padded_r.begin() + 4, 0x00);
  padded_r[1] += 1;
  padded_r[3] += 1;
  CHECK_FALSE(key.public_key().verify(message, padded_r));

  Bytes long_length = good;
  long_length.insert(long_length.begin() + 1, 0x81);
  CHECK_FALSE(key.public_key().verify(message, long_length));

  Bytes trailing = good;
  trailing.push_back(0);
  CHECK_FALSE(key.public_key().verify(message, trailing));

  Bytes trailing_inside = trailing;
  trailing_inside[1] += 1;
  CHECK_FALSE(key.public_key().verify(message, trailing_inside));

  CHECK_FALSE(key.public_key().verify(message, expect(from_hex("3006020100020100"))));
  CHECK_FALSE(key.public_key().verify(message, expect(from_hex("3006020101020100"))));
  CHECK_FALSE(key.public_key().verify(message, expect(from_hex("30060201ff0201ff"))));
  CHECK_FALSE(key.public_key().verify(message, expect(from_hex("3080020101020101"))));
}

TEST_CASE("an Ed25519 signature whose S is not reduced is refused") {
  const FileKey key = expect(FileKey::generate(Algorithm::ed25519));
  Bytes signature = expect(key.sign(bytes_of("m")));
  // S + L, with L the order of the base point, little endian.
  const Bytes order =
      expect(from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"));
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(key.public_key().verify(bytes_of("m"), signature));
}

TEST_CASE("Ed25519 gives the signature of RFC 8032 section 7.1, test 2") {
  const Bytes seed =
      expect(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  Bytes pkcs8 = expect(from_hex("302e020100300506032b657004220420"));
  pkcs8.insert(pkcs8.end(), seed.begin(), seed.end());
  const FileKey key = expect(FileKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + to_base64(pkcs8) +
                                               "\n-----END PRIVATE KEY-----\n"));
  CHECK(to_hex(ByteView(key.public_key().spki()).last(32)) ==
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(to_hex(expect(key.sign(bytes_of("r")))) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST_CASE("a key of another kind is refused by its name, with the names of those accepted") {
  OpensslTool tool;
  auto curve = [](const std::string& name) {
    return std::vector<std::string>{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + name};
  };
  CHECK(mentions(refusal_of(foreign_spki(tool, {"-algorithm", "RSA"})), "RSA"));
  CHECK(mentions(refusal_of(foreign_spki(tool, {"-algorithm", "ED448"})), "Ed448"));
  CHECK(mentions(refusal_of(foreign_spki(tool, {"-algorithm", "X25519"})), "X25519"));
  CHECK(mentions(refusal_of(foreign_spki(tool, curve("P-521"))), "P-521"));
  CHECK(mentions(refusal_of(foreign_spki(tool, curve("prime192v1"))), "P-192"));
  CHECK(mentions(refusal_of(foreign_spki(tool, curve("secp256k1"))), "secp256k1"));
  CHECK(mentions(refusal_of(foreign_spki(tool, curve("secp160r1"))), "1.3.132.0.8"));
  CHECK(mentions(refusal_of(foreign_spki(tool, curve("P-521"))),
                 "accepted are ECDSA P-256, ECDSA P-384 and Ed25519"));
}

TEST_CASE("a DSA key is refused by its name") {
  OpensslTool tool;
  REQUIRE(tool.run({"dsaparam", "-out", "p.pem", "1024"}));
  CHECK(mentions(refusal_of(foreign_spki(tool, {"-paramfile", "p.pem"})), "DSA"));
}

TEST_CASE("a curve that is spelled out by its parameters is refused") {
  OpensslTool tool;
  const Bytes spki = foreign_spki(tool, {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                                         "-pkeyopt", "ec_param_enc:explicit"});
  CHECK(mentions(refusal_of(spki), "without a named curve"));
}

TEST_CASE("a point that is compressed, off the curve or at infinity is refused") {
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  Bytes off_curve = key.public_key().spki();
  off_curve.back() ^= 1;
  CHECK(mentions(refusal_of(off_curve), "not on the curve"));
  const Bytes head = expect(from_hex("301306072a8648ce3d020106082a8648ce3d030107"));
  auto with_point = [&](const Bytes& bits) {
    Bytes out{0x30, static_cast<std::uint8_t>(head.size() + 2 + bits.size())};
    out.insert(out.end(), head.begin(), head.end());
    out.push_back(0x03);
    out.push_back(static_cast<std::uint8_t>(bits.size()));
    out.insert(out.end(), bits.begin(), bits.end());
    return out;
  };
  CHECK(mentions(refusal_of(with_point({0x00, 0x00})), "does not fit"));
  Bytes compressed(34, 0x11);
  compressed[0] = 0x00;
  compressed[1] = 0x02;
  CHECK(mentions(refusal_of(with_point(compressed)), "compressed"));
}

TEST_CASE("Ed25519 keys of small order, or with a second spelling, are refused") {
  const char* points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000080",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  for (const char* point : points)
    CHECK_FALSE(
        PublicKey::from_spki(expect(from_hex(std::string("302a300506032b6570032100") + point))));
}

TEST_CASE("a public key survives the way through PEM, and openssl reads it") {
  OpensslTool tool;
  for (Algorithm algorithm : all_algorithms) {
    const FileKey key = expect(FileKey::generate(algorithm));
    const PublicKey again = expect(PublicKey::from_pem(key.public_key().pem()));
    CHECK(again.spki() == key.public_key().spki());
    CHECK(again.fingerprint() == sha256(key.public_key().spki()));
    tool.put("pub.pem", key.public_key().pem());
    CHECK(tool.run({"pkey", "-pubin", "-in", "pub.pem", "-noout"}));
  }
  CHECK_FALSE(PublicKey::from_pem("no key in here"));
}

TEST_CASE("openssl verifies our signatures and we verify its own") {
  OpensslTool tool;
  tool.put("m", "the message");
  const FileKey key = expect(FileKey::generate(Algorithm::ecdsa_p384));
  tool.put("key.pem", key.private_pem());
  tool.put("pub.pem", key.public_key().pem());
  tool.put("s", expect(key.sign(bytes_of("the message"))));
  CHECK(tool.run({"dgst", "-sha384", "-verify", "pub.pem", "-signature", "s", "m"}));
  REQUIRE(tool.run({"dgst", "-sha384", "-sign", "key.pem", "-out", "s", "m"}));
  CHECK(key.public_key().verify(bytes_of("the message"), tool.get_bytes("s")));
  REQUIRE(tool.run({"dgst", "-sha256", "-sign", "key.pem", "-out", "s", "m"}));
  CHECK_FALSE(key.public_key().verify(bytes_of("the message"), tool.get_bytes("s")));
  CHECK(key.public_key().verify(bytes_of("the message"), tool.get_bytes("s"), Digest::sha256));
}

TEST_CASE("the first start makes a key that only its owner can read, and the next one loads it") {
  OpensslTool tool;
  const auto path = tool.path("ca.key");
  const FileKey made = expect(FileKey::load_or_make(path, Algorithm::ecdsa_p256));
  struct stat about{};
  REQUIRE(stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 07777) == 0600);
  const FileKey loaded = expect(FileKey::load_or_make(path, Algorithm::ecdsa_p256));
  CHECK(loaded.public_key().spki() == made.public_key().spki());
  CHECK(std::distance(std::filesystem::directory_iterator(tool.folder()), {}) == 1);
}

TEST_CASE("a damaged key file is refused and never replaced") {
  OpensslTool tool;
  const auto path = tool.path("ca.key");
  tool.put("ca.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const std::string before = tool.get("ca.key");
  auto key = FileKey::load_or_make(path, Algorithm::ed25519);
  REQUIRE_FALSE(key);
  CHECK(key.error().fault == Fault::invalid);
  CHECK(mentions(key.error().message, "ca.key"));
  CHECK(tool.get("ca.key") == before);
}

TEST_CASE("a private key that everybody may read is refused") {
  OpensslTool tool;
  const auto path = tool.path("ca.key");
  tool.put("ca.key", expect(FileKey::generate(Algorithm::ed25519)).private_pem());
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  auto key = FileKey::load(path);
  REQUIRE_FALSE(key);
  CHECK(key.error().fault == Fault::forbidden);
}

TEST_CASE("a file that is not there is missing, and a folder is not a key") {
  OpensslTool tool;
  CHECK(FileKey::load(tool.path("none.key")).error().fault == Fault::missing);
  CHECK(FileKey::load(tool.folder()).error().fault == Fault::invalid);
  CHECK(FileKey::load_or_make(tool.path("no/such/folder.key"), Algorithm::ed25519).error().fault ==
        Fault::missing);
}

TEST_CASE("private keys made by openssl load, those with a passphrase or of another kind do not") {
  OpensslTool tool;
  REQUIRE(tool.run({"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1.key"}));
  CHECK(FileKey::load(tool.path("sec1.key")));
  REQUIRE(tool.run(
      {"genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:x", "-out", "locked.key"}));
  CHECK(mentions(FileKey::load(tool.path("locked.key")).error().message, "passphrase"));
  REQUIRE(tool.run({"genpkey", "-algorithm", "RSA", "-out", "rsa.key"}));
  CHECK(mentions(FileKey::load(tool.path("rsa.key")).error().message, "RSA"));
}
