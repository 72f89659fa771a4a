#include <catch2/catch.hpp>

#include "crypto/distribution_point.h"
#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;

namespace {

constexpr auto reason = crypto::RevocationReason::key_compromise;

Settings published(std::size_t shard_certificates = 2) {
  return {.pki_url = "http://pki.example", .shard_certificates = shard_certificates};
}

struct Enrolled {
  DeviceId id;
  crypto::Certificate certificate;
  Bytes der;
  crypto::Serial serial{};
};

Enrolled enrol(World& w, std::string id) {
  const auto token = w.expect_device(id);
  const auto key = new_key();
  Enrolled out{
      .id = device_id(id), .certificate = {}, .der = expect(w.enrol(w.request(id, token, key)))};
  out.certificate = expect(crypto::parse_certificate(out.der));
  std::ranges::copy(out.certificate.serial, out.serial.begin());
  expect(w.identity->authenticate(crypto::sha256(out.der)));
  return out;
}

crypto::Crl list(World& w, std::uint32_t shard) {
  return expect(crypto::parse_crl(expect(w.crl(shard)), w.ca.chain.front()));
}

}  // namespace

TEST_CASE("a certificate names its revocation list, and each list speaks for so many") {
  World w(published());
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-1").der)) == "http://pki.example/crl/1.crl");
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-2").der)) == "http://pki.example/crl/1.crl");
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-3").der)) == "http://pki.example/crl/2.crl");
  w.restart();
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-4").der)) == "http://pki.example/crl/2.crl");
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-5").der)) == "http://pki.example/crl/3.crl");
}

TEST_CASE("without a public address certificates name no list, and there are none but the whole") {
  World w;
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-1").der)).empty());
  CHECK(w.identity->crl(1).error().fault == Fault::missing);
  CHECK(w.crl());
}

TEST_CASE("another public address begins another list") {
  World w(published(100));
  enrol(w, "m-1");
  w.settings.pki_url = "http://pki.example/two";
  w.restart();
  CHECK(expect(crypto::crl_url_of(enrol(w, "m-2").der)) == "http://pki.example/two/crl/2.crl");
  CHECK(list(w, 1).terms.scope.shard_uri == "http://pki.example/crl/1.crl");
}

TEST_CASE("a revoked certificate is on the list that it names, and on no other") {
  World w(published());
  const auto one = enrol(w, "m-1");
  enrol(w, "m-2");
  enrol(w, "m-3");
  expect(w.identity->revoke(one.id, reason, alice(), "stolen"));
  const auto first = list(w, 1);
  CHECK(first.terms.scope.shard_uri == "http://pki.example/crl/1.crl");
  CHECK(first.terms.scope.only_user_certificates);
  REQUIRE(first.revoked.size() == 1);
  CHECK(first.revoked[0].serial == one.certificate.serial);
  CHECK(first.revoked[0].reason == reason);
  CHECK(list(w, 2).revoked.empty());
}

TEST_CASE("a list is made anew when something of it was revoked or half its life is over") {
  World w(published());
  const auto one = enrol(w, "m-1"), two = enrol(w, "m-2"), three = enrol(w, "m-3");
  CHECK(list(w, 1).terms.number == 1);
  w.clock.pass(3 * 24h);
  CHECK(list(w, 1).terms.number == 1);
  expect(w.identity->revoke(three.id, reason, alice(), "of the other list"));
  CHECK(list(w, 1).terms.number == 1);
  expect(w.identity->revoke(two.id, reason, alice(), "of this list"));
  CHECK(list(w, 1).terms.number == 2);
  w.restart();
  CHECK(list(w, 1).terms.number == 2);
  w.clock.pass(3 * 24h + 12h);
  CHECK(list(w, 1).terms.number == 3);
}

TEST_CASE("what is revoked while its list is being signed outdates the list at once") {
  World w(published());
  const auto one = enrol(w, "m-1");
  auto asked = expect(w.identity->crl(1));
  const auto order = std::get<signer::CrlOrder>(asked);
  expect(w.identity->revoke(one.id, reason, alice(), "meanwhile"));
  w.identity->file_crl(order, expect(w.keeper->make_list(order)));
  CHECK(list(w, 1).revoked.size() == 1);
}

TEST_CASE("a certificate that was signed and never filed is on the list that it names") {
  World w(published());
  const auto token = w.expect_device("m-1");
  const auto key = new_key();
  const auto enrolment = expect(w.identity->enrol(w.request("m-1", token, key)));
  const auto& commission = std::get<Commission>(enrolment);
  expect(w.keeper->issue(commission.order));
  w.restart();
  w.identity->reconcile(expect(w.keeper->since(0, 100)));
  const auto revoked = list(w, 1).revoked;
  REQUIRE(revoked.size() == 1);
  CHECK(std::ranges::equal(revoked[0].serial, commission.order.serial));
}

TEST_CASE("an operator revokes one certificate by its serial") {
  World w(published());
  const auto one = enrol(w, "m-1");
  expect(w.identity->revoke_certificate(one.serial, reason, alice(), "found on a desk"));
  CHECK(w.cut == std::vector{crypto::serial_hex(one.serial)});
  CHECK_FALSE(w.identity->authenticate(crypto::sha256(one.der)));
  CHECK(w.last_entry().entry.action == "certificate.refused");
  CHECK(w.identity->revoke_certificate(one.serial, reason, alice(), "again").error().fault ==
        Fault::conflict);
  CHECK(w.identity->revoke_certificate({9}, reason, alice(), "what").error().fault ==
        Fault::missing);
}

TEST_CASE("the standing of a certificate is the registry's word") {
  World w(published());
  const auto one = enrol(w, "m-1");
  using State = Standing::State;
  CHECK(w.identity->standing(one.certificate.serial).state == State::good);
  CHECK(w.identity->standing(Bytes{1, 2, 3}).state == State::unknown);
  expect(w.identity->revoke_certificate(one.serial, reason, alice(), "lost"));
  const auto now = w.identity->standing(one.certificate.serial);
  CHECK(now.state == State::revoked);
  CHECK(now.revoked_at == w.clock.now());
  CHECK(now.reason == reason);
}

TEST_CASE("a certificate of our own doors is good until it ends") {
  World w;
  w.identity->serves(w.ca.chain.front());
  CHECK(w.identity->standing(w.ca.chain.front().serial).state == Standing::State::good);
}

TEST_CASE("certificates that end soon are listed, soonest first") {
  World w;
  const auto first = enrol(w, "m-1");
  w.clock.pass(24h);
  const auto second = enrol(w, "m-2");
  CHECK(w.identity->ending(28 * 24h, 10).empty());
  const auto soon = w.identity->ending(31 * 24h, 10);
  REQUIRE(soon.size() == 2);
  CHECK(soon[0].subject == "m-1");
  CHECK(w.identity->ending(31 * 24h, 1).size() == 1);
}
