#include <catch2/catch.hpp>

#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
using Catch::Contains;
using inventory::Lifecycle;

namespace {

Error refused(const Result<Bytes>& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

}  // namespace

TEST_CASE("an expected device with its token gets a certificate in its own name") {
  World w;
  const auto token = w.expect_device("m-1");
  CHECK(token.size() == 27);
  const auto key = new_key();
  const auto der = expect(w.enrol(w.request("m-1", token, key, "m-1")));
  const auto certificate = expect(crypto::parse_certificate(der));
  CHECK(certificate.common_name == "m-1");
  CHECK(certificate.uris == std::vector<std::string>{"urn:muster:device:m-1"});
  CHECK(certificate.organizational_unit.empty());
  CHECK(certificate.client_auth);
  CHECK_FALSE(certificate.is_ca);
  CHECK(certificate.key.spki() == key.public_key().spki());
  CHECK(certificate.not_before == test_start - 5min);
  CHECK(certificate.not_after == test_start + 30 * 24h);
  CHECK(crypto::verify_chain(certificate, w.ca.chain, std::span(&w.ca.chain.back(), 1),
                             crypto::Use::client, w.clock.now()));
  CHECK(w.state("m-1") == Lifecycle::active);
  CHECK(w.count("token.burned") == 1);
  CHECK(w.count("certificate.issued") == 1);
  CHECK(w.count("device.activated") == 1);
}

TEST_CASE("no secret is in the ledger") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto key = new_key();
  expect(w.enrol(w.request("m-1", token, key)));
  CHECK_FALSE(w.enrol(w.request("m-1", "a wrong guess", key)));
  for (std::uint64_t i = 0; i < w.ledger->size(); ++i) {
    CHECK_THAT(expect(w.ledger->leaf(i)), !Contains(token));
    CHECK_THAT(expect(w.ledger->leaf(i)), !Contains("a wrong guess"));
  }
}

TEST_CASE("the same request again within a day gets the same certificate, also after a restart") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto key = new_key();
  const auto request = w.request("m-1", token, key);
  const auto der = expect(w.enrol(request));
  const auto entries = w.ledger->size();
  CHECK(expect(w.enrol(request)) == der);
  w.restart();
  w.clock.pass(23h);
  CHECK(expect(w.enrol(request)) == der);
  CHECK(w.ledger->size() == entries);
  w.clock.pass(2h);
  CHECK(expect(w.enrol(request)) == der);  // nobody has used it: the answer may have been lost
  expect(w.identity->authenticate(crypto::sha256(der)));
  CHECK_THAT(refused(w.enrol(request)).message, Contains("has been used"));
}

TEST_CASE("a used token is refused to another request, and recorded") {
  World w;
  const auto token = w.expect_device("m-1");
  expect(w.enrol(w.request("m-1", token, new_key())));
  const auto error = refused(w.enrol(w.request("m-1", token, new_key())));
  CHECK(error.fault == Fault::unauthorized);
  CHECK_THAT(error.message, Contains("has been used"));
  CHECK(w.last_cause() == "enrolment.refused: used token");
  CHECK(w.last_entry().entry.target == "device/m-1");
}

TEST_CASE("an expired token is refused, and a new one works") {
  World w;
  const auto token = w.expect_device("m-1");
  w.clock.pass(7 * 24h);
  CHECK_THAT(refused(w.enrol(w.request("m-1", token, new_key()))).message, Contains("expired at"));
  CHECK(w.last_cause() == "enrolment.refused: expired token");
  CHECK(w.state("m-1") == Lifecycle::expected);
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  expect(w.enrol(w.request("m-1", fresh.text, new_key())));
}

TEST_CASE("after five wrong tries the right token does not open either") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto key = new_key();
  for (int i = 0; i < 5; ++i) {
    if (i == 2) w.restart();  // tries are not forgotten
    CHECK_THAT(refused(w.enrol(w.request("m-1", "guess", key))).message, Contains("not accepted"));
  }
  CHECK(w.last_cause() == "enrolment.refused: wrong token");
  w.clock.pass(2min);
  CHECK_THAT(refused(w.enrol(w.request("m-1", token, key))).message,
             Contains("tried wrongly too often"));
  CHECK(w.last_cause() == "enrolment.refused: too many wrong tries");
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  expect(w.enrol(w.request("m-1", fresh.text, key)));
}

TEST_CASE("four wrong tries leave the right token as it is") {
  World w;
  const auto token = w.expect_device("m-1");
  for (int i = 0; i < 4; ++i) refused(w.enrol(w.request("m-1", "guess", new_key())));
  expect(w.enrol(w.request("m-1", token, new_key())));
}

