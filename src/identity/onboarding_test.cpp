#include <catch2/catch.hpp>

#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
using Catch::Contains;
using inventory::Lifecycle;

namespace {

struct Signatory {  // signs manifests
  explicit Signatory(crypto::Algorithm algorithm) : key(new_key(algorithm)) {}
  Bytes sign(std::string_view text) const { return expect(key.sign(bytes_of(text))); }
  crypto::FileKey key;
};

World& trusting(World& w, const Signatory& maker, std::string name = "maker") {
  expect(w.identity->trust_manifest_key(std::move(name), maker.key.public_key(), alice()));
  return w;
}

constexpr std::string_view two_devices =
    R"({"format":"muster-manifest-1","owner":"City","devices":[)"
    R"({"id":"m-1","model":"meter","serial":"A1","groups":["north"],"risk":"high"},)"
    R"({"id":"m-2","model":"meter","token_sha256":)"
    R"("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]})";  // of "secret"

std::string why_not(World& w, const Signatory& maker, std::string_view text) {
  const auto entries = w.ledger->size();
  auto imported = w.identity->import_manifest(text, maker.sign(text), alice(), false);
  REQUIRE_FALSE(imported);
  CHECK(w.ledger->size() == entries);
  return imported.error().message;
}

}  // namespace

TEST_CASE("a signed manifest makes its devices expected, and they enrol by its tokens") {
  const auto algorithm = GENERATE(crypto::Algorithm::ed25519, crypto::Algorithm::ecdsa_p256);
  Signatory maker(algorithm);
  World w;
  trusting(w, maker);
  const auto imported =
      expect(w.identity->import_manifest(two_devices, maker.sign(two_devices), alice(), false));
  CHECK(imported.devices == 2);
  REQUIRE(imported.tokens.size() == 1);
  CHECK(imported.tokens[0].first.text() == "m-1");
  const auto* device = w.inventory->find(device_id("m-1"));
  REQUIRE(device);
  CHECK(device->serial == "A1");
  CHECK(device->risk == inventory::Risk::high);
  CHECK(device->groups == std::vector<std::string>{"north"});
  CHECK(w.count("manifest.imported") == 1);
  CHECK(w.count("device.expected") == 2);
  w.restart();
  CHECK(w.enrol(w.request("m-1", imported.tokens[0].second.text, new_key())));
  CHECK(w.enrol(w.request("m-2", "secret", new_key())));
}

TEST_CASE("the entry of an import names the bytes that were signed") {
  Signatory maker(crypto::Algorithm::ed25519);
  World w;
  trusting(w, maker);
  expect(w.identity->import_manifest(two_devices, maker.sign(two_devices), alice(), false));
  for (const auto& r : expect(w.ledger->entries(0, 100)))
    if (r.entry.action == "manifest.imported") {
      CHECK(*r.entry.detail.find("devices")->integer() == 2);
      CHECK(*r.entry.detail.find("sha256")->text() ==
            to_hex(crypto::sha256(bytes_of(two_devices))));
      CHECK(r.entry.target == "manifest-key/maker");
    }
}

TEST_CASE("a manifest in CSV does the same") {
  Signatory maker(crypto::Algorithm::ed25519);
  World w;
  trusting(w, maker);
  const std::string text =
      "id,model,serial,groups,risk,token_sha256\nm-1,meter,A1,north;pilot,high,\nm-2,meter,,,,\n";
  CHECK(expect(w.identity->import_manifest(text, maker.sign(text), alice(), false)).devices == 2);
  CHECK(w.inventory->find(device_id("m-1"))->groups.size() == 2);
}

TEST_CASE("a dry run checks all and writes nothing") {
  Signatory maker(crypto::Algorithm::ed25519);
  World w;
  trusting(w, maker);
  const auto entries = w.ledger->size();
  const auto imported =
      expect(w.identity->import_manifest(two_devices, maker.sign(two_devices), alice(), true));
  CHECK(imported.devices == 2);
  CHECK(imported.tokens.empty());
  CHECK(w.ledger->size() == entries);
  CHECK(w.inventory->counts().total == 0);
}

