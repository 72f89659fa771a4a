#include "identity/rollover.h"

#include <catch2/catch.hpp>

#include "identity/internal/test_rolling_world.h"

namespace muster::identity {
namespace {

using signer::Scope;

TEST_CASE("a rollover goes through its phases, each with its entry in the ledger") {
  RollingWorld w;
  const auto meter = w.enrolled("meter-1");
  const auto old = w.rollover().trusted().current;
  w.begin();
  REQUIRE(w.phase() == RolloverPhase::distributing);
  CHECK(w.count("ca.rollover-begun") == 1);
  CHECK(w.rollover().trusted().roots().size() == 2);
  CHECK(w.rollover().trusted().anchors().size() == 4);
  CHECK(w.rollover().trusted().given().size() == 6);
  CHECK(w.rollover().trusted().current.issuing.der == old.issuing.der);

  w.report("meter-1");
  w.switch_over();
  REQUIRE(w.phase() == RolloverPhase::switched);
  CHECK(w.rollover().trusted().other->issuing.der == old.issuing.der);
  const auto next = w.renewed(meter);
  CHECK(w.finish());
  CHECK(w.phase() == RolloverPhase::none);
  CHECK(w.count("ca.switched") == 1);
  CHECK(w.count("ca.rollover-finished") == 1);
  CHECK(w.count("ca.rollover-ordered") == 3);
  CHECK_FALSE(w.rollover().trusted().other);
  CHECK(w.rollover().trusted().given().size() == 2);
  CHECK(w.identity->authenticate(next));
  CHECK_FALSE(w.identity->authenticate(meter));
}

TEST_CASE("what servers show leads clients of either root to the one they know") {
  RollingWorld w;
  const auto leads = [&](const crypto::Certificate& anchor) {
    const auto key = new_key();
    const auto shown = w.rollover().trusted().shown();
    signer::Order order{.kind = signer::Template::device,
                        .serial = {0x41, 1},
                        .subject = "meter-9",
                        .not_before = std::chrono::floor<std::chrono::seconds>(w.clock.now()),
                        .not_after = std::chrono::floor<std::chrono::seconds>(w.clock.now() + 24h),
                        .spki = key.public_key().spki(),
                        .issuer = shown.front().subject_key_id};
    w.chance.fill(order.serial);
    order.serial[0] = 0x41;
    const auto leaf = expect(crypto::parse_certificate(expect(w.keeper->issue(order))));
    return crypto::verify_chain(leaf, shown, std::span(&anchor, 1), crypto::Use::client,
                                w.clock.now())
        .has_value();
  };
  const auto old_root = w.rollover().trusted().current.root;
  w.begin();
  const auto new_root = w.rollover().trusted().other->root;
  CHECK(leads(old_root));
  CHECK(leads(new_root));
  w.switch_over();
  CHECK(leads(old_root));
  CHECK(leads(new_root));
  expect(w.finish());
  CHECK(leads(new_root));
  CHECK_FALSE(leads(old_root));
}

TEST_CASE("finishing is refused, by name, until every device is over") {
  RollingWorld w;
  const auto one = w.enrolled("meter-1");
  const auto two = w.enrolled("meter-2");
  w.begin();
  auto progress = w.rollover().progress();
  CHECK(progress.devices == 2);
  CHECK(progress.without_anchor == 2);
  CHECK(progress.old_certificates == 0);  // they are the current ones still
  w.report("meter-1");
  w.rollover().fetched(device_id("meter-2"));
  progress = w.rollover().progress();
  CHECK(progress.reported == 1);
  CHECK(progress.fetched == 1);
  CHECK(progress.without_anchor == 0);
  // what it says counts for more than what it fetched
  w.rollover().reported(device_id("meter-2"), {w.rollover().trusted().current.root.fingerprint});
  CHECK(w.rollover().progress().waiting_for == std::vector<std::string>{"meter-2"});

  w.switch_over();
  CHECK(w.rollover().progress().old_certificates == 2);
  w.renewed(one);
  const auto refused = w.finish();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::conflict);
  CHECK(refused.error().message.find("1 of 2 devices") != std::string::npos);
  CHECK(refused.error().message.find("meter-2") != std::string::npos);
  CHECK(refused.error().message.find("meter-1") == std::string::npos);
  CHECK(w.phase() == RolloverPhase::switched);

