#include "crypto/key.h"
#include "vectors.h"

using namespace muster;
using namespace muster::crypto;
using wire::Json;

namespace {

struct Count {
  std::int64_t tests = 0, valid = 0, accepted = 0;
};

// A vector of result "acceptable" may go either way; these files hold none.
void check_vector(const PublicKey& key, const Json& vector, Count& count) {
  const Bytes message = expect(from_hex(text_in(vector, "msg")));
  const Bytes signature = expect(from_hex(text_in(vector, "sig")));
  const std::string result = text_in(vector, "result");
  INFO("tcId " << *vector.find("tcId")->integer() << ": " << text_in(vector, "comment"));
  REQUIRE((result == "valid" || result == "invalid"));
  const bool accepted = key.verify(message, signature);
  CHECK(accepted == (result == "valid"));
  ++count.tests;
  count.valid += result == "valid";
  count.accepted += accepted;
}

void check_file(const std::string& name) {
  const Json file = vectors("wycheproof/" + name);
  if (file.is_null()) return;
  Count count;
  for (const Json& group : *file.find("testGroups")->items()) {
    const PublicKey key =
        expect(PublicKey::from_spki(expect(from_hex(text_in(group, "publicKeyDer")))));
    CHECK(key.verify({}, {}) == false);
    for (const Json& vector : *group.find("tests")->items()) check_vector(key, vector, count);
  }
  CHECK(count.tests == *file.find("numberOfTests")->integer());
  CHECK(count.accepted == count.valid);
  CHECK(count.valid > 0);
}

}  // namespace

TEST_CASE("every signature of Wycheproof's ECDSA P-256 file is judged as it says", "[wycheproof]") {
  check_file("ecdsa_secp256r1_sha256_test.json");
}

TEST_CASE("every signature of Wycheproof's ECDSA P-384 file is judged as it says", "[wycheproof]") {
  check_file("ecdsa_secp384r1_sha384_test.json");
}

TEST_CASE("every signature of Wycheproof's Ed25519 file is judged as it says", "[wycheproof]") {
  check_file("ed25519_test.json");
}