TEST_CASE("a manifest that is not signed by a trusted key is refused and recorded") {
  Signatory maker(crypto::Algorithm::ed25519), stranger(crypto::Algorithm::ed25519);
  World w;
  const auto import = [&](std::string_view text, const Bytes& signature) {
    auto r = w.identity->import_manifest(text, signature, alice(), false);
    REQUIRE_FALSE(r);
    return r.error();
  };
  CHECK_THAT(import(two_devices, maker.sign(two_devices)).message,
             Contains("no manifest key is trusted"));
  trusting(w, maker);
  CHECK(import(two_devices, stranger.sign(two_devices)).fault == Fault::unauthorized);
  CHECK(w.last_entry().entry.action == "manifest.refused");
  import(two_devices, {});
  import(std::string(two_devices) + "\n", maker.sign(two_devices));  // not these bytes
  CHECK(w.count("manifest.refused") == 4);
  CHECK(w.inventory->counts().total == 0);
}

// Made by the commands of docs/formats/manifest.md with OpenSSL 3.0.
TEST_CASE("signatures made by openssl are good, of the very bytes that were signed") {
  const std::string_view text =
      "{\"format\": \"muster-manifest-1\", \"owner\": \"City of X\", \"devices\": [\n"
      "  {\"id\": \"m-1\", \"model\": \"meter\", \"serial\": \"A1\", \"groups\": [\"north\"], "
      "\"risk\": "
      "\"high\"}]}\n";
  struct Sample {
    const char *key, *signature;
  };
  const auto sample = GENERATE(
      Sample{"-----BEGIN PUBLIC KEY-----\n"
             "MCowBQYDK2VwAyEA6CdG5zOQptufXYas2mv8xONs9CwV2hcaSZAOZe25wjk=\n"
             "-----END PUBLIC KEY-----\n",
             "pGd0PgUF+oQCricZIGhgZ5uZfTAzYJ0RLDv6D4CfVatGxseJAe0ORpVDpfFeLyno7koO49hK7V63sendLjuV"
             "Cw=="},
      Sample{"-----BEGIN PUBLIC KEY-----\n"
             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAsayehjf2nbzt4I7TqTKGWAhHt0o\n"
             "UG23c8aLb1LApGRAHdf0/oo16aw/wec2YC1wJeTYENv+2/j4cqUoIkGB+g==\n"
             "-----END PUBLIC KEY-----\n",
             "MEUCIQCNNun7HG95m+4VNMvqbJJH9UO7nOijuUb5woMnvdAf5QIgWyey1CycrAIt1p/iJJACYGShCc+vXN+Q"
             "wfeAPieiiQQ="});
  World w;
  expect(w.identity->trust_manifest_key("maker", expect(crypto::PublicKey::from_pem(sample.key)),
                                        alice()));
  const auto signature = expect(from_base64(sample.signature));
  CHECK_FALSE(
      w.identity->import_manifest(text.substr(0, text.size() - 1), signature, alice(), false));
  CHECK(expect(w.identity->import_manifest(text, signature, alice(), false)).devices == 1);
}

TEST_CASE("one bad row refuses the whole manifest, by its number") {
  Signatory maker(crypto::Algorithm::ed25519);
  World w;
  trusting(w, maker);
  const auto of = [](const std::string& rows) {
    return "id,model,serial,groups,risk,token_sha256\n" + rows;
  };
  CHECK_THAT(why_not(w, maker, of("m-1,meter,A1,,,\nm-2,meter,A1,,,\n")),
             Contains("A1") || (Contains("1") && Contains("2")));
  CHECK_THAT(why_not(w, maker, of("m-1,meter,,,,\nm-1,meter,,,,\n")), Contains("2"));
  const std::string hash(64, 'a');
  CHECK_THAT(why_not(w, maker, of("m-1,meter,,,," + hash + "\nm-2,meter,,,," + hash + "\n")),
             Contains("row 2") && Contains("row 1"));
  w.expect_device("m-2");
  CHECK_THAT(why_not(w, maker, of("m-1,meter,,,,\nm-2,meter,,,,\n")),
             Contains("row 2") && Contains("there is a device m-2 already"));
  CHECK_FALSE(w.inventory->find(device_id("m-1")));
}

