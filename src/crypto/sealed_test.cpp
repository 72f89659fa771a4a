#include "crypto/sealed.h"

#include <catch2/catch.hpp>
#include <set>

using namespace muster;
using namespace muster::crypto;

namespace {

SealingKey key_of(std::uint8_t octet) {
  return expect(SealingKey::from(Bytes(SealingKey::octets, octet)));
}

Bytes octets(std::string_view text) {
  const auto view = bytes_of(text);
  return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("what was sealed opens with the same key and context, at any size") {
  const auto key = expect(SealingKey::generate());
  for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 4096u, 1'000'000u}) {
    const Bytes plain(size, 0x5a);
    const auto sealed = expect(key.seal(plain, "outbox"));
    CHECK(sealed.size() == size + 29);
    CHECK(expect(key.open(sealed, "outbox")) == plain);
  }
}

TEST_CASE("a sealed text of another implementation opens") {
  // AES-256-GCM by another library: key 32 x 07, nonce 12 x 09, associated data 01 "outbox".
  const auto sealed = expect(from_hex(
      "0109090909090909090909090949eceaf1ca89e116c116bf4ba176a05df91cb4866078f15e0075b28c"));
  CHECK(expect(key_of(7).open(sealed, "outbox")) == octets("ninety watts"));
}

TEST_CASE("another key, another context and any altered octet are refused") {
  const auto key = key_of(1);
  const auto sealed = expect(key.seal(bytes_of("ninety watts"), "outbox"));
  CHECK(key_of(2).open(sealed, "outbox").error().fault == Fault::corrupt);
  CHECK(!key.open(sealed, "desired"));
  CHECK(!key.open(sealed, ""));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto altered = sealed;
    altered[at] ^= 1;
    CHECK(!key.open(altered, "outbox"));
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    CHECK(!key.open(ByteView(sealed).first(size), "outbox"));
}

TEST_CASE("nothing of the plain text shows, and the same text is never sealed to the same octets") {
  const auto key = key_of(3);
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) {
    const auto sealed = expect(key.seal(bytes_of("ninety watts"), "outbox"));
    CHECK(text_of(sealed).find("watts") == std::string_view::npos);
    CHECK(seen.insert(sealed).second);
  }
}

TEST_CASE("a key has 32 octets and is known by their digest") {
  CHECK(!SealingKey::from(Bytes(31, 1)));
  CHECK(!SealingKey::from(Bytes(33, 1)));
  CHECK(key_of(4).id() == sha256(Bytes(32, 4)));
}
