#include "agent/course.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "agent/internal/slot_folders.h"
#include "agent/internal/test_maker.h"
#include "agent/internal/test_power.h"
#include "agent/unpacking.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "net/loop.h"

using namespace muster;
using namespace muster::agent;
using wire::UpdateOutcome;

namespace {

const DeviceId meter = expect(DeviceId::parse("meter-1"));
const std::string old_system = "the system of the factory";
const std::string new_system = std::string(5000, 'n') + "ew";

// A device with two places, one of which is booted: what an installer writes to. When the place to
// boot holds nothing whole, its boot loader takes the other one.
struct Plant {
  Power& power;
  std::map<char, std::string> places{{'a', old_system}, {'b', ""}};
  char primary = 'a', booted = 'a';

  bool whole(char place) const {
    return places.at(place) == old_system || places.at(place) == new_system;
  }
  void boot() { booted = whole(primary) ? primary : primary == 'a' ? 'b' : 'a'; }
  Result<void> fill(char place, const std::string& with) {
    REQUIRE(place != booted);  // never over what runs
    return power.change([&] { places[place] = with; },
                        [&] { places[place] = with.substr(0, with.size() / 2); });
  }
  Result<void> choose(char place) {
    return power.change([&] { primary = place; });
  }
};

// As a hook of the plant would be, which restarts the device to switch.
class PlantHook : public Installer {
 public:
  PlantHook(Plant& plant, FragileDisk& disk) : plant_(plant), disk_(disk) {}
  net::Task<Result<Placement>> place(Job) override { co_return Placement{}; }
  net::Task<Result<void>> install(Job job) override {
    co_return plant_.fill(job.slot, disk_.content(job.artifact.lexically_relative("/device")));
  }
  net::Task<Result<Switched>> activate(Job job) override {
    if (plant_.booted == job.slot) co_return Switched::runs;
    CO_TRY_VOID(plant_.choose(job.slot));
    co_return Switched::restarts;
  }
  net::Task<Result<void>> check(Job job) override {
    if (plant_.booted == job.slot) co_return Result<void>{};
    co_return fail(Fault::conflict, "it does not run");
  }
  net::Task<Result<void>> confirm(Job job) override { co_return plant_.choose(job.slot); }
  net::Task<Result<Switched>> revert(Job job) override {
    const char home = job.slot == 'a' ? 'b' : 'a';
    CO_TRY_VOID(plant_.choose(home));
    co_return plant_.booted == home ? Switched::runs : Switched::restarts;
  }

 protected:
  Plant& plant_;
  FragileDisk& disk_;
};

// As RAUC is when it activates what it installed: it chooses the place itself, the one not booted,
// and what is installed is booted next before anybody asked for that.
class PlantRauc final : public PlantHook {
 public:
  using PlantHook::PlantHook;
  net::Task<Result<Placement>> place(Job) override {
    co_return Placement{std::string(1, plant_.booted), plant_.booted == 'a' ? "b" : "a"};
  }
  net::Task<Result<void>> install(Job job) override {
    if (plant_.booted == job.placement.to[0]) co_return Result<void>{};
    const char other = plant_.booted == 'a' ? 'b' : 'a';
    CO_TRY_VOID(plant_.fill(other, disk_.content(job.artifact.lexically_relative("/device"))));
    co_return plant_.choose(other);
  }
};

enum class Kind { slots, hook, rauc };
enum class Release { well, sick, silent };

// A device and its controller: offers, and what was heard.
struct World {
  World(const Maker& m, Kind k, Release r, net::Loop& l) : maker(m), kind(k), nature(r), loop(l) {}

  const Maker& maker;
  Kind kind;
  Release nature;
  net::Loop& loop;
  Trust trust = maker.trust();
  Power power;
  FragileDisk disk{power};
  Plant plant{power};
  wire::ReleaseMetadata release = Maker::release("1.1.0", 1, new_system);
  wire::Offer offer = maker.offer(release, 7);
  std::vector<UpdateOutcome> heard;
  bool restart_wanted = false, leaving = false;
  std::string compressed = {};  // what the artifact comes as; empty: as it is