  SECTION("because it has renewed and taken the root") {
    w.renewed(two);
    CHECK_FALSE(w.finish());
    w.report("meter-2");
    CHECK(w.finish());
  }
  SECTION("because its certificates are revoked") {
    expect(w.identity->revoke(device_id("meter-2"), crypto::RevocationReason::unspecified, alice(),
                              "lost"));
    CHECK(w.finish());
  }
  SECTION("because it is retired") {
    expect(w.inventory->retire(device_id("meter-2"), alice(), "lost"));
    CHECK(w.finish());
  }
}

TEST_CASE("an application with a certificate of the old CA holds the finish up too") {
  RollingWorld w;
  const auto token = expect(w.identity->add_application(
      {.id = "dashboard", .subscribe = {"v1/devices/+/telemetry"}}, alice()));
  const auto key = new_key();
  const auto print =
      crypto::sha256(expect(w.enrol(w.request("dashboard", token.text, key, "dashboard"))));
  expect(w.identity->authenticate(print));
  w.begin();
  w.switch_over();
  CHECK(w.finish().error().message.find("dashboard") != std::string::npos);
  w.renewed(print);
  CHECK(w.finish());
}

TEST_CASE("killed between a decision and the signer's answer, it goes on with the same order") {
  RollingWorld w;
  const auto meter = w.enrolled("meter-1");
  // The controller is killed before the signer heard, after it heard, and so is the signer.
  const auto interrupted = [&](auto decide, RolloverPhase during, RolloverPhase after) {
    expect(decide());
    w.restart_controller();
    REQUIRE(w.phase() == during);
    const auto order = *w.rollover().order();
    const auto heard = expect(w.keeper->roll_over(order));
    w.restart_signer();
    w.restart_controller();
    REQUIRE(w.phase() == during);
    CHECK(*w.rollover().order() == order);
    CHECK(w.identity->authenticate(meter, false));
    w.settle();
    REQUIRE(w.phase() == after);
    w.rollover().file(order, heard);  // an answer that comes twice
    w.restart_controller();
    REQUIRE(w.phase() == after);
    CHECK(w.rollover().trusted().current.issuing.der == w.keeper->chain().front().der);
  };
  interrupted([&] { return w.rollover().begin(Scope::whole, alice(), "why"); },
              RolloverPhase::beginning, RolloverPhase::distributing);
  w.report("meter-1");
  interrupted([&] { return w.rollover().switch_over(alice(), "why"); }, RolloverPhase::switching,
              RolloverPhase::switched);
  w.enrolled("meter-2");
  w.report("meter-2");
  expect(w.identity->revoke(device_id("meter-1"), crypto::RevocationReason::unspecified, alice(),
                            "gone"));
  const auto kept = w.enrolled("meter-3");
  w.report("meter-3");
  expect(w.rollover().finish(alice(), "why"));
  w.restart_controller();
  REQUIRE(w.phase() == RolloverPhase::finishing);
  expect(w.keeper->roll_over(*w.rollover().order()));
  w.restart_signer();
  w.restart_controller();
  w.settle();
  CHECK(w.phase() == RolloverPhase::none);
  CHECK(w.identity->authenticate(kept, false));
}

TEST_CASE(
    "between the signer's switch and its answer nobody gets a certificate that cannot be "
    "filed, and whoever asks again does") {
  RollingWorld w;
  w.begin();
  const auto token = w.expect_device("meter-1");
  const auto key = new_key();
  const auto request = w.request("meter-1", token, key);
  auto commission = std::get<Commission>(expect(w.identity->enrol(request)));
  expect(w.rollover().switch_over(alice(), "why"));
  expect(w.keeper->roll_over(*w.rollover().order()));
  CHECK(w.keeper->issue(commission.order).error().fault == Fault::conflict);
  w.identity->abandon(commission);
  w.settle();
  const auto print = crypto::sha256(expect(w.enrol(request)));
  expect(w.identity->authenticate(print));
  CHECK(w.rollover().progress().old_certificates == 0);
}

TEST_CASE("what the signer refuses falls back, with the reason in the state and the ledger") {
  RollingWorld w;
  w.begin();
  expect(w.rollover().abort(alice(), "changed our minds"));
  w.settle();
  REQUIRE(w.phase() == RolloverPhase::none);
  CHECK(w.count("ca.rollover-aborted") == 1);
  CHECK(w.rollover().trusted().roots().size() == 1);
  w.begin();  // once a day
  CHECK(w.phase() == RolloverPhase::none);
  CHECK(w.rollover().status().refused.find("at most every") != std::string::npos);
  CHECK(w.last_entry().entry.action == "ca.rollover-refused");
  w.clock.pass(24h);
  w.begin();
  CHECK(w.phase() == RolloverPhase::distributing);
}

TEST_CASE("without an answer the order stands") {
  RollingWorld w;
  expect(w.rollover().begin(Scope::whole, alice(), "why"));
  const auto order = *w.rollover().order();
  w.rollover().file(order, fail(Fault::unavailable, "no answer"));
  CHECK(w.phase() == RolloverPhase::beginning);
  CHECK(*w.rollover().order() == order);
}

TEST_CASE("decisions out of turn, or without a reason, are refused and change nothing") {
  RollingWorld w;
  CHECK(w.rollover().switch_over(alice(), "why").error().fault == Fault::conflict);
  CHECK(w.rollover().finish(alice(), "why").error().fault == Fault::conflict);
  CHECK(w.rollover().abort(alice(), "why").error().fault == Fault::conflict);
  CHECK(w.rollover().begin(Scope::whole, alice(), "").error().field == "/reason");
  CHECK(w.rollover().status().id.empty());
  w.begin();
  CHECK(w.rollover().begin(Scope::whole, alice(), "why").error().fault == Fault::conflict);
  w.switch_over();
  CHECK(w.rollover().abort(alice(), "why").error().fault == Fault::conflict);
}

TEST_CASE("each CA's revocation lists are its own, whole and by shard") {
  RollingWorld w;
  const auto revoke = [&](std::string_view id) {
    expect(w.identity->revoke(device_id(id), crypto::RevocationReason::unspecified, alice(), "w"));
  };
  w.enrolled("meter-1");
  const auto old = w.rollover().trusted().current.issuing;
  expect(w.crl());
  CHECK(w.identity->crl_of_other().error().fault == Fault::missing);
  w.begin();
  w.switch_over();
  w.enrolled("meter-2");
  revoke("meter-1");
  revoke("meter-2");
  const auto issuing = w.rollover().trusted().current.issuing;
  const auto whole = expect(crypto::parse_crl(expect(w.crl()), issuing));
  CHECK(whole.revoked.size() == 1);
  const auto of_other = expect(crypto::parse_crl(expect(w.made(w.identity->crl_of_other())), old));
  CHECK(of_other.revoked.size() == 1);
  CHECK(of_other.revoked.front().serial != whole.revoked.front().serial);
  CHECK(expect(crypto::parse_crl(expect(w.crl(1)), old)).revoked.size() == 1);
  CHECK(expect(crypto::parse_crl(expect(w.crl(2)), issuing)).revoked.size() == 1);
  expect(w.finish());
  CHECK(crypto::parse_crl(expect(w.crl()), issuing));
  CHECK(crypto::parse_crl(expect(w.crl(1)), old));  // the last one stands
}

TEST_CASE("a list of a CA that went while the list was made does not take the place of another") {
  RollingWorld w;
  w.enrolled("meter-1");
  w.begin();
  w.switch_over();
  expect(w.identity->revoke(device_id("meter-1"), crypto::RevocationReason::unspecified, alice(),
                            "gone"));
  const auto list = expect(w.identity->crl_of_other());
  const auto& order = std::get<signer::CrlOrder>(list);
  auto der = expect(w.keeper->make_list(order));
  expect(w.finish());
  w.identity->file_crl(order, std::move(der));
  CHECK(crypto::parse_crl(expect(w.crl()), w.rollover().trusted().current.issuing));
}

TEST_CASE("devices that are here are asked to fetch, then to renew, then to forget; once an hour") {
  RollingWorld w;
  const auto meter = w.enrolled("meter-1");
  w.enrolled("meter-2");
  w.inventory->contact(device_id("meter-1"), true);
  CHECK(w.rollover().due().empty());
  w.begin();
  auto due = w.rollover().due();
  REQUIRE(due.size() == 1);  // the other one is away
  CHECK_FALSE(due.front().renew);
  CHECK(w.rollover().due().empty());
  w.clock.pass(1h);
  CHECK(w.rollover().due().size() == 1);
  w.inventory->contact(device_id("meter-1"), false);
  w.inventory->contact(device_id("meter-1"), true);
  CHECK(w.rollover().due().empty());
  w.clock.pass(5s);
  CHECK(w.rollover().due().size() == 1);  // it came anew
  const auto both = w.roots();
  w.report("meter-1");
  w.clock.pass(1h);
  CHECK(w.rollover().due().empty());
  w.switch_over();
  due = w.rollover().due();
  REQUIRE(due.size() == 1);
  CHECK(due.front().renew);
  w.renewed(meter);
  w.clock.pass(1h);
  CHECK(w.rollover().due().empty());
  expect(w.identity->revoke(device_id("meter-2"), crypto::RevocationReason::unspecified, alice(),
                            "lost"));
  expect(w.finish());
  due = w.rollover().due();
  REQUIRE(due.size() == 1);
  CHECK_FALSE(due.front().renew);
  w.rollover().reported(device_id("meter-1"), both);  // not done yet
  w.clock.pass(1h);
  CHECK(w.rollover().due().size() == 1);
  w.report("meter-1");
  w.clock.pass(1h);
  CHECK(w.rollover().due().empty());
}

TEST_CASE("a rollover of the issuing CA alone asks no device for another root") {
  RollingWorld w;
  const auto meter = w.enrolled("meter-1");
  w.begin(Scope::issuing);
  CHECK(w.rollover().trusted().roots().size() == 1);
  CHECK(w.rollover().progress().without_anchor == 0);
  w.switch_over();
  CHECK(w.rollover().progress().old_certificates == 1);
  CHECK_FALSE(w.finish());
  w.renewed(meter);
  CHECK(w.finish());
}

TEST_CASE(
    "the CA's own certificates in the signer's log are accounted for, and strange ones told") {
  RollingWorld w;
  w.begin();
  while (w.identity->reconcile(expect(w.keeper->since(w.identity->reconciled(), 100)))) {
  }
  CHECK(w.count("ca.certificate-unexplained") == 0);
  auto strange = expect(w.keeper->since(0, 1));
  strange.front().index = w.identity->reconciled();
  strange.front().order = {};
  strange.front().document.back() ^= 1;
  CHECK(w.identity->reconcile(strange));
  CHECK(w.count("ca.certificate-unexplained") == 1);
}

TEST_CASE("a profile's life is no longer than the signer gives") {
  RollingWorld w;
  const auto refused =
      w.identity->put_profile({.name = "long", .certificate_life = 91 * 24h}, alice());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().field == "/certificate_life_s");
  CHECK(refused.error().message.find("--life-max") != std::string::npos);
  CHECK(w.identity->put_profile({.name = "long", .certificate_life = 90 * 24h}, alice()));
}

}  // namespace
}  // namespace muster::identity
