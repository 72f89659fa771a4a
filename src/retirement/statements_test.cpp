// What devices state, and what is made of it when it is wrong or comes twice.
#include <catch2/catch.hpp>

#include "retirement/internal/test_stage.h"

using namespace muster;
using namespace muster::retirement;
using Catch::Matchers::Contains;

TEST_CASE("what is wrong with a statement is said, recorded, and changes nothing") {
  Stage s;
  const auto meter = s.meter("m-1"), other = s.meter("m-2"), idle = s.meter("m-3");
  s.ask({meter.id, other.id});
  const auto right = s.statement(meter);
  const auto refuses = [&](const Sanitised& brought, const char* words) {
    const auto before = s.w.count("sanitisation.refused");
    CHECK_THAT(s.why_not(brought), Contains(words));
    CHECK(s.w.count("sanitisation.refused") == before + 1);
    CHECK(s.state(meter) == Lifecycle::retiring);
    s.w.clock.pass(1min);
  };
  auto forged = s.signed_by(meter, right);
  forged.signature = expect(other.key.sign(bytes_of(forged.statement)));
  refuses(forged, "not signed by the key");
  auto altered = s.signed_by(meter, right);
  altered.statement.replace(altered.statement.find("clear"), 5, "purge");
  refuses(altered, "not signed by the key");
  auto foreign = right;
  foreign.device = other.id;
  refuses(s.signed_by(meter, foreign), "is about m-2");
  auto old = right;
  old.order += 1;
  refuses(s.signed_by(meter, old), "the one that holds");
  auto guessed = right;
  guessed.nonce[0] ^= 1;
  refuses(s.signed_by(meter, guessed), "nonce");
  auto ghost = right;
  ghost.method = wire::Method::destroy;
  refuses(s.signed_by(meter, ghost), "still there");
  Sanitised garbage{meter.id, meter.certificate, "{}", expect(meter.key.sign(bytes_of("{}")))};
  refuses(garbage, "is missing");
  auto unasked = right;
  unasked.device = idle.id;
  CHECK_THAT(s.why_not(s.signed_by(idle, unasked)), Contains("no wipe is ordered"));
  auto elsewhere = s.signed_by(other, s.statement(other));
  elsewhere.device = meter.id;  // its own certificate, another's path
  CHECK_THAT(s.why_not(elsewhere), Contains("own path only"));
  CHECK(s.state(meter) == Lifecycle::retiring);
  CHECK(s.state(other) == Lifecycle::retiring);
}

TEST_CASE("a flood of wrong statements fills no ledger") {
  Stage s;
  const auto meter = s.meter("m-1");
  s.ask({meter.id});
  auto wrong = s.statement(meter);
  wrong.nonce[0] ^= 1;
  for (int i = 0; i < 50; ++i) CHECK(!s.bring(meter, wrong));
  CHECK(s.w.count("sanitisation.refused") == 5);
  for (int i = 0; i < 50; ++i) s.retirements->refused(meter.id, "expired");
  CHECK(s.w.count("retirement.order-refused") == 0);
  s.w.clock.pass(1min);
  s.retirements->refused(meter.id, "expired");
  CHECK(s.w.count("retirement.order-refused") == 1);
}

TEST_CASE("a statement that comes again is acknowledged again, and only that very one") {
  Stage s;
  const auto meter = s.meter("m-1");
  s.ask({meter.id});
  const auto brought = s.signed_by(meter, s.statement(meter));
  expect(s.retirements->take(brought));
  const auto entries = s.w.ledger->size();
  expect(s.retirements->take(brought));
  CHECK(s.w.ledger->size() == entries);
  auto another = brought;
  another.statement += " ";
  CHECK(!s.retirements->take(another));
  s.restart();
  expect(s.retirements->take(brought));
}
