#include "tuf/metadata.h"

#include <catch2/catch.hpp>

#include "tuf/canonical.h"
#include "tuf/test_repository.h"

using namespace muster;
using namespace muster::tuf;
using Catch::Matchers::Contains;
using wire::Json;

namespace {

std::string canonical_of(std::string_view text) {
  return expect(canonical_json(expect(wire::parse_json(text))));
}

// A good root whose signed part was changed by `bend`; nobody has signed it.
template <class Bend>
Result<Signed<Root>> bent(Bend bend) {
  TestRepository repository;
  Json json = expect(wire::parse_json(repository.first_root()));
  Json content = *json.find("signed");
  bend(content);
  return parse_root(unsigned_text(content));
}

template <class T>
std::string where(const Result<T>& refused) {
  REQUIRE_FALSE(refused);
  return refused.error().field;
}

}  // namespace

TEST_CASE("canonical JSON sorts members, and escapes quotes and backslashes and nothing else") {
  CHECK(canonical_of(R"( {"b": [1, -2, true, null], "a": "x\ny\"z\\ \u0001é"} )") ==
        "{\"a\":\"x\ny\\\"z\\\\ \x01é\",\"b\":[1,-2,true,null]}");
  CHECK(canonical_of("[]") == "[]");
  CHECK(canonical_of("{}") == "{}");
  CHECK_FALSE(canonical_json(expect(wire::parse_json("{\"a\": 1.5}"))));
}

TEST_CASE("key ids are the SHA-256 of the canonical key") {
  // The Ed25519 public key of RFC 8032 7.1, test 1; the id was computed with python and hashlib.
  const auto key = expect(crypto::PublicKey::from_spki(*from_hex(
      "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")));
  CHECK(
      expect(canonical_json(to_json(key))) ==
      R"({"keytype":"ed25519","keyval":{"public":)"
      R"("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},"scheme":"ed25519"})");
  CHECK(key_id(key) == to_hex(crypto::sha256(bytes_of(*canonical_json(to_json(key))))));
}

TEST_CASE("a root says by its place what is wrong with it") {
  CHECK(where(bent([](Json& root) { root.set("version", 0); })) == "/signed/version");
  CHECK(where(bent([](Json& root) { root.set("_type", "targets"); })) == "/signed/_type");
  CHECK(where(bent([](Json& root) { root.set("spec_version", "2.0"); })) == "/signed/spec_version");
  CHECK(where(bent([](Json& root) { root.set("expires", "tomorrow"); })) == "/signed/expires");
  CHECK(where(bent([](Json& root) { root.set("version", 1.5); })) == "/signed");
  CHECK(where(bent([](Json& root) { root.set("roles", Json::object()); })) == "/signed/roles/root");
  CHECK(where(bent([](Json& root) {
          root.set("keys", Json::object({{"k", Json::object({{"keytype", "ed25519"}})}}));
        })) == "/signed/keys/k/scheme");
  CHECK(bent([](Json& root) { root.set("x-note", "ours"); }));
}

TEST_CASE("a key of a kind that we do not know reads and verifies nothing") {
  const Json strange = Json::object({{"keytype", "sphincs+"},
                                     {"scheme", "sphincs+"},
                                     {"keyval", Json::object({{"public", "00"}})}});
  const auto key = expect(Key::read(strange, "/k"));
  CHECK_FALSE(key.usable());
  CHECK_FALSE(key.verify(bytes_of("m"), bytes_of("s")));
  Json mixed =
      to_json(expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p384)).public_key());
  mixed.set("scheme", "ecdsa-sha2-nistp256");
  CHECK_FALSE(expect(Key::read(mixed, "/k")).usable());
}

TEST_CASE("each of our key types signs metadata that verifies") {
  for (const auto algorithm :
       {crypto::Algorithm::ed25519, crypto::Algorithm::ecdsa_p256, crypto::Algorithm::ecdsa_p384}) {
    const auto key = expect(crypto::FileKey::generate(algorithm));
    const auto read = expect(Key::read(to_json(key.public_key()), "/k"));
    const auto signature = expect(key.sign(bytes_of("message")));
    CHECK(read.verify(bytes_of("message"), signature));
    CHECK_FALSE(read.verify(bytes_of("massage"), signature));
  }
}

TEST_CASE("a signature is added to a text once for each key") {
  TestRepository repository;
  const auto other = test_key();
  std::string text = expect(with_signature(repository.first_root(), other));
  text = expect(with_signature(text, other));
  const auto root = expect(parse_root(text));
  CHECK(root.signatures.size() == 2);
  CHECK(
      check_signatures(root.content.root, root.content.keys, root.bytes, root.signatures, "root"));
}

TEST_CASE("patterns match part by part") {
  CHECK(matches("*.tgz", "foo.tgz"));
  CHECK_FALSE(matches("*.tgz", "targets/foo.tgz"));
  CHECK(matches("targets/*.tgz", "targets/foo.tgz"));
  CHECK(matches("foo-version-?.tgz", "foo-version-2.tgz"));
  CHECK_FALSE(matches("foo-version-?.tgz", "foo-version-alpha.tgz"));
  CHECK(matches("*/*", "a/b"));
  CHECK_FALSE(matches("*", "a/b"));
  CHECK(matches("a*b*c", "axxbyybzzc"));
  CHECK_FALSE(matches("a*b*c", "axxbyyb"));
  CHECK(matches("v[0-9].[!x]", "v7.y"));
  CHECK_FALSE(matches("v[0-9].[!x]", "v7.x"));
  CHECK(matches("a[", "a["));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
}

TEST_CASE("a pattern of many stars is matched in time that stays small") {
  std::string pattern, text(1024, 'a');
  for (int i = 0; i < 500; ++i) pattern += "*a";
  CHECK_FALSE(matches(pattern + "b", text));
}

TEST_CASE("hash prefixes cover the paths whose digests begin with them") {
  const std::string digest = to_hex(crypto::sha256(bytes_of("file")));
  Delegation one;
  one.hash_prefixes = {digest.substr(0, 3)};
  CHECK(one.covers("file"));
  one.hash_prefixes = {"zz"};
  CHECK_FALSE(one.covers("file"));
}

TEST_CASE("names are escaped for requests and for the folder") {
  CHECK(escaped("role-1_a.b~") == "role-1_a.b~");
  CHECK(escaped("../?#ä") == "..%2F%3F%23%C3%A4");
}
