#include "agent/anchors.h"

#include <catch2/catch.hpp>

#include "crypto/cross.h"

namespace muster::agent {
namespace {

using crypto::Certificate;
using crypto::FileKey;

const Instant noon = instant(1'800'000'000'000);

// Two roots; each certifies the other.
struct Roots {
  static Certificate issued(crypto::Use use, std::string name, const FileKey& key,
                            const Certificate* issuer, const FileKey& signer, std::uint8_t serial) {
    return expect(crypto::parse_certificate(
        expect(crypto::issue({.use = use,
                              .common_name = std::move(name),
                              .not_before = noon - 24h,
                              .not_after = noon + 24h * 365},
                             key.public_key(), {1, serial}, issuer, signer))));
  }
  static FileKey key() { return expect(FileKey::generate(crypto::Algorithm::ecdsa_p256)); }

  FileKey old_key = key(), new_key = key();
  Certificate old_root = issued(crypto::Use::root_ca, "Old", old_key, nullptr, old_key, 1);
  Certificate new_root = issued(crypto::Use::root_ca, "New", new_key, nullptr, new_key, 2);
  Certificate new_with_old = issued(crypto::Use::cross_ca, "New", new_key, &old_root, old_key, 3);
  Certificate old_with_new = issued(crypto::Use::cross_ca, "Old", old_key, &new_root, new_key, 4);
};

struct Device {
  Roots fleet;
  MemoryDisk disk;
  Anchors open() { return expect(Anchors::open(disk, std::span(&fleet.old_root, 1))); }
  static bool learn(Anchors& anchors, std::vector<Certificate> given) {
    return expect(anchors.learn(given, noon));
  }
  static std::vector<std::string> names(const Anchors& anchors) {
    std::vector<std::string> out;
    for (const auto& each : anchors.all()) out.push_back(each.common_name);
    return out;
  }
};

using Names = std::vector<std::string>;

TEST_CASE(
    "a device takes on the next root by the one it trusts, keeps both, and lets go in the end") {
  Device d;
  auto anchors = d.open();
  const auto& f = d.fleet;
  CHECK(Device::learn(anchors, {f.old_root, f.new_root, f.new_with_old, f.old_with_new}));
  CHECK(Device::names(anchors) == Names{"Old", "New"});
  CHECK(anchors.fingerprints().size() == 2);
  CHECK_FALSE(Device::learn(anchors, {f.new_root, f.old_root, f.new_with_old}));

  auto after_restart = d.open();
  CHECK(Device::names(after_restart) == Names{"Old", "New"});
  CHECK(Device::learn(after_restart, {f.new_root}));
  CHECK(Device::names(after_restart) == Names{"New"});
  CHECK(Device::names(d.open()) == Names{"New"});
}

TEST_CASE("a rollover that is called off is forgotten") {
  Device d;
  auto anchors = d.open();
  const auto& f = d.fleet;
  CHECK(Device::learn(anchors, {f.old_root, f.new_root, f.new_with_old}));
  CHECK(Device::learn(anchors, {f.old_root}));
  CHECK(Device::names(anchors) == Names{"Old"});
}

TEST_CASE("a root that no anchor certifies is not taken on, nor the last anchor let go of") {
  Device d;
  auto anchors = d.open();
  const auto& f = d.fleet;
  const Roots strangers;
  for (const std::vector<Certificate>& given :
       std::vector<std::vector<Certificate>>{{},
                                             {f.new_root},
                                             {f.new_with_old},
                                             {strangers.new_root, strangers.new_with_old},
                                             {strangers.new_root, f.new_with_old},
                                             {f.new_root, f.old_with_new}}) {
    CHECK_FALSE(Device::learn(anchors, given));
    CHECK(Device::names(anchors) == Names{"Old"});
  }
}

TEST_CASE("a device that is provisioned anew begins with what it is given") {
  Device d;
  auto anchors = d.open();
  const auto& f = d.fleet;
  CHECK(Device::learn(anchors, {f.old_root, f.new_root, f.new_with_old}));
  const Roots other;
  CHECK(Device::names(expect(Anchors::open(d.disk, std::span(&other.new_root, 1)))) ==
        Names{"New"});
  CHECK(Device::names(d.open()).size() == 2);  // until it has learned something else
}

TEST_CASE("when the disk does not take them, the anchors stay what they were") {
  struct FullDisk final : Disk {
    Result<std::optional<std::string>> read(const std::string&) const override {
      return std::nullopt;
    }
    Result<void> write(const std::string&, std::string_view) override {
      return fail(Fault::exhausted, "the disk is full");
    }
    Result<void> append(const std::string&, ByteView) override { return {}; }
    Result<void> sync(const std::string&) override { return {}; }
    Result<void> move(const std::string&, const std::string&) override { return {}; }
    Result<void> remove(const std::string&) override { return {}; }
    Result<void> shred(const std::string&) override { return {}; }
    Result<std::uint64_t> size(const std::string&) const override { return 0; }
    Result<crypto::Hash> digest(const std::string&) const override { return crypto::Hash{}; }
    std::filesystem::path path(const std::string&) const override { return {}; }
  } disk;
  const Roots f;
  auto anchors = expect(Anchors::open(disk, std::span(&f.old_root, 1)));
  const std::vector given{f.old_root, f.new_root, f.new_with_old};
  CHECK_FALSE(anchors.learn(given, noon));
  CHECK(anchors.all().size() == 1);
}

}  // namespace
}  // namespace muster::agent
