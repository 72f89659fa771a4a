#include "desk/evidence.h"

#include <catch2/catch.hpp>

#include "desk/test_world.h"

namespace muster::desk::testing {
namespace {

// Sixty of six hundred have the release.
struct Updated {
  Updated() {
    for (int n = 0; n < 600; ++n) world.bring("meter-" + std::to_string(1000 + n));
    const auto release = world.publish("1.1.0", "image");
    id = expect(world.decide([&](Domain& d) {
      rollout::Plan plan{.release = release,
                         .selector = inventory::Selector::everything(),
                         .waves = {{.share_permille = 100, .soak = 10min}, {.soak = 10min}}};
      plan.gate = rollout::Gate{.silence = 60s};
      return d.rollouts.start(plan, ann);
    }));
    for (const auto& target : expect(world.whole.rollouts.targets(id, {}, "", 600)))
      if (target.wave == 0) {
        canaries.push_back(target.device);
        world.whole.rollouts.offer(target.device);
        expect(
            world.whole.rollouts.report(target.device, release, rollout::Outcome::installed, ""));
      }
    world.desk.drain();
  }
  rollout::State state() const { return expect(world.whole.rollouts.progress(id)).state; }
  World world;
  rollout::RolloutId id;
  std::vector<DeviceId> canaries;
};

watch::Finding finding(const DeviceId& device, const char* feature) {
  return {.device = device,
          .feature = feature,
          .metric = {},
          .severity = watch::Severity::low,
          .at = morning,
          .words = "odd"};
}

TEST_CASE("findings about devices that have the release halt it, and operators are told once") {
  Updated w;
  int told = 0;
  w.world.whole.rollouts.on_progress(
      [&](rollout::RolloutId, std::string_view step) { told += step == "rollout.halted"; });
  for (const auto& device : w.canaries)
    evidence_of(w.world.whole.domain, finding(device, "value-range"));
  CHECK(w.state() == rollout::State::halted);  // from the factory: no way back
  CHECK(expect(w.world.whole.rollouts.progress(w.id)).reason.find("health: ") != std::string::npos);
  CHECK(told == 1);
}

TEST_CASE("sessions that end and do not come back are evidence of restarts, then of silence") {
  Updated w;
  for (std::size_t n = 0; n < 3; ++n) {
    w.world.whole.inventory.contact(w.canaries[n], false);
    w.world.whole.inventory.contact(w.canaries[n], true);
  }
  auto gate = *expect(w.world.whole.rollouts.progress(w.id)).gate;
  CHECK(gate.evidence.back().stream == rollout::Stream::restarts);
  CHECK(gate.evidence.back().treated_events == 3);
  w.world.whole.inventory.contact(w.canaries[0], false);
  w.world.clock.pass(61s);
  w.world.desk.tick();
  gate = *expect(w.world.whole.rollouts.progress(w.id)).gate;
  CHECK(gate.evidence[1].stream == rollout::Stream::silence);
  CHECK(gate.evidence[1].treated_events == 1);
}

TEST_CASE("incidents are evidence, one a device") {
  Updated w;
  const DeviceId suspect = w.canaries[0];
  expect(w.world.decide([&](Domain& d) { return d.response.isolate(suspect, ann, "odd"); }));
  evidence_of(w.world.whole.domain, finding(suspect, "silence"));
  const auto gate = *expect(w.world.whole.rollouts.progress(w.id)).gate;
  CHECK(gate.evidence[3].stream == rollout::Stream::alerts);
  CHECK(gate.evidence[3].treated_events == 1);
  CHECK(gate.evidence[1].treated_events == 1);
}

}  // namespace
}  // namespace muster::desk::testing
