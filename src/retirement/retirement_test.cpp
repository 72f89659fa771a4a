#include "retirement/retirement.h"

#include <catch2/catch.hpp>

#include "identity/attestation.h"
#include "retirement/internal/test_stage.h"

using namespace muster;
using namespace muster::retirement;
using Catch::Matchers::Contains;

TEST_CASE("a device is retired by its own statement: revoked, blocked, certified, in the ledger") {
  Stage s;
  const auto meter = s.meter("m-1");
  const auto request = s.ask({meter.id});
  CHECK(s.state(meter) == Lifecycle::retiring);
  CHECK(expect(s.retirements->find(request)).state == State::running);
  CHECK(expect(s.w.identity->authenticate(crypto::sha256(meter.certificate))).restricted);

  const auto said = s.statement(meter);
  CHECK_THAT(expect(s.bring(meter, said)), Contains("retired"));
  CHECK(s.state(meter) == Lifecycle::retired);
  CHECK(s.step(meter) == Step::sanitised);
  CHECK(!s.lets_in(meter));
  const auto standing =
      s.w.identity->standing(expect(crypto::parse_certificate(meter.certificate)).serial);
  CHECK(standing.reason == crypto::RevocationReason::cessation_of_operation);
  CHECK(expect(s.retirements->find(request)).state == State::done);

  const auto text = expect(s.retirements->certificate(meter.id));
  const auto document = expect(wire::parse_envelope(text));
  CHECK(s.order_key.public_key().verify(bytes_of(document.signed_bytes),
                                        document.signatures[0].signature));
  CHECK(*document.content.find("method")->text() == "clear");
  CHECK(*document.content.find("statement")->text() == wire::to_text(said));
  const auto history = expect(s.w.ledger->about("device/m-1", 100));
  const auto certified = std::ranges::find(history, "sanitisation.certified",
                                           [](const auto& r) { return r.entry.action; });
  REQUIRE(certified != history.end());
  CHECK(*certified->entry.detail.find("certificate_sha256")->text() ==
        to_hex(crypto::sha256(bytes_of(text))));
}

TEST_CASE("a device that never enrolled goes at once, for there is nothing to wipe") {
  Stage s;
  s.w.expect_device("m-1");
  const auto request = s.ask({device_id("m-1")});
  CHECK(s.w.state("m-1") == Lifecycle::retired);
  CHECK(s.retirements->of(device_id("m-1"))->step == Step::nothing_to_wipe);
  CHECK(expect(s.retirements->find(request)).state == State::done);
  CHECK(!s.retirements->certificate(device_id("m-1")));
  CHECK(wire::is_no_order(expect(s.retirements->order_for(device_id("m-1")))));
}

TEST_CASE("without a statement in time it is revoked-unsanitised, and a late one does not help") {
  Stage s;
  const auto meter = s.meter("m-1");
  s.ask({meter.id}, 1h);
  const auto said = s.statement(meter);
  s.w.clock.pass(1h - 1ms);
  s.retirements->tick();
  CHECK(s.state(meter) == Lifecycle::retiring);
  s.w.clock.pass(1ms);
  CHECK_THAT(s.why_not(s.signed_by(meter, said)), Contains("deadline"));  // before the next tick
  s.retirements->tick();
  CHECK(s.state(meter) == Lifecycle::revoked_unsanitised);
  CHECK(s.step(meter) == Step::unsanitised);
  CHECK(!s.lets_in(meter));
  CHECK_THAT(s.why_not(s.signed_by(meter, said)), Contains("revoked certificate"));
  CHECK(s.state(meter) == Lifecycle::revoked_unsanitised);
  CHECK(!s.retirements->certificate(meter.id));
  s.retirements->tick();
  CHECK(s.w.count("retirement.lapsed") == 1);
}