  std::unique_ptr<Installer> installer() {
    if (kind == Kind::hook) return std::make_unique<PlantHook>(plant, disk);
    if (kind == Kind::rauc) return std::make_unique<PlantRauc>(plant, disk);
    return std::make_unique<SlotFolders>(loop, InstallerSettings{});
  }

  Result<bool> step(Updater& updater, Course& course) {  // false: nothing is left to do
    switch (updater.phase()) {
      case Phase::idle:
        return idle(updater);
      case Phase::downloading:
        TRY_VOID(download(updater));
        return true;
      case Phase::verified:
        TRY_VOID(net::run(loop, course.install()));
        return true;
      case Phase::staged:
        TRY_VOID(updater.activate());
        return true;
      case Phase::activated:
        TRY_VOID(trial(updater, course));
        return true;
      case Phase::returning: {
        TRY(const auto switched, net::run(loop, course.go_home()));
        restart_wanted = switched == Switched::restarts;
        return true;
      }
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
    if (!compressed.empty() && !updater.record().underway->coded)
      TRY_VOID(updater.choose({delta::Coding::zstd, "\"z\"", compressed.size()}));
    TRY(const auto wanted, updater.wanted());
    const std::string_view comes = updater.comes_coded() ? compressed : new_system;
    const std::size_t piece = comes.size() / 3 + 1;
    for (std::uint64_t at = wanted->have; at < comes.size(); at += piece)
      TRY_VOID(updater.piece(bytes_of(comes.substr(at, piece))));
    if (updater.comes_coded()) {
      auto whole = unpack(updater);
      if (!whole && !power.on()) return whole;
      if (!whole) return updater.choose({});
    }
    const auto done = updater.downloaded();
    if (!done && done.error().fault == Fault::corrupt) return {};
    return done;
  }
  Result<void> unpack(Updater& updater) {
    TRY(auto unpacking, Unpacking::begin(disk, updater, 64 << 20));
    for (bool more = true; more;) {
      TRY(more, unpacking.step());
    }
    return {};
  }
  Result<void> trial(Updater& updater, Course& course) {
    TRY(const auto begun, net::run(loop, course.begin_trial()));
    restart_wanted = begun == Course::Trial::waits;
    if (begun != Course::Trial::runs) return {};
    TRY_VOID(net::run(loop, course.check()));
    TRY_VOID(updater.check_slot());
    if (nature == Release::sick) return updater.go_back("sick");
    if (nature == Release::silent) return {};
    TRY_VOID(net::run(loop, course.settle()));
    return {};
  }

  // Runs from power to rest, or to the next cut.
  bool live() {
    const auto fitted = installer();
    while (power.on()) {
      plant.boot();
      if (kind != Kind::slots) REQUIRE(plant.whole(plant.booted));  // old or new, never neither
      restart_wanted = false;
      auto updater = Updater::open(disk, trust, meter, "meter", {.firmware = "1.0.0"});
      if (!updater) return false;
      Course course(*updater, *fitted, leaving);
      while (!restart_wanted) {
        const auto more = step(*updater, course);
        if (!more) {
          INFO(more.error().message);
          REQUIRE_FALSE(power.on());
          return false;
        }
        if (!*more) return true;
      }
    }
    return false;
  }
};

std::vector<UpdateOutcome> without_repeats(std::vector<UpdateOutcome> heard) {
  heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
  return heard;
}

// It is on the old release or on the new one, in every respect. Two cuts of one trial may end a
// good release, since there are three tries, one of which a restart to switch takes.
void check_end(World& world, int cuts) {
  const auto end = expect(Updater::open(world.disk, world.trust, meter, "meter", {}));
  const bool on_new = end.running().firmware == "1.1.0";
  if (world.nature == Release::well && cuts < 2) CHECK(on_new);
  if (world.nature != Release::well) CHECK_FALSE(on_new);
  CHECK(end.phase() == Phase::idle);
  CHECK(end.slot("artifact") == (on_new ? "b/artifact" : "a/artifact"));
  const std::vector<UpdateOutcome> wanted =
      on_new ? std::vector{UpdateOutcome::installed}
             : std::vector{UpdateOutcome::failed, UpdateOutcome::reverted};
  CHECK(without_repeats(world.heard) == wanted);
  if (on_new) CHECK(end.check_slot());
  if (world.kind == Kind::slots) return;
  world.plant.boot();
  CHECK(world.plant.places.at(world.plant.booted) == (on_new ? new_system : old_system));
}

}  // namespace

TEST_CASE(
    "a power cut at any change leads to the same end, whatever installs and however it ends") {
  const Kind kind = GENERATE(Kind::slots, Kind::hook, Kind::rauc);
  const Release nature = GENERATE(Release::well, Release::sick, Release::silent);
  const Maker maker;
  net::Loop loop;
  World undisturbed(maker, kind, nature, loop);
  REQUIRE(undisturbed.live());
  check_end(undisturbed, 0);
  const int changes = undisturbed.power.changes();
  REQUIRE(changes > 12);
  for (int cut = 0; cut < changes; ++cut)
    for (const bool done : {false, true}) {
      CAPTURE(kind, nature, cut, done);
      SeededRandom random(static_cast<std::uint64_t>(cut));
      World world(maker, kind, nature, loop);
      world.power.cut_at(cut, done, random);
      REQUIRE_FALSE(world.live());
      world.disk.come_back();
      world.power.cut_at(static_cast<int>(random.below(8)), done, random);  // once more on the way
      const int cuts = world.live() ? 1 : 2;
      if (cuts == 2) world.disk.come_back();
      world.power.restore();
      REQUIRE(world.live());
      check_end(world, cuts);
    }
}

TEST_CASE("a power cut at any change of a download that comes compressed leads to the same end") {
  const Maker maker;
  net::Loop loop;
  const TestFolder folder;
  expect(write_file(folder.path / "target", new_system));
  expect(delta::compress(folder.path / "target", folder.path / "made", false));
  const auto compressed = expect(read_file(folder.path / "made", 1 << 20));
  World undisturbed(maker, Kind::slots, Release::well, loop);
  undisturbed.compressed = compressed;
  REQUIRE(undisturbed.live());
  for (int cut = 0; cut < undisturbed.power.changes(); ++cut)
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      CAPTURE(cut, seed);
      SeededRandom random(seed);
      World world(maker, Kind::slots, Release::well, loop);
      world.compressed = compressed;
      world.power.cut_at(cut, seed % 2 == 0, random);
      REQUIRE_FALSE(world.live());
      world.disk.come_back();
      world.power.restore();
      REQUIRE(world.live());
      check_end(world, 1);
      CHECK(world.disk.content("coded-" + world.release.artifact_sha256).empty());
    }
}

