#include "agent/credentials.h"

#include <catch2/catch.hpp>
#include <map>

#include "agent/internal/test_authority.h"
#include "crypto/csr.h"

using namespace muster;
using namespace muster::agent;

namespace {

// A store that holds its keys in memory, by a name each.
class Drawer final : public KeyStore {
 public:
  const char* name() const override { return "pkcs11"; }
  Result<std::string> make(std::span<const std::string>) override {
    const std::string key = "key-" + std::to_string(++made_) + '\n';
    keys.emplace(key, expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256)));
    return key;
  }
  Result<std::unique_ptr<crypto::SigningKey>> open(const std::string& key) const override {
    const auto at = keys.find(key);
    if (at == keys.end()) return fail(Fault::missing, "no such key");
    return std::make_unique<crypto::FileKey>(
        expect(crypto::FileKey::from_pem(at->second.private_pem())));
  }
  Result<std::shared_ptr<const net::PrivateKey>> for_tls(const std::string& key) const override {
    if (!keys.contains(key)) return fail(Fault::missing, "no such key");
    return std::make_shared<const Unused>();
  }
  Result<void> destroy() override {
    keys.clear();
    return {};
  }
  void keep_only(std::span<const std::string> kept) override {
    if (stuck) return;
    std::erase_if(
        keys, [&](const auto& each) { return std::ranges::find(kept, each.first) == kept.end(); });
  }

  std::map<std::string, crypto::FileKey> keys;
  bool stuck = false;  // it removes nothing

 private:
  struct Unused final : net::PrivateKey {
    Result<Bytes> sign_digest(ByteView) const override {
      return fail(Fault::internal, "nobody shakes hands here");
    }
  };
  int made_ = 0;
};

struct Owner {
  Credentials open() { return expect(Credentials::open(disk, id, &drawer)); }
  void certify(Credentials& credentials) {
    const auto asked = expect(crypto::parse_csr(expect(credentials.request())));
    const auto leaf = authority.device(asked.key, id.text());
    expect(
        credentials.take(leaf, {&authority.issuing, 1}, {&authority.root, 1}, SystemClock{}.now()));
  }

  MemoryDisk disk;
  Drawer drawer;
  Authority authority;
  DeviceId id = expect(DeviceId::parse("meter-1"));
};

}  // namespace

TEST_CASE("in a store a renewed key's predecessor stays until the new one has proved itself") {
  Owner owner;
  auto credentials = owner.open();
  owner.certify(credentials);
  CHECK(owner.drawer.keys.size() == 1);
  CHECK(std::string_view(credentials.kept_in(*credentials.current())) == "pkcs11");
  owner.certify(credentials);
  CHECK(owner.drawer.keys.size() == 2);
  expect(credentials.promote());
  CHECK(owner.drawer.keys.size() == 1);
  CHECK(owner.drawer.keys.contains(credentials.current()->key_pem));
}

TEST_CASE("in a store a refused renewal's key goes, and the one in use stays") {
  Owner owner;
  auto credentials = owner.open();
  owner.certify(credentials);
  const std::string first = credentials.current()->key_pem;
  owner.certify(credentials);
  expect(credentials.drop_next());
  CHECK(owner.drawer.keys.size() == 1);
  CHECK(owner.drawer.keys.contains(first));
}

TEST_CASE("a key that was asked for and not yet certified outlives a restart") {
  Owner owner;
  const auto csr = expect(owner.open().request());
  auto again = owner.open();
  CHECK(owner.drawer.keys.size() == 1);
  CHECK(expect(again.request()) == csr);
  owner.certify(again);
  CHECK(owner.drawer.keys.contains(again.current()->key_pem));
}

TEST_CASE("what a store could not remove goes at the next start") {
  Owner owner;
  {
    auto credentials = owner.open();
    owner.certify(credentials);
    owner.certify(credentials);
    owner.drawer.stuck = true;
    expect(credentials.promote());
    CHECK(owner.drawer.keys.size() == 2);
  }
  owner.drawer.stuck = false;
  const auto credentials = owner.open();
  CHECK(owner.drawer.keys.size() == 1);
  CHECK(owner.drawer.keys.contains(credentials.current()->key_pem));
}
