#include "pkcs11/token.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "pkcs11/test_softhsm.h"

using namespace muster;
using namespace muster::pkcs11;
using crypto::Algorithm;

// SoftHSM 2.6.1 does not free the points that it reads, and its frames are not to be seen: it is
// unloaded by then.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:ASN1_STRING_set\nleak:CRYPTO_zalloc\n";
}

namespace {

SystemRandom chance;

KeyInToken opened(const std::string& uri, std::optional<Algorithm> make = {}) {
  return expect(open_key(uri, make, chance));
}

Error refusal(const std::string& uri, std::optional<Algorithm> make = {}) {
  auto held = open_key(uri, make, chance);
  REQUIRE_FALSE(held);
  CHECK(held.error().message.find(SoftHsm::the_pin) == std::string::npos);
  return held.error();
}

bool says(const Error& error, std::string_view words) {
  INFO(error.message);
  const bool found = error.message.find(words) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE(
    "a key made in a token signs what its public key verifies, also after it is found again") {
  const SoftHsm hsm;
  const auto message = bytes_of("what is to be signed");
  for (const auto algorithm : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    const std::string uri = hsm.uri(std::string("key-") + std::to_string(int(algorithm)));
    Bytes spki;
    {
      const auto made = opened(uri, algorithm);
      CHECK(made.key->public_key().algorithm() == algorithm);
      for (int n = 0; n < 40; ++n)  // r and s of every length that DER tells apart
        CHECK(made.key->public_key().verify(message, expect(made.key->sign(message))));
      spki = made.key->public_key().spki();
    }
    const auto found = opened(uri);
    CHECK(found.key->public_key().spki() == spki);
    CHECK(found.key->public_key().verify(message, expect(found.key->sign(message))));
    CHECK(opened(uri, algorithm).key->public_key().spki() == spki);  // it is there: none is made
  }
}

TEST_CASE("a key that another tool made is found by its label or its id") {
  const SoftHsm hsm;
  hsm.run({"pkcs11-tool", "--module", SoftHsm::module, "--token-label", "fleet", "--login", "--pin",
           SoftHsm::the_pin, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs",
           "--id", "0a0b"});
  const auto by_label = opened(hsm.uri("theirs"));
  CHECK(by_label.key->id() == Bytes{0x0a, 0x0b});
  const std::string by_id = std::string("pkcs11:token=fleet;id=%0a%0b?module-path=") +
                            SoftHsm::module + "&pin-source=file:" + hsm.file("pin");
  CHECK(opened(by_id).key->public_key().spki() == by_label.key->public_key().spki());
}

TEST_CASE("a wrong, missing or open PIN is refused with what to do") {
  const SoftHsm hsm;
  opened(hsm.uri("mine"), Algorithm::ecdsa_p256);
  hsm.write_pin("0000-wrong");
  const auto wrong = refusal(hsm.uri("mine"));
  CHECK(wrong.fault == Fault::unauthorized);
  CHECK(says(wrong, "refuses the PIN in " + hsm.file("pin")));
  CHECK(wrong.message.find("0000") == std::string::npos);
  hsm.write_pin("");
  CHECK(says(refusal(hsm.uri("mine")), "must hold the PIN alone"));
  hsm.write_pin(SoftHsm::the_pin, 0644);
  CHECK(refusal(hsm.uri("mine")).fault == Fault::forbidden);
  std::filesystem::remove(hsm.file("pin"));
  CHECK(says(refusal(hsm.uri("mine")), "cannot be read"));
  CHECK(says(refusal(std::string("pkcs11:token=fleet;object=mine?module-path=") + SoftHsm::module),
             "pin-source=file:"));
  hsm.write_pin(SoftHsm::the_pin);
  opened(hsm.uri("mine"));
}

TEST_CASE("a missing module, token or key is named") {
  const SoftHsm hsm;
  CHECK(says(refusal("pkcs11:token=fleet;object=x?module-path=/nowhere/lib.so"),
             "/nowhere/lib.so cannot be loaded"));
  const auto elsewhere = refusal(hsm.uri("x", "harbour"));
  CHECK(elsewhere.fault == Fault::missing);
  CHECK(says(elsewhere, "token=harbour"));
  CHECK(says(elsewhere, "\"fleet\""));
  const auto nothing = refusal(hsm.uri("x"));
  CHECK(nothing.fault == Fault::missing);
  CHECK(says(nothing, "no private key \"x\""));
  CHECK(says(refusal(hsm.uri("")), "must name the key"));
}

TEST_CASE("a URI that fits several tokens or several keys is refused") {
  const SoftHsm hsm;
  hsm.add_token("fleet");
  CHECK(refusal(hsm.uri("x")).fault == Fault::conflict);
  hsm.add_token("other");
  const auto token = expect(Token::open(expect(parse_uri(hsm.uri("", "other")))));
  for (const std::uint8_t n : {1, 2}) expect(token->make_key(Algorithm::ecdsa_p256, "twin", {n}));
  CHECK(refusal(hsm.uri("twin", "other")).fault == Fault::conflict);
  CHECK(expect(token->ids_of("twin")).size() == 2);
  CHECK(token->make_key(Algorithm::ecdsa_p256, "twin", {2}).error().fault == Fault::conflict);
  expect(token->remove({1}));
  expect(token->remove({1}));
  CHECK(expect(token->ids_of("twin")) == std::vector<Bytes>{{2}});
  opened(hsm.uri("twin", "other"));
}

TEST_CASE("two halves that do not belong together are not taken for a key") {
  const SoftHsm hsm;
  const auto pkcs11_tool = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"pkcs11-tool", "--module", SoftHsm::module, "--token-label",
                                      "fleet",       "--login",  "--pin",         SoftHsm::the_pin};
    words.insert(words.end(), more.begin(), more.end());
    hsm.run(words);
  };
  for (const char* id : {"01", "02"}) {
    const std::string label = std::string("key-") + id;
    pkcs11_tool({"--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", id});
  }
  pkcs11_tool({"--delete-object", "--type", "pubkey", "--id", "01"});
  CHECK(says(refusal(hsm.uri("key-01")), "public half"));
  pkcs11_tool({"--read-object", "--type", "pubkey", "--id", "02", "-o", hsm.file("other.der")});
  pkcs11_tool({"--write-object", hsm.file("other.der"), "--type", "pubkey", "--id", "01", "--label",
               "key-01"});
  CHECK(refusal(hsm.uri("key-01")).fault == Fault::corrupt);
}

