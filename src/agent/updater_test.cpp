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

// --- power cuts ---

namespace {

// Bytes and texts over which the power may go: before the n-th change, or after it. What was
// appended and not synced survives in part.
class FragileDisk final : public Disk {
 public:
  void cut_after(int changes, SeededRandom& random) {
    left_ = changes;
    chance_ = &random;
    on_ = true;
  }
  bool on() const { return on_; }
  void restore() {
    on_ = true;
    left_ = -1;
    for (auto& [name, file] : files_) {
      if (file.synced == file.bytes.size()) continue;
      file.bytes.resize(file.synced + chance_->below(file.bytes.size() - file.synced + 1));
      if (!file.bytes.empty() && file.bytes.size() > file.synced && chance_->below(3) == 0)
        file.bytes.back() = '\0';  // the length was written, the content was not
      file.synced = file.bytes.size();
    }
  }
  int changes() const { return changes_; }

  Result<std::optional<std::string>> read(const std::string& name) const override {
    if (!on_) return dark();
    const auto at = texts_.find(name);
    if (at == texts_.end()) return std::nullopt;
    return at->second;
  }
  Result<void> write(const std::string& name, std::string_view text) override {
    return change([&] { texts_[name] = std::string(text); });
  }
  Result<void> append(const std::string& name, ByteView bytes) override {
    return change([&] { files_[name].bytes.append(text_of(bytes)); });
  }
  Result<void> sync(const std::string& name) override {
    return change([&] { files_[name].synced = files_[name].bytes.size(); });
  }
  Result<void> move(const std::string& from, const std::string& to) override {
    return change([&] {
      files_[to] = files_.at(from);
      files_.erase(from);
    });
  }
  Result<void> remove(const std::string& name) override {
    return change([&] {
      texts_.erase(name);
      files_.erase(name);
    });
  }
  Result<void> shred(const std::string& name) override { return remove(name); }
  Result<std::uint64_t> size(const std::string& name) const override {
    if (!on_) return dark();
    const auto at = files_.find(name);
    return at == files_.end() ? 0 : at->second.bytes.size();
  }
  Result<crypto::Hash> digest(const std::string& name) const override {
    if (!on_) return dark();
    const auto at = files_.find(name);
    if (at == files_.end()) return fail(Fault::missing, "there is no " + name);
    return crypto::sha256(bytes_of(at->second.bytes));
  }
  std::filesystem::path path(const std::string&) const override { return {}; }

 private:
  struct File {
    std::string bytes;
    std::size_t synced = 0;
  };
  static std::unexpected<Error> dark() { return fail(Fault::unavailable, "the power is gone"); }
  template <class Change>
  Result<void> change(Change apply) {
    if (!on_) return dark();
    if (left_ == 0) {
      on_ = false;
      if (chance_->below(2) == 0) apply();  // it was done, and nobody was told
      return dark();
    }
    if (left_ > 0) --left_;
    ++changes_;
    apply();
    return {};
  }

  std::map<std::string, std::string> texts_;
  std::map<std::string, File> files_;
  SeededRandom* chance_ = nullptr;
  int left_ = -1, changes_ = 0;
  bool on_ = true;
};

// A device and its controller: offers, and what was heard.
struct World {
  Maker maker;
  Trust trust = maker.trust();
  FragileDisk disk;
  std::string artifact = std::string(5000, 'n') + "ew";
  wire::ReleaseMetadata release = Maker::release("1.1.0", 1, artifact);
  wire::Offer offer = maker.offer(release, 7);
  bool healthy = true;
  std::vector<UpdateOutcome> heard;

  // One step of what drives an updater. False: nothing is left to do.
  Result<bool> step(Updater& updater) {
    switch (updater.phase()) {
      case Phase::idle:
        return idle(updater);
      case Phase::downloading:
        TRY_VOID(download(updater));
        return true;
      case Phase::verified:
        TRY_VOID(updater.stage());
        return true;
      case Phase::staged:
        TRY_VOID(updater.activate());
        return true;
      case Phase::activated:
        TRY_VOID(trial(updater));
        return true;
      case Phase::returning:
        TRY_VOID(updater.returned());
        return true;
    }
    return false;
  }
  Result<bool> idle(Updater& updater) {
    TRY(const auto taken, updater.take(offer));
    if (taken != Taken::known) return true;
    if (updater.reports().empty()) return false;
    heard.push_back(updater.reports().front().outcome);
    TRY_VOID(updater.heard_report());
    return true;
  }
  Result<void> download(Updater& updater) {
    TRY(const auto wanted, updater.wanted());
    for (std::uint64_t at = wanted->have; at < artifact.size(); at += 1000)
      TRY_VOID(updater.piece(bytes_of(std::string_view(artifact).substr(at, 1000))));
    const auto done = updater.downloaded();
    if (!done && done.error().fault == Fault::corrupt) return {};
    return done;
  }
  Result<void> trial(Updater& updater) {
    TRY(const bool may, updater.begin_trial());
    if (!may) return updater.go_back("no try is left");
    TRY_VOID(updater.check_slot());
    return healthy ? updater.confirm() : updater.go_back("sick");
  }

  // Runs from boot to rest, or to the next cut.
  bool live() {
    auto updater = Updater::open(disk, trust, meter, "meter", {.firmware = "1.0.0"});
    while (updater) {
      const auto more = step(*updater);
      if (!more) {
        INFO(more.error().message);
        REQUIRE_FALSE(disk.on());
        return false;
      }
      if (!*more) return true;
    }
    REQUIRE_FALSE(disk.on());
    return false;
  }
};

std::vector<UpdateOutcome> without_repeats(std::vector<UpdateOutcome> heard) {
  heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
  return heard;
}

}  // namespace

TEST_CASE("a power cut at any write leads to the same end, for good releases and bad ones") {
  const bool healthy = GENERATE(true, false);
  World undisturbed;
  undisturbed.healthy = healthy;
  REQUIRE(undisturbed.live());
  const int changes = undisturbed.disk.changes();
  REQUIRE(changes > 12);
  const std::vector<UpdateOutcome> wanted =
      healthy ? std::vector{UpdateOutcome::installed}
              : std::vector{UpdateOutcome::failed, UpdateOutcome::reverted};
  for (int cut = 0; cut < changes; ++cut)
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      CAPTURE(cut, seed);
      SeededRandom random(seed);
      World world;
      world.healthy = healthy;
      world.disk.cut_after(cut, random);
      REQUIRE_FALSE(world.live());
      for (int again = 0; again < 2; ++again) {  // and twice more, somewhere on the way
        world.disk.restore();
        world.disk.cut_after(static_cast<int>(random.below(8)), random);
        if (world.live()) break;
      }
      world.disk.restore();
      REQUIRE(world.live());
      const auto end = expect(Updater::open(world.disk, world.trust, meter, "meter", {}));
      CHECK(end.running().firmware == (healthy ? "1.1.0" : "1.0.0"));
      CHECK(end.slot("artifact") == (healthy ? "b/artifact" : "a/artifact"));
      CHECK(without_repeats(world.heard) == wanted);
    }
}