namespace {

// Answers as it is told to.
struct Scripted final : Installer {
  Result<Placement> placed = Placement{};
  Result<void> installed = {}, checked = {}, confirmed = {};
  Result<Switched> activated = Switched::runs, reverted = Switched::runs;
  int installs = 0;

  net::Task<Result<Placement>> place(Job) override { co_return placed; }
  net::Task<Result<void>> install(Job) override {
    ++installs;
    co_return installed;
  }
  net::Task<Result<Switched>> activate(Job) override { co_return activated; }
  net::Task<Result<void>> check(Job) override { co_return checked; }
  net::Task<Result<void>> confirm(Job) override { co_return confirmed; }
  net::Task<Result<Switched>> revert(Job) override { co_return reverted; }
};

struct Bench {
  net::Loop loop;
  Maker maker;
  Trust trust = maker.trust();
  MemoryDisk disk;
  Scripted installer;
  bool leaving = false;
  Updater updater = expect(Updater::open(disk, trust, meter, "meter", {.firmware = "1.0.0"}));
  Course course{updater, installer, leaving};

  Bench() {
    REQUIRE(updater.take(maker.offer(Maker::release("1.1.0", 1, "x"), 7)));
    REQUIRE(updater.piece(bytes_of("x")));
    REQUIRE(updater.downloaded());
  }
  void activate() {
    REQUIRE(net::run(loop, course.install()));
    REQUIRE(updater.activate());
  }
  const std::string& why() const { return updater.reports().at(0).detail; }
};

}  // namespace

