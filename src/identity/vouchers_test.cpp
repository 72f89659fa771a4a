// Vouchers (RFC 8366) that openssl signed, and what becomes of their devices.
#include <catch2/catch.hpp>

#include "crypto/cms.h"
#include "crypto/internal/test_maker.h"
#include "crypto/internal/test_openssl_tool.h"
#include "identity/internal/test_rolling_world.h"
#include "wire/voucher.h"

using namespace muster;
using namespace muster::identity;
using Catch::Contains;

namespace {

template <class Controller>
struct RegistrarOf : Controller {
  RegistrarOf() {
    expect(this->identity->trust_maker(
        {.name = "acme", .models = {expect(ModelId::parse("meter"))}, .anchors = {maker.root}},
        alice()));
    const auto signer = maker.bear("masa");
    tool.put("masa.key", signer.key.private_pem());
    tool.put("masa.pem", crypto::certificate_pem(signer.chain.front()));
  }
  wire::Voucher voucher(std::string serial) const {
    return {.created_on = test_start - 1h,
            .expires_on = test_start + 24h,
            .serial_number = std::move(serial),
            .pinned_domain_cert = this->ca.chain.back().der};
  }
  Bytes sign(const wire::Voucher& voucher) {
    tool.put("v.json", wire::to_text(voucher));
    const bool made =
        tool.run({"cms", "-sign", "-in", "v.json", "-binary", "-nodetach", "-signer", "masa.pem",
                  "-inkey", "masa.key", "-md", "sha256", "-econtent_type",
                  std::string(crypto::voucher_content_type), "-outform", "DER", "-out", "v.p7"});
    INFO(tool.output());
    REQUIRE(made);
    return tool.get_bytes("v.p7");
  }
  Result<std::vector<DeviceId>> import(std::vector<Bytes> vouchers) {
    return this->identity->import_vouchers({.maker = "acme", .vouchers = std::move(vouchers)},
                                           alice(), false);
  }
  std::string why_not(std::vector<Bytes> vouchers) {
    const auto answer = import(std::move(vouchers));
    REQUIRE_FALSE(answer);
    return answer.error().message;
  }
  Result<Bytes> enrol_born(const crypto::BornDevice& device) {
    auto request = Controller::request("", "", new_key());
    request.chain = device.chain;
    return this->enrol(request);
  }

  crypto::TestMaker maker;
  crypto::OpensslTool tool;
};

using Registrar = RegistrarOf<World>;

}  // namespace

TEST_CASE("a voucher makes a device expected, and its birth certificate opens the door") {
  Registrar w;
  auto voucher = w.voucher("A1");
  SECTION("as the maker numbers it") {}
  SECTION("with the issuer of the birth certificate, as octets or in DER") {
    voucher.idevid_issuer = w.maker.root.subject_key_id;
    if (GENERATE(false, true)) {
      Bytes der{0x04, 0x18, 0x30, 0x16, 0x80, 0x14};
      der.insert(der.end(), voucher.idevid_issuer.begin(), voucher.idevid_issuer.end());
      voucher.idevid_issuer = der;
    }
  }
  CHECK(expect(w.import({w.sign(voucher)})) == std::vector{device_id("A1")});
  CHECK(w.state("A1") == inventory::Lifecycle::expected);
  expect(w.enrol_born(w.maker.bear("A1")));
  CHECK(w.state("A1") == inventory::Lifecycle::active);
}

TEST_CASE("a voucher is for a birth certificate of the issuer that it names, until it expires") {
  Registrar w;
  auto voucher = w.voucher("A1");
  voucher.idevid_issuer = Bytes(20, 7);
  expect(w.import({w.sign(voucher), w.sign(w.voucher("A2"))}));
  CHECK_THAT(w.enrol_born(w.maker.bear("A1")).error().message, Contains("another issuer"));
  w.clock.pass(25h);
  CHECK_THAT(w.enrol_born(w.maker.bear("A2")).error().message, Contains("expired"));
}

TEST_CASE("one bad voucher refuses all of them") {
  Registrar w;
  const auto good = w.sign(w.voucher("A1"));
  SECTION("for another owner") {
    auto voucher = w.voucher("A2");
    voucher.pinned_domain_cert = w.maker.root.der;
    CHECK_THAT(w.why_not({good, w.sign(voucher)}), Contains("voucher 2: pins another certificate"));
    CHECK_THAT(w.last_cause(), Contains("voucher.refused"));
  }
  SECTION("expired") {
    auto voucher = w.voucher("A2");
    voucher.expires_on = test_start - 1min;
    CHECK_THAT(w.why_not({good, w.sign(voucher)}), Contains("voucher 2: expired"));
  }
  SECTION("signed by a stranger") {
    const crypto::TestMaker other;
    const auto signer = other.bear("masa");
    w.tool.put("masa.key", signer.key.private_pem());
    w.tool.put("masa.pem", crypto::certificate_pem(signer.chain.front()));
    CHECK_THAT(w.why_not({good, w.sign(w.voucher("A2"))}), Contains("voucher 2: CMS"));
  }
  SECTION("the same device twice, or one that has enrolled") {
    CHECK_THAT(w.why_not({good, good}), Contains("earlier voucher"));
    expect(w.identity->expect(
        {.id = device_id("m-1"), .model = expect(ModelId::parse("meter")), .serial = "A1"},
        alice()));
    expect(w.enrol_born(w.maker.bear("A1")));
    CHECK_THAT(w.why_not({good}), Contains("has enrolled already"));
    return;
  }
  CHECK_FALSE(w.inventory->find(device_id("A1")));
}

TEST_CASE("a voucher for a device that is expected already adds to what is known of it") {
  Registrar w;
  expect(w.identity->expect(
      {.id = device_id("m-1"), .model = expect(ModelId::parse("meter")), .serial = "A1"}, alice()));
  CHECK(expect(w.import({w.sign(w.voucher("A1"))})) == std::vector{device_id("m-1")});
  w.restart();
  expect(w.enrol_born(w.maker.bear("A1")));
  CHECK(w.state("m-1") == inventory::Lifecycle::active);
}

TEST_CASE(
    "while one CA takes another's place a voucher may pin either root, and later the new one") {
  RegistrarOf<RollingWorld> w;
  const auto pinning = [&](std::string serial, const crypto::Certificate& root) {
    auto voucher = w.voucher(std::move(serial));
    voucher.pinned_domain_cert = root.der;
    return w.sign(voucher);
  };
  const auto old_root = w.rollover().trusted().current.root;
  w.begin();
  const auto new_root = w.rollover().trusted().other->root;
  CHECK(expect(w.import({pinning("A1", old_root), pinning("A2", new_root)})).size() == 2);
  w.switch_over();
  CHECK(expect(w.import({pinning("A3", old_root), pinning("A4", new_root)})).size() == 2);
  expect(w.finish());
  CHECK(expect(w.import({pinning("A5", new_root)})).size() == 1);
  CHECK_THAT(w.why_not({pinning("A6", old_root)}), Contains("another owner"));
}
