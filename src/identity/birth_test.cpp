// Onboarding by the certificate that a maker gave: who is taken, who is refused, who waits.
#include <catch2/catch.hpp>

#include "crypto/internal/test_maker.h"
#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
using Catch::Contains;
using crypto::BornDevice;
using crypto::TestMaker;

namespace {

struct Factory : World {
  explicit Factory(Settings settings = {}) : World(settings) { trust("acme", maker, {"meter"}); }

  void trust(std::string name, const TestMaker& whom, const std::vector<std::string>& models) {
    Maker out{.name = std::move(name), .models = {}, .anchors = {whom.root}};
    for (const auto& model : models) out.models.push_back(expect(ModelId::parse(model)));
    expect(identity->trust_maker(std::move(out), alice()));
  }
  std::string expect_serial(std::string_view id, std::string serial,
                            std::string_view model = "meter") {
    return expect(identity->expect({.id = device_id(id),
                                    .model = expect(ModelId::parse(model)),
                                    .serial = std::move(serial)},
                                   alice()))
        .text;
  }
  EnrolRequest by(const BornDevice& device, const crypto::SigningKey& key) {
    auto out = request("", "", key);
    out.chain = device.chain;
    return out;
  }
  Error refused(const EnrolRequest& request) {
    const auto answer = enrol(request);
    REQUIRE_FALSE(answer);
    return answer.error();
  }
  bool parks(const EnrolRequest& request) {
    const auto answer = expect(identity->enrol(request));
    return std::holds_alternative<Later>(answer);
  }
  void let_strangers_wait() {
    auto terms = expect(identity->profile(""));
    terms.unknown = Unknown::park;
    expect(identity->put_profile(terms, alice()));
  }
  void import(const std::string& manifest) {
    const auto key = new_key();
    expect(identity->trust_manifest_key("maker", key.public_key(), alice()));
    expect(
        identity->import_manifest(manifest, expect(key.sign(bytes_of(manifest))), alice(), false));
  }

  TestMaker maker;
};

}  // namespace

TEST_CASE("a device that is expected by its serial enrols by its birth certificate") {
  Factory f;
  f.expect_serial("m-1", "A1");
  const auto device = f.maker.bear("A1");
  const auto der = expect(f.enrol(f.by(device, new_key())));
  const auto certificate = expect(crypto::parse_certificate(der));
  CHECK(certificate.common_name == "m-1");
  CHECK(certificate.uris == std::vector<std::string>{"urn:muster:device:m-1"});
  CHECK(f.state("m-1") == inventory::Lifecycle::active);
  CHECK(f.count("birth-certificate.used") == 1);
  CHECK(expect(f.identity->authenticate(crypto::sha256(der))).device == device_id("m-1"));
}

TEST_CASE("the same request again gets the same certificate; another one needs the operator") {
  Factory f;
  f.expect_serial("m-1", "A1");
  const auto device = f.maker.bear("A1");
  const auto first = f.by(device, new_key());
  const auto der = expect(f.enrol(first));
  f.restart();
  CHECK(expect(f.enrol(first)) == der);
  const auto second = f.by(device, new_key());
  CHECK_THAT(f.refused(second).message, Contains("ask the operator to allow it again"));
  expect(f.identity->allow_birth(device_id("m-1"), alice(), "a new disk"));
  const auto again = expect(f.enrol(second));
  CHECK(again != der);
  CHECK_THAT(f.refused(f.by(device, new_key())).message, Contains("allow it again"));
}

TEST_CASE(
    "after its birth certificate, a device's token is worth nothing, and the other way round") {
  Factory f;
  const auto token = f.expect_serial("m-1", "A1");
  expect(f.enrol(f.by(f.maker.bear("A1"), new_key())));
  CHECK(f.refused(f.request("m-1", token, new_key())).fault == Fault::unauthorized);
  const auto other = f.expect_serial("m-2", "A2");
  expect(f.enrol(f.request("m-2", other, new_key())));
  CHECK(f.refused(f.by(f.maker.bear("A2"), new_key())).fault == Fault::forbidden);
}

