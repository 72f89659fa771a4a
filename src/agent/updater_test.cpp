#include "agent/updater.h"

#include <catch2/catch.hpp>

#include "agent/internal/test_maker.h"
#include "base/random.h"

using namespace muster;
using namespace muster::agent;
using wire::UpdateOutcome;

namespace {

const DeviceId meter = expect(DeviceId::parse("meter-1"));

struct Bench {
  Maker maker;
  Trust trust = maker.trust();
  MemoryDisk disk;
  Updater updater = expect(Updater::open(disk, trust, meter, "meter", {.firmware = "1.0.0"}));

  void bring(std::string_view artifact) {
    REQUIRE(updater.wanted());
    REQUIRE(updater.piece(bytes_of(artifact)));
    REQUIRE(updater.downloaded());
  }
  void install(const wire::ReleaseMetadata& release, std::uint64_t number,
               std::string_view artifact) {
    REQUIRE(*updater.take(maker.offer(release, number)) == Taken::started);
    bring(artifact);
    REQUIRE(updater.stage());
    REQUIRE(updater.activate());
    REQUIRE(*updater.begin_trial());
    REQUIRE(updater.confirm());
  }
};

}  // namespace

TEST_CASE("a release goes into the other slot and runs once it is confirmed") {
  Bench bench;
  const auto release = Maker::release("1.1.0", 1, "new firmware");
  bench.install(release, 7, "new firmware");
  CHECK(bench.updater.running() == Running{"1.1.0", Maker::id_of(release), "meter", 1});
  CHECK(bench.updater.slot("artifact") == "b/artifact");
  CHECK(bench.updater.check_slot());
  REQUIRE(bench.updater.reports().size() == 1);
  CHECK(bench.updater.reports()[0].outcome == UpdateOutcome::installed);
  CHECK(*bench.disk.read("b/release.json") == bench.maker.offer(release, 7).release);
}

TEST_CASE("an offer with a release signed by another key is refused, with a report") {
  Bench bench;
  Maker stranger;
  const auto release = Maker::release("1.1.0", 1, "x");
  auto offer = bench.maker.offer(release, 7);
  offer.release = stranger.offer(release, 7).release;
  CHECK(*bench.updater.take(offer) == Taken::refused);
  CHECK(bench.updater.phase() == Phase::idle);
  REQUIRE(bench.updater.reports().size() == 1);
  CHECK(bench.updater.reports()[0].outcome == UpdateOutcome::failed);
  CHECK(*bench.updater.take(offer) == Taken::known);
  CHECK(bench.updater.reports().size() == 1);
}

TEST_CASE("an assignment that the controller did not sign for this device is not answered") {
  Bench bench;
  const auto release = Maker::release("1.1.0", 1, "x");
  auto forged = bench.maker.offer(release, 7);
  forged.assignment = Maker{}.offer(release, 7).assignment;
  CHECK(bench.updater.take(forged).error().fault == Fault::unauthorized);
  const auto other = bench.maker.offer(release, 7, false, "meter-2");
  CHECK(bench.updater.take(other).error().fault == Fault::invalid);
  auto swapped = bench.maker.offer(release, 7);
  swapped.assignment = Maker::sign(wire::to_json(release), bench.maker.assignment_key);
  CHECK_FALSE(bench.updater.take(swapped));
  CHECK(bench.updater.reports().empty());
  CHECK(bench.updater.record().number == 0);
}

TEST_CASE("a signature that was tampered with does not pass for a missing one") {
  Bench bench;
  auto offer = bench.maker.offer(Maker::release("1.1.0", 1, "x"), 7);
  auto envelope = expect(wire::parse_envelope(offer.assignment));
  envelope.signatures[0].signature[10] ^= 1;
  offer.assignment = wire::envelope_text(envelope.content, envelope.signatures);
  CHECK(bench.updater.take(offer).error().fault == Fault::unauthorized);
}