TEST_CASE("who does not hold the right token cannot tell a device from nobody") {
  World w;
  w.expect_device("m-1");
  const auto known = refused(w.enrol(w.request("m-1", "guess", new_key())));
  const auto unknown = refused(w.enrol(w.request("m-2", "guess", new_key())));
  CHECK(known.message == unknown.message);
  CHECK(known.fault == unknown.fault);
  CHECK(w.last_cause() == "enrolment.refused: unknown name m-2");
  refused(w.enrol(w.request("no\nname", "guess", new_key())));
  CHECK(w.last_cause() == "enrolment.refused: not a name");
}

TEST_CASE("one device's token does not open for another") {
  World w;
  const auto token = w.expect_device("m-1");
  w.expect_device("m-2");
  refused(w.enrol(w.request("m-2", token, new_key())));
  CHECK(w.last_cause() == "enrolment.refused: wrong token");
}

TEST_CASE("a request that names another subject is refused, and the token stays good") {
  World w;
  const auto token = w.expect_device("m-1");
  const auto error = refused(w.enrol(w.request("m-1", token, new_key(), "m-2")));
  CHECK(error.fault == Fault::invalid);
  CHECK_THAT(w.last_cause(), Contains("names another subject"));
  expect(w.enrol(w.request("m-1", token, new_key(), "m-1")));
}

TEST_CASE("one key under two identities is refused and recorded") {
  World w;
  const auto key = new_key();
  expect(w.enrol(w.request("m-1", w.expect_device("m-1"), key)));
  const auto error = refused(w.enrol(w.request("m-2", w.expect_device("m-2"), key)));
  CHECK(error.fault == Fault::forbidden);
  CHECK_THAT(error.message, !Contains("m-1"));
  CHECK(w.last_cause() == "enrolment.refused: the key of m-1");
  CHECK(w.state("m-2") == Lifecycle::expected);
}

TEST_CASE(
    "an active device enrols again with a fresh token, and keeps its certificate until then") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  const auto made = crypto::sha256(expect(w.enrol(w.request("m-1", fresh.text, new_key()))));
  CHECK(w.identity->authenticate(old));
  CHECK(w.identity->authenticate(made));
  CHECK_FALSE(w.identity->authenticate(old));
}

TEST_CASE("a quarantined device renews but does not enrol") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  expect(w.inventory->quarantine(device_id("m-1"), alice(), "x"));
  CHECK(refused(w.enrol(w.request("m-1", fresh.text, new_key()))).fault == Fault::conflict);
  CHECK(w.renew(w.renewal(old, new_key())));
}

TEST_CASE("a retired device does not enrol again and gets no token") {
  World w;
  w.enrolled("m-1");
  const auto fresh = expect(w.identity->new_token(device_id("m-1"), alice()));
  expect(w.inventory->retire(device_id("m-1"), alice(), "scrapped"));
  CHECK(refused(w.enrol(w.request("m-1", fresh.text, new_key()))).fault == Fault::forbidden);
  CHECK(w.last_cause() == "enrolment.refused: retired");
  auto token = w.identity->new_token(device_id("m-1"), alice());
  REQUIRE_FALSE(token);
  CHECK(token.error().fault == Fault::conflict);
}

TEST_CASE("a flood of refusals is five entries a minute and a count") {
  World w;
  w.expect_device("m-1");
  const auto key = new_key();
  const auto request = w.request("m-1", "guess", key);
  for (int i = 0; i < 100; ++i) refused(w.enrol(request));
  CHECK(w.count("enrolment.refused") == 5);
  w.clock.pass(1min);
  refused(w.enrol(request));
  CHECK(w.count("enrolment.refused") == 6);
  REQUIRE(w.last_entry().entry.detail.find("not_recorded"));
  CHECK(*w.last_entry().entry.detail.find("not_recorded")->integer() == 95);
}

TEST_CASE(
    "names nobody knows are counted by the address they come from, and all of them together") {
  World w;
  auto request = w.request("x", "guess", new_key());
  for (int i = 0; i < 50; ++i) {
    request.subject = "x-" + std::to_string(i);
    request.from = "192.0.2.7:" + std::to_string(40000 + i);
    refused(w.enrol(request));
  }
  CHECK(w.count("enrolment.refused") == 5);
  for (int i = 0; i < 500; ++i) {
    request.from = "[2001:db8::" + std::to_string(i) + "]:40000";
    refused(w.enrol(request));
  }
  CHECK(w.count("enrolment.refused") == 60);
}