TEST_CASE("evidence of destruction retires what was only revoked, and nothing else") {
  Stage s;
  const auto meter = s.meter("m-1");
  CHECK(!s.retirements->destroyed(meter.id, ann, "shredded"));
  s.ask({meter.id}, 1min);
  CHECK(!s.retirements->destroyed(meter.id, ann, "shredded"));
  s.w.clock.pass(1min);
  s.retirements->tick();
  CHECK(s.retirements->destroyed(meter.id, ben, "").error().field == "/evidence");
  expect(s.retirements->destroyed(meter.id, ben, "shredded to 2 mm at Recycler, certificate 77"));
  CHECK(s.state(meter) == Lifecycle::retired);
  CHECK(s.step(meter) == Step::destroyed);
  const auto document =
      expect(wire::parse_envelope(expect(s.retirements->certificate(meter.id)))).content;
  CHECK(*document.find("method")->text() == "destroy");
  CHECK(*document.find("recorded_by")->text() == "operator:ben");
  CHECK(!s.retirements->destroyed(meter.id, ben, "again"));
}

TEST_CASE("a model that wants a second operator gets one, and never the same one twice") {
  Stage s;
  const auto meter = s.meter("m-1");
  s.guard_meters();
  const auto request = s.ask({meter.id});
  CHECK(s.state(meter) == Lifecycle::active);
  CHECK(s.retirements->waiting() == 1);
  CHECK(wire::is_no_order(expect(s.retirements->order_for(meter.id))));
  CHECK(s.retirements->request({{meter.id}, "again", {}}, ben).error().fault == Fault::conflict);

  CHECK(s.retirements->approve(request, ann).error().fault == Fault::forbidden);
  CHECK(s.w.last_entry().entry.action == "retirement.approval-refused");
  CHECK(s.state(meter) == Lifecycle::active);

  expect(s.retirements->approve(request, ben));
  CHECK(s.state(meter) == Lifecycle::retiring);
  CHECK(expect(s.retirements->find(request)).decided_by == "operator:ben");
  CHECK(s.retirements->approve(request, ben).error().fault == Fault::conflict);
  expect(s.bring(meter, s.statement(meter)));
  const auto document =
      expect(wire::parse_envelope(expect(s.retirements->certificate(meter.id)))).content;
  CHECK(*document.find("requested_by")->text() == "operator:ann");
  CHECK(*document.find("approved_by")->text() == "operator:ben");
}

TEST_CASE("a rejected request leaves its devices as they were, free to be asked for again") {
  Stage s;
  const auto meter = s.meter("m-1");
  s.guard_meters();
  const auto request = s.ask({meter.id});
  CHECK(s.retirements->reject(request, ben, "").error().field == "/reason");
  expect(s.retirements->reject(request, ben, "it is in use"));
  CHECK(expect(s.retirements->find(request)).state == State::rejected);
  CHECK(s.state(meter) == Lifecycle::active);
  CHECK(s.lets_in(meter));
  CHECK(!s.retirements->approve(request, ben));
  const auto again = s.ask({meter.id});
  expect(s.retirements->approve(again, ben));
  expect(s.bring(meter, s.statement(meter)));
  CHECK(s.state(meter) == Lifecycle::retired);
}

TEST_CASE("while the key is away nothing is told or written, and all goes on when it is back") {
  Stage s;
  const auto stating = s.meter("m-1"), late = s.meter("m-2");
  s.ask({stating.id, late.id}, 1h);
  const auto brought = s.signed_by(stating, s.statement(stating));
  const auto entries = s.w.ledger->size();
  s.order_key.away = true;
  CHECK(s.retirements->order_for(late.id).error().fault == Fault::unavailable);
  CHECK(s.retirements->take(brought).error().fault == Fault::unavailable);
  CHECK(s.state(stating) == Lifecycle::retiring);
  CHECK(s.step(stating) == Step::wiping);
  CHECK(s.w.ledger->size() == entries);

  s.order_key.away = false;
  CHECK(s.order(late).device == late.id);
  expect(s.retirements->take(brought));
  CHECK(s.state(stating) == Lifecycle::retired);

  s.w.clock.pass(1h);
  s.retirements->tick();
  const auto lapsed = s.w.ledger->size();
  s.order_key.away = true;
  CHECK(s.retirements->destroyed(late.id, ann, "shredded").error().fault == Fault::unavailable);
  CHECK(s.state(late) == Lifecycle::revoked_unsanitised);
  CHECK(s.w.ledger->size() == lapsed);
  s.order_key.away = false;
  expect(s.retirements->destroyed(late.id, ann, "shredded"));
  CHECK(s.state(late) == Lifecycle::retired);
}