TEST_CASE("a birth certificate that does not hold is refused, with a reason and an entry") {
  Factory f;
  f.expect_serial("m-1", "A1");
  SECTION("of a maker whom nobody trusts") {
    TestMaker stranger;
    const auto why = f.refused(f.by(stranger.bear("A1"), new_key()));
    CHECK(why.fault == Fault::unauthorized);
    CHECK_THAT(why.message, Contains("not of a trusted maker"));
    CHECK_THAT(f.last_cause(), Contains("no trusted maker, serial A1"));
  }
  SECTION("expired") {
    const auto device = f.maker.bear("A1", {.not_after = test_start + 1h});
    f.clock.pass(2h);
    CHECK_THAT(f.refused(f.by(device, new_key())).message, Contains("expired at"));
    CHECK_THAT(f.last_cause(), Contains("expired birth certificate"));
  }
  SECTION("of a serial that nobody expects") {
    CHECK_THAT(f.refused(f.by(f.maker.bear("B9"), new_key())).message,
               Contains("nobody expects the device with the serial number B9"));
    CHECK_THAT(f.last_cause(), Contains("that nobody expects, serial B9"));
  }
  SECTION("of a maker who is trusted for other models") {
    f.expect_serial("p-1", "P1", "pump");
    CHECK_THAT(f.refused(f.by(f.maker.bear("P1"), new_key())).message,
               Contains("not trusted for the model pump"));
  }
  SECTION("without what leads to the maker's root") {
    auto device = f.maker.bear("A1", {.intermediate = true});
    REQUIRE(device.chain.size() == 2);
    device.chain.pop_back();
    CHECK(f.refused(f.by(device, new_key())).fault == Fault::unauthorized);
  }
  SECTION("one of ours") {
    const auto key = new_key();
    auto again = f.by(f.maker.bear("A1"), new_key());
    again.chain = {expect(f.enrol(again))};
    CHECK_THAT(f.refused(again).message, Contains("renew it at simplereenroll"));
  }
  SECTION("five certificates, or garbage") {
    auto long_one = f.by(f.maker.bear("A1"), new_key());
    long_one.chain.resize(5, long_one.chain.front());
    CHECK_THAT(f.refused(long_one).message, Contains("at most 4 certificates"));
    long_one.chain = {Bytes(100, 0x30)};
    CHECK(f.refused(long_one).fault == Fault::unauthorized);
  }
  CHECK(f.state("m-1") != inventory::Lifecycle::quarantined);
}

TEST_CASE("a chain through the maker's issuing CA holds") {
  Factory f;
  f.expect_serial("m-1", "A1");
  expect(f.enrol(f.by(f.maker.bear("A1", {.intermediate = true}), new_key())));
}

TEST_CASE("a manifest that names the birth certificate takes no other of the same serial") {
  Factory f;
  const auto right = f.maker.bear("A1"), wrong = f.maker.bear("A1");
  f.import("id,model,serial,groups,risk,token_sha256,idevid_sha256\nm-1,meter,A1,,,," +
           to_hex(crypto::sha256(right.chain.front())) + "\n");
  CHECK_THAT(f.refused(f.by(wrong, new_key())).message, Contains("another birth certificate"));
  expect(f.enrol(f.by(right, new_key())));
}

TEST_CASE("the key of birth is not the key of daily use") {
  Factory f;
  f.expect_serial("m-1", "A1");
  const auto device = f.maker.bear("A1");
  CHECK_THAT(f.refused(f.by(device, device.key)).message, Contains("make another for daily use"));
}

TEST_CASE("a birth certificate does not get a quarantined or a retired device in") {
  Factory f;
  f.expect_serial("m-1", "A1");
  const auto device = f.maker.bear("A1");
  expect(f.enrol(f.by(device, new_key())));
  expect(f.identity->allow_birth(device_id("m-1"), alice(), ""));
  expect(f.inventory->quarantine(device_id("m-1"), alice(), "odd"));
  CHECK(f.refused(f.by(device, new_key())).fault == Fault::conflict);
  expect(f.inventory->retire(device_id("m-1"), alice(), "scrapped"));
  CHECK(f.refused(f.by(device, new_key())).fault == Fault::forbidden);
  CHECK_FALSE(f.identity->allow_birth(device_id("m-1"), alice(), ""));
}

TEST_CASE(
    "a maker that is distrusted while the signer is at work leaves no certificate that counts") {
  Factory f;
  f.expect_serial("m-1", "A1");
  const auto enrolment = expect(f.identity->enrol(f.by(f.maker.bear("A1"), new_key())));
  expect(f.identity->distrust_maker("acme", alice()));
  CHECK_FALSE(f.issue(Result<Enrolment>(enrolment)));
  CHECK(f.count("certificate.withdrawn") == 1);
  CHECK(f.state("m-1") == inventory::Lifecycle::expected);
}