TEST_CASE("a renewed certificate is pending until it is seen, then the old one is cut") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto old_serial = w.identity->current(device_id("m-1"))->serial;
  const auto der = expect(w.renew(w.renewal(old, new_key(), "m-1")));
  const auto fresh = crypto::sha256(der);
  CHECK(w.identity->authenticate(old));
  CHECK(w.identity->authenticate(fresh, false));  // asked about, not seen
  CHECK(w.cut.empty());
  CHECK(w.identity->current(device_id("m-1"))->fingerprint == old);
  w.restart();

  const auto principal = expect(w.identity->authenticate(fresh));
  CHECK(principal.device.text() == "m-1");
  CHECK(w.cut == std::vector{old_serial});
  CHECK_FALSE(w.identity->authenticate(old));
  CHECK(w.last_cause() == "certificate.refused: superseded certificate");
  CHECK(w.count("certificate.superseded") == 1);
  CHECK(w.identity->current(device_id("m-1"))->serial == principal.serial);
  const auto all = w.identity->certificates(device_id("m-1"));
  REQUIRE(all.size() == 2);
  CHECK(w.identity->totals().valid == 1);
}

TEST_CASE("a renewal that was not heard is answered again, and another one takes its place") {
  World w;
  const auto old = w.enrolled("m-1");
  const auto request = w.renewal(old, new_key());
  const auto first = expect(w.renew(request));
  CHECK(expect(w.renew(request)) == first);
  const auto second = expect(w.renew(w.renewal(old, new_key())));
  CHECK(second != first);
  CHECK_FALSE(w.identity->authenticate(crypto::sha256(first)));
  CHECK(w.identity->authenticate(old));
  CHECK(w.identity->authenticate(crypto::sha256(second)));
}

TEST_CASE("renewing with the same key is refused, saying so") {
  World w;
  const auto key = new_key();
  const auto old = crypto::sha256(expect(w.enrol(w.request("m-1", w.expect_device("m-1"), key))));
  expect(w.identity->authenticate(old));
  w.clock.pass(25h);
  const auto error = refused(w.renew(w.renewal(old, key)));
  CHECK(error.fault == Fault::invalid);
  CHECK_THAT(error.message, Contains("make a new key"));
}

TEST_CASE("a renewal needs a certificate that is good now, and its own name") {
  World w;
  const auto old = w.enrolled("m-1");
  CHECK(refused(w.renew(w.renewal({}, new_key()))).fault == Fault::unauthorized);
  CHECK(w.last_cause() == "certificate.refused: unknown certificate");
  CHECK(refused(w.renew(w.renewal(old, new_key(), "m-2"))).fault == Fault::invalid);
  w.clock.pass(30 * 24h);
  CHECK(refused(w.renew(w.renewal(old, new_key()))).fault == Fault::unauthorized);
  CHECK(w.last_cause() == "certificate.refused: expired certificate");
}

TEST_CASE("a certificate does not outlive its issuer") {
  World w(Settings{.certificate_life = 5000 * 24h});
  const auto der = expect(w.enrol(w.request("m-1", w.expect_device("m-1"), new_key())));
  CHECK(expect(crypto::parse_certificate(der)).not_after == w.ca.chain.front().not_after);
}

TEST_CASE(
    "a first request may not ask for another's names, nor to be a CA; its own it may leave out") {
  World w;
  w.expect_device("m-2");
  const auto token = w.expect_device("m-1");
  const auto why = [&](Claims claims) {
    auto request = w.request("m-1", token, new_key());
    request.claims = std::move(claims);
    const auto answer = w.enrol(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().fault == Fault::invalid);
    CHECK(w.last_entry().entry.action == "enrolment.refused");
    return answer.error().message;
  };
  CHECK_THAT(why({.authority = true}), Contains("cA in basicConstraints"));
  CHECK_THAT(why({.names = {"urn:muster:device:m-2"}}), Contains("another's"));
  CHECK_THAT(why({.names = {"m-2"}}), Contains("another's"));
  auto request = w.request("m-1", token, new_key());
  request.claims = {.other_attributes = true, .names = {"meter.lan", "urn:muster:device:m-1"}};
  const auto made = expect(crypto::parse_certificate(expect(w.enrol(request))));
  CHECK(made.uris == std::vector<std::string>{"urn:muster:device:m-1"});
  CHECK(made.dns_names.empty());
}

TEST_CASE("a renewal's names are those of the certificate, when it gives any") {
  World w;
  const auto print = w.enrolled("m-1");
  const auto why = [&](Claims claims) {
    auto request = w.renewal(print, new_key(), "m-1");
    request.claims = std::move(claims);
    const auto answer = w.renew(request);
    REQUIRE_FALSE(answer);
    return answer.error().message;
  };
  CHECK_THAT(why({.other_attributes = true}), Contains("CN=m-1"));
  CHECK_THAT(why({.names = {"meter.lan"}}), Contains("urn:muster:device:m-1"));
  CHECK_THAT(why({.names = {"urn:muster:device:m-1", "m-1"}}), Contains("urn:muster:device:m-1"));
  CHECK_THAT(why({.authority = true}), Contains("cA in basicConstraints"));
  auto request = w.renewal(print, new_key(), "m-1");
  request.claims = {.names = {"urn:muster:device:m-1"}};
  expect(w.renew(request));
}
