// The city's story, with the power failing at every commit point: nothing that was acknowledged is
// lost, the rollout goes on mid-wave, and the end is the same.
#include <catch2/catch.hpp>

#include "scenario/world.h"
#include "wire/manifest.h"

namespace muster::scenario {
namespace {

const ledger::Actor ann{"operator:ann", "admin"};

void expect_devices(World& world) {
  wire::Manifest manifest{.owner = "the city", .devices = {}};
  for (const SimDevice& device : world.devices()) {
    const auto hash = crypto::sha256(bytes_of(device.token));
    manifest.devices.push_back({.id = device.id,
                                .model = expect(ModelId::parse("meter")),
                                .token_sha256 = Bytes(hash.begin(), hash.end())});
  }
  const std::string text = wire::to_json_text(manifest);
  static const crypto::FileKey maker =
      expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  const Bytes signature = expect(maker.sign(bytes_of(text)));
  expect(world.operate(
      [&](desk::Domain& d) {
        return d.identity.trust_manifest_key("maker", maker.public_key(), ann);
      },
      [](desk::Domain& d) { return !d.identity.manifest_keys().empty(); }));
  expect(world.operate(
      [&](desk::Domain& d) -> Result<void> {
        TRY_VOID(d.identity.import_manifest(text, signature, ann, false));
        return {};
      },
      [](desk::Domain& d) { return d.inventory.counts().total > 0; }));
}

rollout::RolloutId roll_out(World& world, const std::string& release) {
  rollout::RolloutId id;
  auto of_release = [release, &id](desk::Domain& d) {
    for (const auto& progress : d.rollouts.list(100))
      if (progress.plan.release == release) {
        id = progress.id;
        return true;
      }
    return false;
  };
  expect(world.operate(
      [&](desk::Domain& d) -> Result<void> {
        rollout::Plan plan{
            .release = release,
            .selector = inventory::Selector::everything(),
            .waves = {{.share_permille = 300, .tolerance_permille = 100, .soak = 5s},
                      {.share_permille = 1000, .tolerance_permille = 100, .soak = 5s}},
            .deadline = 60s};
        TRY(id, d.rollouts.start(std::move(plan), ann));
        return {};
      },
      of_release));
  world.look<bool>(of_release);  // the number it got, whichever try it was
  return id;
}

struct Ending {
  std::vector<std::string> firmware;
  std::vector<inventory::Lifecycle> states;
  std::vector<rollout::State> rollouts;
  bool incident_closed = false;
  bool operator==(const Ending&) const = default;
};

// Onboarding, a good release, a bad one that goes back, a device isolated and released.
Ending play(World& world) {
  expect_devices(world);
  world.settle();
  const std::string good = world.make_release("1.1.0"), bad = world.make_release("1.2.0");
  roll_out(world, good);
  world.settle();
  world.bad_on("1.2.0", {0, 1, 2, 3, 4, 5});
  roll_out(world, bad);
  world.settle();
  const DeviceId suspect = world.devices()[3].id;
  expect(world.operate(
      [&](desk::Domain& d) -> Result<void> {
        TRY_VOID(d.response.isolate(suspect, ann, "behaves oddly"));
        return {};
      },
      [&](desk::Domain& d) { return d.segment.isolation(suspect) != nullptr; }));
  world.pass(5s);
  CHECK(world.look<bool>([&](desk::Domain& d) { return !d.inventory.find(suspect)->online; }));
  expect(world.operate([&](desk::Domain& d) { return d.response.release(suspect, ann, "patched"); },
                       [&](desk::Domain& d) { return d.segment.isolation(suspect) == nullptr; }));
  world.settle();

  Ending ending;
  for (const SimDevice& device : world.devices()) ending.firmware.push_back(device.version);
  world.look<int>([&](desk::Domain& d) {
    for (const SimDevice& device : world.devices())
      ending.states.push_back(d.inventory.find(device.id)->state);
    for (const auto& progress : d.rollouts.list(10)) ending.rollouts.push_back(progress.state);
    ending.incident_closed = d.response.open_count() == 0;
    return 0;
  });
  return ending;
}

}  // namespace

TEST_CASE("the city's story ends with every meter on the good release and active") {
  World world(1, 7);
  const Ending ending = play(world);
  CHECK(ending.firmware == std::vector<std::string>(7, "1.1.0"));
  CHECK(ending.states == std::vector(7, inventory::Lifecycle::active));
  CHECK(ending.rollouts == std::vector{rollout::State::reverted, rollout::State::done});
  CHECK(ending.incident_closed);
  CHECK(world.verify());
}

TEST_CASE("power that fails at any commit point loses nothing that was acknowledged") {
  for (std::uint64_t seed : {1, 2, 3}) {
    World calm(seed, 7);
    const Ending expected = play(calm);
    const std::size_t commits = calm.commits();
    REQUIRE(commits > 30);
    for (CutPoint point : {CutPoint::before_commit, CutPoint::after_commit})
      for (std::size_t commit = 1; commit <= commits; ++commit) {
        World world(seed, 7);
        world.cut_power(point, commit);
        INFO("seed " << seed << ", power fails "
                     << (point == CutPoint::before_commit ? "before" : "after") << " commit "
                     << commit << " of " << commits);
        const Ending ending = play(world);
        CHECK(world.was_cut());
        CHECK(ending.firmware == expected.firmware);
        CHECK(ending.states == expected.states);
        CHECK(ending.rollouts == expected.rollouts);
        CHECK(ending.incident_closed);
        CHECK(world.verify());
      }
  }
}

// Each third commit, of which three tries fail: so each is among those that fail.
TEST_CASE("a disk that is full at any commit, and stays so for a while, keeps no device out") {
  World calm(1, 7);
  const Ending expected = play(calm);
  for (std::size_t commit = 1; commit <= calm.commits(); commit += 3) {
    World world(1, 7);
    world.fill_disk(commit, 3);
    INFO("the disk is full at commit " << commit << " of " << calm.commits());
    const Ending ending = play(world);
    CHECK(world.was_cut());
    CHECK(ending.firmware == expected.firmware);
    CHECK(ending.states == expected.states);
    CHECK(ending.rollouts == expected.rollouts);
    CHECK(ending.incident_closed);
    CHECK(world.verify());
  }
}

}  // namespace muster::scenario