TEST_CASE(
    "a stranger of a trusted maker waits where the profile says so, and an operator decides") {
  Factory f;
  f.let_strangers_wait();
  const auto device = f.maker.bear("B9");
  const auto asked = f.by(device, new_key());
  CHECK(f.parks(asked));
  CHECK(f.parks(asked));
  CHECK(f.count("enrolment.parked") == 1);
  f.restart();
  const auto waiting = expect(f.identity->parked());
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].serial == "B9");
  CHECK(waiting[0].maker == "acme");
  CHECK(waiting[0].model.text() == "meter");
  CHECK(waiting[0].key == device.key.public_key().fingerprint());
  CHECK(waiting[0].from == "192.0.2.7:40000");
  SECTION("approved: the next request is answered, in the operator's name for it") {
    expect(f.identity->approve(waiting[0].id, {.device = device_id("m-9"), .groups = {"north"}},
                               alice()));
    CHECK(expect(f.identity->parked()).empty());
    const auto certificate = expect(crypto::parse_certificate(expect(f.enrol(asked))));
    CHECK(certificate.common_name == "m-9");
    CHECK(f.inventory->find(device_id("m-9"))->serial == "B9");
    CHECK(f.inventory->find(device_id("m-9"))->groups == std::vector<std::string>{"north"});
  }
  SECTION("rejected: refused until somebody approves it after all") {
    expect(f.identity->reject(waiting[0].id, alice(), "not ours"));
    CHECK_THAT(f.refused(asked).message, Contains("rejected"));
    expect(f.identity->approve(waiting[0].id, {.device = device_id("m-9")}, alice()));
    expect(f.enrol(asked));
  }
  SECTION("approved under a name or a model that will not do: it goes on waiting") {
    f.expect_serial("m-1", "A1");
    CHECK_FALSE(f.identity->approve(waiting[0].id, {.device = device_id("m-1")}, alice()));
    CHECK_FALSE(f.identity->approve(
        waiting[0].id, {.device = device_id("m-9"), .model = expect(ModelId::parse("pump"))},
        alice()));
    CHECK_FALSE(f.identity->approve("0000000000000000", {.device = device_id("m-9")}, alice()));
    CHECK(f.parks(asked));
  }
  SECTION("kept with a model that is no name: the list says so, and does not leave it out") {
    f.ledger->observe().write("UPDATE identity_parked SET model = ?", {"a meter?"});
    const auto list = f.identity->parked();
    REQUIRE_FALSE(list);
    CHECK(list.error().fault == Fault::corrupt);
    CHECK_THAT(list.error().message, Contains(waiting[0].id));
  }
  SECTION("unanswered for a week: it is forgotten, and waits anew") {
    f.clock.pass(8 * 24h);
    CHECK(expect(f.identity->parked()).empty());
    CHECK(f.parks(asked));
    CHECK(f.count("enrolment.parked") == 2);
  }
}

TEST_CASE("a thousand devices wait, and no more") {
  Factory f;
  f.let_strangers_wait();
  for (int i = 0; i < 1000; ++i)
    REQUIRE(f.parks(f.by(f.maker.bear("S" + std::to_string(i)), new_key())));
  CHECK(f.refused(f.by(f.maker.bear("one-more"), new_key())).fault == Fault::unavailable);
}

TEST_CASE("a profile says how long a certificate lives, for which models and makers") {
  Factory f;
  TestMaker other;
  f.trust("other", other, {"pump"});
  expect(f.identity->put_profile({.name = "pumps",
                                  .certificate_life = 7 * 24h,
                                  .models = {expect(ModelId::parse("pump"))},
                                  .makers = {"other"}},
                                 alice()));
  f.restart();
  const auto token = f.expect_serial("m-1", "A1");
  auto asked = f.by(f.maker.bear("A1"), new_key());
  asked.profile = "pumps";
  CHECK(f.refused(asked).fault == Fault::unauthorized);  // not a maker of this profile
  auto by_token = f.request("m-1", token, new_key());
  by_token.profile = "pumps";
  CHECK_THAT(f.refused(by_token).message, Contains("for other models"));
  by_token.profile = "nothing";
  CHECK(f.refused(by_token).fault == Fault::missing);
  f.expect_serial("p-1", "P1", "pump");
  auto pump = f.by(other.bear("P1"), new_key());
  pump.profile = "pumps";
  const auto made = expect(crypto::parse_certificate(expect(f.enrol(pump))));
  CHECK(made.not_after == test_start + 7 * 24h);
}

TEST_CASE("a key made by the server is for profiles that say so") {
  Factory f;
  const auto token = f.expect_serial("m-1", "A1");
  auto asked = f.request("m-1", token, new_key());
  asked.server_key = true;
  CHECK_THAT(f.refused(asked).message, Contains("keys are made on the device"));
  auto terms = expect(f.identity->profile(""));
  terms.server_keys = true;
  expect(f.identity->put_profile(terms, alice()));
  expect(f.enrol(asked));
}

TEST_CASE("a maker is trusted for models, by CA certificates, once") {
  Factory f;
  const auto meter = expect(ModelId::parse("meter"));
  const auto why = [&](Maker maker) {
    const auto answer = f.identity->trust_maker(std::move(maker), alice());
    REQUIRE_FALSE(answer);
    return answer.error().message;
  };
  CHECK_THAT(why({.name = "acme", .models = {meter}, .anchors = {f.maker.root}}),
             Contains("already"));
  CHECK_THAT(why({.name = "x", .models = {}, .anchors = {f.maker.root}}), Contains("models"));
  const auto leaf = expect(crypto::parse_certificate(f.maker.bear("A1").chain.front()));
  CHECK_THAT(why({.name = "x", .models = {meter}, .anchors = {leaf}}), Contains("not a CA"));
  f.restart();
  REQUIRE(f.identity->makers().size() == 1);
  CHECK(f.identity->makers()[0].models == std::vector{meter});
}