TEST_CASE("assignments only go up, releases only back by assignment, and never below the floor") {
  Bench bench;
  const auto first = Maker::release("1.1.0", 1, "one");
  const auto second = Maker::release("1.2.0", 2, "two", 2);
  const auto third = Maker::release("1.3.0", 3, "three", 2);
  bench.install(first, 10, "one");
  CHECK(bench.updater.take(bench.maker.offer(second, 9)).error().fault == Fault::conflict);
  bench.install(second, 11, "two");
  bench.install(third, 12, "three");
  CHECK(bench.updater.record().floor == 2);
  CHECK(*bench.updater.take(bench.maker.offer(second, 13)) == Taken::refused);
  CHECK(*bench.updater.take(bench.maker.offer(first, 14, true)) == Taken::refused);
  CHECK(*bench.updater.take(bench.maker.offer(second, 15, true)) == Taken::started);
}

TEST_CASE("the way back to what the other slot still holds needs no download") {
  Bench bench;
  const auto first = Maker::release("1.1.0", 1, "one");
  bench.install(first, 10, "one");
  bench.install(Maker::release("1.2.0", 2, "two"), 11, "two");
  REQUIRE(*bench.updater.take(bench.maker.offer(first, 12, true)) == Taken::started);
  CHECK(bench.updater.phase() == Phase::verified);
  REQUIRE(bench.updater.stage());
  CHECK(bench.updater.phase() == Phase::staged);
}

TEST_CASE("a release for another model is refused even with good signatures") {
  Bench bench;
  auto release = Maker::release("1.1.0", 1, "x");
  release.model = expect(ModelId::parse("lock"));
  CHECK(*bench.updater.take(bench.maker.offer(release, 7)) == Taken::refused);
}

TEST_CASE("the release that runs already is reported as installed at once") {
  Bench bench;
  const auto release = Maker::release("1.1.0", 1, "x");
  bench.install(release, 7, "x");
  CHECK(*bench.updater.take(bench.maker.offer(release, 8)) == Taken::installed);
  CHECK(bench.updater.reports().size() == 2);
}

TEST_CASE("a wrong digest, or more bytes than signed, ends the download with a report") {
  Bench bench;
  const auto release = Maker::release("1.1.0", 1, "right");
  REQUIRE(bench.updater.take(bench.maker.offer(release, 7)));
  REQUIRE(bench.updater.wanted());
  CHECK(bench.updater.piece(bytes_of("much too large")).error().fault == Fault::corrupt);
  REQUIRE(bench.updater.piece(bytes_of("wrong")));
  CHECK(bench.updater.downloaded().error().fault == Fault::corrupt);
  CHECK(bench.updater.phase() == Phase::idle);
  REQUIRE(bench.updater.reports().size() == 1);
  CHECK(bench.updater.reports()[0].outcome == UpdateOutcome::failed);
}

TEST_CASE("what was resumed and is wrong is fetched once more before it counts") {
  Bench bench;
  REQUIRE(bench.updater.take(bench.maker.offer(Maker::release("1.1.0", 1, "right"), 7)));
  REQUIRE(bench.updater.piece(bytes_of("wr")));
  CHECK((*bench.updater.wanted())->have == 2);
  REQUIRE(bench.updater.piece(bytes_of("ong")));
  CHECK_FALSE(bench.updater.downloaded());
  CHECK(bench.updater.phase() == Phase::downloading);
  CHECK((*bench.updater.wanted())->have == 0);
  bench.bring("right");
  CHECK(bench.updater.phase() == Phase::verified);
}