TEST_CASE("a PIN that was refused is not tried again while the program runs") {
  const SoftHsm hsm;
  const auto held = opened(hsm.uri("mine"), Algorithm::ecdsa_p256);
  const auto away = hsm.tokens().parent_path() / "drawer";
  std::filesystem::rename(hsm.tokens(), away);
  std::filesystem::create_directory(hsm.tokens());
  CHECK_FALSE(held.key->sign(bytes_of("x")));
  std::filesystem::remove(hsm.tokens());
  std::filesystem::rename(away, hsm.tokens());
  hsm.write_pin("0000-wrong");
  const auto refused = held.key->sign(bytes_of("x"));
  REQUIRE_FALSE(refused);
  CHECK(says(refused.error(), "refuses the PIN"));
  hsm.write_pin(SoftHsm::the_pin);
  CHECK(says(held.key->sign(bytes_of("x")).error(), "refuses the PIN"));
  opened(hsm.uri("mine"));
}

TEST_CASE("a token that is taken out does not sign, and signs when it is back") {
  const SoftHsm hsm;
  const auto message = bytes_of("again");
  const auto held = opened(hsm.uri("mine"), Algorithm::ecdsa_p256);
  expect(held.key->sign(message));
  const auto away = hsm.tokens().parent_path() / "drawer";
  std::filesystem::rename(hsm.tokens(), away);
  std::filesystem::create_directory(hsm.tokens());
  const auto refused = held.key->sign(message);
  REQUIRE_FALSE(refused);
  INFO(refused.error().message);
  CHECK(refused.error().fault == Fault::unavailable);
  std::filesystem::remove(hsm.tokens());
  std::filesystem::rename(away, hsm.tokens());
  CHECK(held.key->public_key().verify(message, expect(held.key->sign(message))));
}