TEST_CASE("an order is signed once, however often its device asks, and again after a restart") {
  Stage s;
  const auto meter = s.meter("m-1"), other = s.meter("m-2");
  s.ask({meter.id, other.id});
  const auto first = expect(s.retirements->order_for(meter.id));
  for (int i = 0; i < 20; ++i) CHECK(expect(s.retirements->order_for(meter.id)) == first);
  CHECK(s.order_key.signatures == 1);
  CHECK(expect(s.retirements->order_for(other.id)) != first);
  CHECK(s.order_key.signatures == 2);
  s.order_key.away = true;
  CHECK(expect(s.retirements->order_for(meter.id)) == first);
  s.order_key.away = false;
  s.restart();
  CHECK(expect(s.retirements->order_for(meter.id)) == first);
  CHECK(s.order_key.signatures == 3);
  expect(s.bring(meter, s.statement(meter)));
  CHECK(wire::is_no_order(expect(s.retirements->order_for(meter.id))));
}

TEST_CASE("one request names many devices, all of them or none") {
  Stage s;
  const auto one = s.meter("m-1"), two = s.meter("m-2");
  s.w.expect_device("m-3");
  const auto refused =
      s.retirements->request({{one.id, two.id, device_id("m-9")}, "sold", {}}, ann);
  CHECK(refused.error().fault == Fault::missing);
  CHECK(s.state(one) == Lifecycle::active);
  const auto request = s.ask({one.id, two.id, device_id("m-3"), one.id});
  const auto now = expect(s.retirements->find(request));
  CHECK(now.devices == 3);
  CHECK(now.steps[static_cast<std::size_t>(Step::wiping)] == 2);
  expect(s.bring(two, s.statement(two)));
  expect(s.bring(one, s.statement(one)));
  CHECK(expect(s.retirements->find(request)).state == State::done);
  CHECK(s.order_key.public_key().spki() != one.key.public_key().spki());
  CHECK(s.retirements->cases(request).size() == 3);
}

TEST_CASE("whoever leaves gets nothing new: no certificate, no token, no birth, no TPM, no edit") {
  Stage s;
  const auto meter = s.meter("m-1");
  crypto::Hash endorsement{};
  endorsement[0] = 9;
  expect(s.w.identity->attestation().expect(meter.id, endorsement, ann));
  s.ask({meter.id});
  const auto blocked = [&] {
    const auto key = identity::new_key();
    CHECK(!s.w.renew(s.w.renewal(crypto::sha256(meter.certificate), key)));
    CHECK(s.w.identity->new_token(meter.id, ann).error().fault == Fault::conflict);
    CHECK(s.w.identity->allow_birth(meter.id, ann, "").error().fault == Fault::conflict);
    CHECK(!s.w.identity->attestation().expect(meter.id, endorsement, ann));
    CHECK(!s.w.identity->attestation().may_expect(endorsement));
    CHECK(!s.w.inventory->quarantine(meter.id, ann, "x"));
    CHECK(!s.w.inventory->edit(meter.id, {.groups = std::vector<std::string>{"g"}}, ann));
    CHECK(s.w.inventory->select(inventory::Selector::everything()).empty());
  };
  blocked();
  expect(s.bring(meter, s.statement(meter)));
  blocked();
  // Its key may not come back under another name either.
  const auto token = s.w.expect_device("m-2");
  CHECK(!s.w.enrol(s.w.request("m-2", token, meter.key)));
}