TEST_CASE("a manifest key is trusted once, under one name") {
  Signatory maker(crypto::Algorithm::ed25519), other(crypto::Algorithm::ecdsa_p256);
  World w;
  trusting(w, maker, "a");
  trusting(w, maker, "a");
  CHECK(w.count("manifest-key.trusted") == 1);
  CHECK_FALSE(w.identity->trust_manifest_key("a", other.key.public_key(), alice()));
  CHECK_FALSE(w.identity->trust_manifest_key("b", maker.key.public_key(), alice()));
  CHECK_FALSE(w.identity->trust_manifest_key("", other.key.public_key(), alice()));
  trusting(w, other, "b");
  w.restart();
  const auto keys = w.identity->manifest_keys();
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].first == "a");
  CHECK(keys[0].second == maker.key.public_key().pem());
}

TEST_CASE("a new token replaces the one before it") {
  World w;
  const auto first = w.expect_device("m-1");
  const auto second = expect(w.identity->new_token(device_id("m-1"), alice()));
  CHECK(second.text != first);
  CHECK(second.expires == test_start + 7 * 24h);
  CHECK_FALSE(w.enrol(w.request("m-1", first, new_key())));
  CHECK(w.enrol(w.request("m-1", second.text, new_key())));
  CHECK_FALSE(w.identity->new_token(device_id("nobody"), alice()));
}

TEST_CASE("an application enrols by its token and may listen to what it was given") {
  World w;
  const auto token =
      expect(w.identity->add_application({"billing", {"v1/devices/+/telemetry"}}, alice()));
  const auto der = expect(w.enrol(w.request("billing", token.text, new_key())));
  const auto certificate = expect(crypto::parse_certificate(der));
  CHECK(certificate.organizational_unit == "application");
  CHECK(certificate.uris == std::vector<std::string>{"urn:muster:application:billing"});
  w.restart();
  const auto p = expect(w.identity->authenticate(crypto::sha256(der)));
  CHECK(p.application);
  CHECK(p.name == "billing");
  CHECK(p.subscribe == std::vector<std::string>{"v1/devices/+/telemetry"});
  CHECK(p.device.text().empty());
  CHECK(w.renew(w.renewal(crypto::sha256(der), new_key())));
  REQUIRE(w.identity->applications().size() == 1);
}

TEST_CASE("a removed application is cut, and its name is free again") {
  World w;
  const auto token = expect(w.identity->add_application({"a", {"v1/devices/#"}}, alice()));
  const auto print = crypto::sha256(expect(w.enrol(w.request("a", token.text, new_key()))));
  expect(w.identity->remove_application("a", alice()));
  CHECK(w.cut.size() == 1);
  CHECK_FALSE(w.identity->authenticate(print));
  CHECK(w.last_entry().entry.target == "application/a");
  w.restart();
  CHECK(w.identity->applications().empty());
  CHECK_FALSE(w.identity->remove_application("a", alice()));
  CHECK_FALSE(w.enrol(w.request("a", token.text, new_key())));
  CHECK(w.identity->add_application({"a", {"v1/devices/#"}}, alice()));
}

TEST_CASE("devices and applications share one space of names") {
  World w;
  w.expect_device("m-1");
  CHECK_FALSE(w.identity->add_application({"m-1", {"v1/devices/#"}}, alice()));
  expect(w.identity->add_application({"billing", {"v1/devices/#"}}, alice()));
  auto device = w.identity->expect(
      {.id = device_id("billing"), .model = expect(ModelId::parse("meter"))}, alice());
  REQUIRE_FALSE(device);
  CHECK(device.error().fault == Fault::conflict);
}

TEST_CASE("a topic filter that is none, or not below the devices, is refused") {
  World w;
  for (const char* bad : {"", "#", "v1/other/#", "v1/devices/", "v1/devices/a#", "v1/devices/#/x",
                          "v1/devices/+x/telemetry", "v1/devices//x", "v1/devices/a\nb"}) {
    CAPTURE(bad);
    auto added = w.identity->add_application({"a", {bad}}, alice());
    REQUIRE_FALSE(added);
    CHECK(added.error().fault == Fault::invalid);
  }
  CHECK_FALSE(w.identity->add_application({"a", {}}, alice()));
  CHECK_FALSE(w.identity->add_application({"no spaces", {"v1/devices/#"}}, alice()));
}