TEST_CASE("an installation that may work later is tried three times, also over restarts") {
  Bench bench;
  bench.installer.installed = fail(Fault::unavailable, "the bus is away");
  for (int i = 0; i < 3; ++i) CHECK_FALSE(net::run(bench.loop, bench.course.install()));
  CHECK(bench.updater.phase() == Phase::verified);
  REQUIRE(net::run(bench.loop, bench.course.install()));
  CHECK(bench.installer.installs == 3);
  CHECK(bench.updater.phase() == Phase::idle);
  CHECK(bench.why() == "it could not be installed, 3 times: the bus is away");
}

TEST_CASE("an installation that is refused is given up at once") {
  Bench bench;
  bench.installer.installed = fail(Fault::invalid, "bad signature");
  REQUIRE(net::run(bench.loop, bench.course.install()));
  CHECK(bench.updater.phase() == Phase::idle);
  CHECK(bench.why() == "it could not be installed: bad signature");
}

TEST_CASE("what an installer says while the agent ends judges nothing") {
  Bench bench;
  bench.leaving = true;
  bench.installer.installed = fail(Fault::invalid, "terminated");
  CHECK_FALSE(net::run(bench.loop, bench.course.install()));
  CHECK(bench.updater.phase() == Phase::verified);
  bench.installer.installed = {};
  bench.activate();
  bench.installer.activated = fail(Fault::invalid, "terminated");
  CHECK(expect(net::run(bench.loop, bench.course.begin_trial())) == Course::Trial::waits);
  bench.installer.confirmed = fail(Fault::invalid, "terminated");
  CHECK_FALSE(expect(net::run(bench.loop, bench.course.settle())));
  CHECK(bench.updater.phase() == Phase::activated);
}

TEST_CASE(
    "where a release came from and goes to is asked once and kept from before it is installed") {
  Bench bench;
  bench.installer.placed = Placement{"rootfs.0", "rootfs.1"};
  bench.installer.installed = fail(Fault::unavailable, "later");
  CHECK_FALSE(net::run(bench.loop, bench.course.install()));
  bench.installer.placed = Placement{"rootfs.1", "rootfs.0"};  // it was switched behind our back
  bench.installer.installed = {};
  auto again = expect(Updater::open(bench.disk, bench.trust, meter, "meter", {}));
  Course course(again, bench.installer, bench.leaving);
  REQUIRE(net::run(bench.loop, course.install()));
  CHECK(again.job().placement == Placement{"rootfs.0", "rootfs.1"});
  REQUIRE(again.activate());
  CHECK(again.job().placement == Placement{"rootfs.0", "rootfs.1"});
  CHECK(again.job().slot == 'b');
  REQUIRE(again.go_back("sick"));
  CHECK(again.job().slot == 'b');
}

TEST_CASE("a device that never starts from the new place has three tries, then goes back") {
  Bench bench;
  bench.activate();
  bench.installer.activated = Switched::restarts;
  for (int i = 0; i < 3; ++i)
    CHECK(expect(net::run(bench.loop, bench.course.begin_trial())) == Course::Trial::waits);
  CHECK(expect(net::run(bench.loop, bench.course.begin_trial())) == Course::Trial::over);
  bench.installer.reverted = Switched::restarts;
  CHECK(expect(net::run(bench.loop, bench.course.go_home())) == Switched::restarts);
  CHECK(bench.updater.phase() == Phase::returning);
  bench.installer.reverted = Switched::runs;
  CHECK(expect(net::run(bench.loop, bench.course.go_home())) == Switched::runs);
  CHECK(bench.updater.phase() == Phase::idle);
}