TEST_CASE("a token that was given before the retirement does not get a device back in") {
  Stage s;
  const auto meter = s.meter("m-1");
  const auto token = expect(s.w.identity->new_token(meter.id, ann)).text;
  s.ask({meter.id});
  CHECK(!s.w.enrol(s.w.request("m-1", token, identity::new_key())));
  CHECK(s.w.last_cause() == "enrolment.refused: retiring");
  expect(s.bring(meter, s.statement(meter)));
  CHECK(!s.w.enrol(s.w.request("m-1", token, identity::new_key())));
  CHECK(s.w.last_cause() == "enrolment.refused: retired");
}

TEST_CASE(
    "the deadline comes from the request, its model, or the settings, and ends with the key") {
  Stage s;
  const auto one = s.meter("m-1"), two = s.meter("m-2"), three = s.meter("m-3");
  s.ask({one.id}, 2h);
  CHECK(s.order(one).deadline == s.w.clock.now() + 2h);
  s.ask({two.id});
  CHECK(s.order(two).deadline == s.w.clock.now() + 7 * 24h);
  auto model = *s.w.inventory->model(expect(ModelId::parse("meter")));
  model.retire_within = 360 * 24h;
  expect(s.w.inventory->put_model(model, ann));
  s.ask({three.id});
  CHECK(s.order(three).deadline == s.w.identity->current(three.id)->not_after);
  CHECK(s.retirements->request({{one.id}, "x", 10ms}, ann).error().field == "/deadline_s");
}

TEST_CASE("a device without a certificate cannot state anything and lapses at once") {
  Stage s;
  const auto meter = s.meter("m-1");
  expect(s.w.identity->revoke(meter.id, crypto::RevocationReason::key_compromise, ann, "stolen"));
  s.ask({meter.id});
  s.retirements->tick();
  CHECK(s.state(meter) == Lifecycle::revoked_unsanitised);
}

TEST_CASE("every step survives a restart, and a step whose commit was lost has not happened") {
  Stage s;
  const auto meter = s.meter("m-1"), late = s.meter("m-2");
  s.guard_meters();
  s.restart();
  s.ask({meter.id, late.id}, 1h);
  s.cut();
  CHECK(s.retirements->list(10).empty());
  const auto request = s.ask({meter.id, late.id}, 1h);
  s.restart();
  CHECK(expect(s.retirements->find(request)).state == State::waiting);
  expect(s.retirements->approve(request, ben));
  s.cut();
  CHECK(expect(s.retirements->find(request)).state == State::waiting);
  CHECK(s.state(meter) == Lifecycle::active);
  expect(s.retirements->approve(request, ben));
  s.restart();
  CHECK(s.state(meter) == Lifecycle::retiring);
  const auto before = s.order(meter);
  const auto brought = s.signed_by(meter, s.statement(meter));
  expect(s.retirements->take(brought));
  s.cut();
  CHECK(s.state(meter) == Lifecycle::retiring);
  CHECK(s.order(meter) == before);
  expect(s.retirements->take(brought));
  s.restart();
  CHECK(s.state(meter) == Lifecycle::retired);
  CHECK(s.retirements->certificate(meter.id).has_value());
  s.w.clock.pass(1h);
  s.retirements->tick();
  s.cut();
  CHECK(s.state(late) == Lifecycle::retiring);
  s.retirements->tick();
  s.restart();
  CHECK(s.state(late) == Lifecycle::revoked_unsanitised);
  expect(s.retirements->destroyed(late.id, ann, "crushed"));
  s.cut();
  CHECK(s.state(late) == Lifecycle::revoked_unsanitised);
  expect(s.retirements->destroyed(late.id, ann, "crushed"));
  s.restart();
  CHECK(s.state(late) == Lifecycle::retired);
  expect(s.w.ledger->verify_all());
}

TEST_CASE("progress is told for each step of a request") {
  Stage s;
  std::vector<std::uint64_t> told;
  s.retirements->on_progress([&](std::uint64_t id) { told.push_back(id); });
  const auto meter = s.meter("m-1");
  const auto request = s.ask({meter.id});
  expect(s.bring(meter, s.statement(meter)));
  CHECK(told == std::vector{request, request});
}