TEST_CASE("what comes coded is wanted as it is when it does not lead to the artifact") {
  Bench bench;
  REQUIRE(bench.updater.take(bench.maker.offer(Maker::release("1.1.0", 1, "right"), 7)));
  CHECK(bench.updater.choose({delta::Coding::zstd, "", 3}).error().fault == Fault::invalid);
  CHECK(bench.updater.choose({delta::Coding::zstd, "\"t\"", 5}).error().fault == Fault::invalid);
  const Coded coded{delta::Coding::zstd, "\"t\"", 3};
  REQUIRE(bench.updater.choose(coded));
  const auto wanted = expect(bench.updater.wanted()).value();
  CHECK(wanted.size == 3);
  CHECK(wanted.coded == coded);
  CHECK(bench.updater.piece(bytes_of("four")).error().fault == Fault::corrupt);
  REQUIRE(bench.updater.piece(bytes_of("abc")));
  auto again = expect(Updater::open(bench.disk, bench.trust, meter, "meter", {}));
  CHECK(expect(again.wanted())->have == 3);
  REQUIRE(bench.updater.begin_unpacking());
  CHECK(bench.updater.unpacked(bytes_of("too long")).error().fault == Fault::corrupt);
  REQUIRE(bench.updater.unpacked(bytes_of("wrong")));
  CHECK(bench.updater.downloaded().error().fault == Fault::corrupt);
  CHECK(bench.updater.phase() == Phase::downloading);
  CHECK(bench.updater.reports().empty());
  CHECK_FALSE(bench.updater.comes_coded());
  CHECK(expect(bench.updater.wanted())->size == 5);
  bench.bring("right");
  CHECK(bench.updater.phase() == Phase::verified);
  CHECK_FALSE(bench.updater.record().underway->coded);
}

TEST_CASE("what is refused for being below the floor is refused with what was mended there") {
  Bench bench;
  bench.install(Maker::release("1.1.0", 1, "one"), 10, "one");
  auto mended = Maker::release("1.2.0", 2, "two", 2);
  mended.floor_reason = "CVE-2026-1234";
  bench.install(mended, 11, "two");
  auto again = expect(Updater::open(bench.disk, bench.trust, meter, "meter", {}));
  const auto back = bench.maker.offer(Maker::release("1.1.0", 1, "one"), 12, true);
  CHECK(expect(again.take(back)) == Taken::refused);
  CHECK(again.reports().back().detail ==
        "refused: release 1.1.0 is below the floor, sequence 2 (CVE-2026-1234)");
}

TEST_CASE("an offer that is withdrawn stops a download and nothing later") {
  Bench bench;
  REQUIRE(bench.updater.take(bench.maker.offer(Maker::release("1.1.0", 1, "x"), 7)));
  REQUIRE(bench.updater.withdraw());
  CHECK(bench.updater.phase() == Phase::idle);
  CHECK(bench.updater.reports().empty());
  REQUIRE(bench.updater.take(bench.maker.offer(Maker::release("1.1.0", 1, "x"), 8)));
  bench.bring("x");
  REQUIRE(bench.updater.withdraw());
  CHECK(bench.updater.phase() == Phase::verified);
}

TEST_CASE("a release that never reaches the controller has three tries, then the old one is back") {
  Bench bench;
  REQUIRE(bench.updater.take(bench.maker.offer(Maker::release("1.1.0", 1, "x"), 7)));
  bench.bring("x");
  REQUIRE(bench.updater.stage());
  REQUIRE(bench.updater.activate());
  for (int i = 0; i < 3; ++i) CHECK(*bench.updater.begin_trial());
  CHECK_FALSE(*bench.updater.begin_trial());
  REQUIRE(bench.updater.go_back("no contact"));
  CHECK(bench.updater.slot("artifact") == "a/artifact");
  REQUIRE(bench.updater.returned());
  CHECK(bench.updater.running().firmware == "1.0.0");
  REQUIRE(bench.updater.reports().size() == 2);
  CHECK(bench.updater.reports()[0].outcome == UpdateOutcome::failed);
  CHECK(bench.updater.reports()[1].outcome == UpdateOutcome::reverted);
}

TEST_CASE("a record that does not read stops the updater instead of beginning anew") {
  Bench bench;
  REQUIRE(bench.disk.write(Updater::record_name, "{\"spec\":1}"));
  CHECK(Updater::open(bench.disk, bench.trust, meter, "meter", {}).error().fault == Fault::corrupt);
}
