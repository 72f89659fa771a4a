#include "scenario/world.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "scenario/logs.h"
#include "wire/manifest.h"
#include "wire/update.h"

namespace muster::scenario {
namespace {

const Instant morning = instant(1'800'000'000'000);

crypto::FileKey new_key(crypto::Algorithm algorithm) {
  return expect(crypto::FileKey::generate(algorithm));
}

}  // namespace

// Everything that a restart builds anew.
struct World::Controller {
  Controller(World& w, const std::filesystem::path& folder)
      : whole(folder, w.keys_, w.fuse_, w.clock_, w.random_),
        desk(whole.domain, whole.issuer, w.clock_) {
    desk.attach(w);
  }
  desk::testing::WholeDomain whole;
  desk::Desk desk;
};

World::World(std::uint64_t seed, std::size_t devices)
    : clock_(morning), random_(seed), keys_(morning), fuse_(keys_.ledger) {
  for (std::size_t n = 0; n < devices; ++n) {
    SimDevice device{.id = expect(DeviceId::parse("meter-" + std::to_string(n))),
                     .token = "token-of-" + std::to_string(n),
                     .key = new_key(crypto::Algorithm::ecdsa_p256)};
    device.csr_digest = crypto::sha256(device.key.public_key().spki());
    devices_.push_back(std::move(device));
  }
  start();
  fuse_.commits = 0;  // an empty ledger's first checkpoint is not part of any story
}

World::~World() = default;

void World::cut_power(CutPoint point, std::size_t commit) {
  cut_ = point;
  cut_at_ = commit;
  if (point == CutPoint::before_commit) fuse_.blow_at = commit;
}

void World::fill_disk(std::size_t commit, std::size_t tries) {
  fuse_.full_at = commit;
  fuse_.full_for = tries;
}

void World::start() {
  controller_ = std::make_unique<Controller>(*this, folder_.path);
  domain_ = &controller_->whole.domain;
}

void World::restart() {
  ++restarts_;
  fuse_.blow_at = 0;
  cut_ = CutPoint::never;
  controller_.reset();  // an open transaction is rolled back, as the file's own recovery would
  for (SimDevice& device : devices_) {
    device.online = device.cut = false;
    device.offered.clear();
  }
  for (;;) {
    try {
      return start();
    } catch (const store::Broken&) {
      ++restarts_;  // there is still no room
    }
  }
}

// The first thing that is told after a commit: the last moment at which nobody knows of it.
void World::push(link::Pushes pushes) {
  for (const link::Push& push : *pushes) {
    if (const auto* cut = std::get_if<link::CutDevice>(&push))
      for (SimDevice& device : devices_)
        if (device.id == cut->device) device.cut = std::exchange(device.online, false);
    if (const auto* tell = std::get_if<link::Tell>(&push))
      for (SimDevice& device : devices_)
        if (device.id == tell->device && device.online && tell->channel == link::Channel::updates)
          device.offered = tell->payload;
  }
}

template <class Q>
std::optional<Result<typename Q::Answer>> World::ask(Q question) {
  std::optional<Result<typename Q::Answer>> out;
  const bool after = cut_ == CutPoint::after_commit;
  try {
    controller_->desk.ask(link::Request(std::move(question)), [&](Result<link::Reply> reply) {
      if (after && fuse_.commits >= cut_at_) throw PowerCut{};
      if (reply)
        out = std::get<typename Q::Answer>(std::move(*reply));
      else
        out = std::unexpected(reply.error());
    });
    while (controller_->desk.drain() > 0) {  // what goes by the signer takes more than one turn
    }
  } catch (const PowerCut&) {
    restart();
    return std::nullopt;
  } catch (const store::Broken&) {
    if (out && (*out || out->error().fault != Fault::unavailable))
      FAIL_CHECK("somebody was told what is not on the disk");
    restart();
    return std::nullopt;
  }
  return out;
}

Result<void> World::operate(std::function<Result<void>(desk::Domain&)> command,
                            std::function<bool(desk::Domain&)> done) {
  for (int tries = 0; tries < 6; ++tries) {
    if (tries > 0 && done(*domain_)) return {};
    Result<void> out;
    const bool after = cut_ == CutPoint::after_commit;
    try {
      controller_->desk.ask<bool>(
          [&](desk::Domain& domain) -> Result<bool> {
            TRY_VOID(command(domain));
            return true;
          },
          [&](Result<bool> result) {
            if (after && fuse_.commits >= cut_at_) throw PowerCut{};
            if (!result) out = std::unexpected(result.error());
          });
      controller_->desk.drain();
      return out;
    } catch (const PowerCut&) {
      restart();
    } catch (const store::Broken&) {
      restart();
    }
  }
  return fail(Fault::internal, "the controller ended six times in one command");
}

std::string World::make_release(const std::string& version) {
  const std::string content = "firmware " + version;
  const auto digest = crypto::sha256(bytes_of(content));
  const ModelId model = expect(ModelId::parse("meter"));
  expect(operate(
      [&](desk::Domain& d) -> Result<void> {
        const auto spooled = d.releases.spool() / ("upload-" + version);
        std::FILE* file = std::fopen(spooled.c_str(), "wb");
        std::fwrite(content.data(), 1, content.size(), file);
        std::fclose(file);
        TRY(auto artifact, d.releases.take_artifact(spooled, digest, content.size(), digest,
                                                    {"operator:ann", "admin"}));
        TRY_VOID(d.releases.publish_online(model, version, artifact.sha256, std::nullopt,
                                           {"operator:ann", "admin"}));
        return {};
      },
      [&](desk::Domain& d) { return d.releases.find(model, version) != nullptr; }));
  const auto* release = domain_->releases.find(model, version);
  versions_[release->id] = version;
  return release->id;
}

void World::bad_on(const std::string& version, std::vector<std::size_t> which) {
  bad_[version] = std::move(which);
}

// What a device does in one second, given what it knows: enrol, come back, act on an offer, say
// what became of it.
void World::act(SimDevice& device) {
  if (device.certificate.empty()) {
    auto answer = ask(link::Enrol{device.id.text(), device.token, device.key.public_key().spki(),
                                  device.csr_digest, device.id.text(), "198.51.100.7:4000"});
    if (answer && *answer) device.certificate = **answer;
    if (answer && !*answer)
      FAIL_CHECK("enrolment of " << device.id.text() << " refused: " << answer->error().message);
    return;
  }
  if (device.cut) {
    if (ask(link::Presence{device.id, false})) device.cut = false;
    return;
  }
  if (!device.online) {
    auto grant = ask(link::Hello{crypto::sha256(device.certificate), "198.51.100.7:4000"});
    if (!grant || !*grant || (*grant)->restricted) return;
    if (!ask(link::Presence{device.id, true})) return;
    device.online = true;
    device.state_told = false;
    auto offer = ask(link::GetUpdate{device.id});
    if (offer && *offer) device.offered = **offer;
    return;
  }
  if (!device.state_told) {
    wire::ReportedState state{.firmware = device.version};
    if (!device.release.empty()) state.release_id = device.release;
    auto told = ask(link::State{device.id, wire::to_text(state)});
    device.state_told = told && *told;
    return;
  }
  if (!device.reports.empty()) {
    auto told = ask(link::Report{device.id, wire::to_text(device.reports.front())});
    if (told) device.reports.pop_front();  // refused is an answer too
    return;
  }
  if (!device.offered.empty()) update(device);
}

void World::update(SimDevice& device) {
  auto offer = expect(wire::parse_offer(std::exchange(device.offered, {})));
  if (!offer) return;
  auto assignment =
      expect(wire::read_assignment(expect(wire::parse_envelope(offer->assignment)).content));
  const std::string& release = assignment.release_id;
  const std::string version = versions_.at(release);
  if (release == device.release) {
    device.reports.push_back({release, wire::UpdateOutcome::installed, ""});
    return;
  }
  const auto index = static_cast<std::size_t>(&device - devices_.data());
  if (std::ranges::count(bad_[version], index)) {
    device.reports.push_back({release, wire::UpdateOutcome::failed, "health check failed"});
    device.reports.push_back({release, wire::UpdateOutcome::reverted, "back on the other slot"});
    return;
  }
  device.before = std::exchange(device.release, release);
  device.before_version = std::exchange(device.version, version);
  device.state_told = false;
  device.reports.push_back({release, wire::UpdateOutcome::installed, ""});
}

void World::pass(Duration span) {
  for (Duration gone = 0ms; gone < span; gone += 1s) {
    clock_.pass(1s);
    for (SimDevice& device : devices_) act(device);
    try {
      controller_->desk.tick();
      controller_->desk.drain();
    } catch (const PowerCut&) {
      restart();
    } catch (const store::Broken&) {
      restart();
    }
  }
}

void World::settle(Duration most) {
  std::size_t quiet = 0, commits = 0;
  for (Duration gone = 0ms; gone < most && quiet < 45; gone += 1s) {
    commits = fuse_.commits;
    pass(1s);
    quiet = fuse_.commits == commits ? quiet + 1 : 0;
  }
}

Result<void> World::verify() {
  for (int second = 0; second < 60; ++second) {  // in which the signer's log is looked through
    clock_.pass(1s);
    controller_->desk.tick();
    controller_->desk.drain();
  }
  controller_->desk.drain();
  const auto signed_ones = signed_serials(controller_->whole);
  if (signed_ones != recorded_serials(controller_->whole))
    return fail(Fault::corrupt, "the signer's log and the ledger know other certificates");
  if (std::ranges::adjacent_find(signed_ones) != signed_ones.end())
    return fail(Fault::corrupt, "the signer's log knows one certificate twice");
  TRY_VOID(controller_->whole.ledger.verify_all());
  for (const SimDevice& device : devices_) {
    if (device.certificate.empty()) continue;
    auto known = controller_->whole.identity.authenticate(crypto::sha256(device.certificate));
    const auto* entry = controller_->whole.inventory.find(device.id);
    if (!known && entry && !inventory::has_left(entry->state))
      return fail(Fault::corrupt,
                  device.id.text() + " holds a certificate that the controller has forgotten");
  }
  return {};
}

}  // namespace muster::scenario
