#include "muster-swarm/fleet.h"

#include <algorithm>
#include <future>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "crypto/hash.h"

namespace muster {
namespace {

constexpr Duration start_every = 50ms, goodbye_within = 5s, answer_within = 2s;

// A number that is the device's own under this seed, whatever thread it is on.
std::uint64_t own_seed(const DeviceId& id, std::uint64_t seed, std::string_view purpose) {
  const auto hash =
      crypto::sha256(bytes_of(id.text() + '\n' + std::to_string(seed) + '\n'), bytes_of(purpose));
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | hash[static_cast<std::size_t>(i)];
  return number;
}

struct Member {
  Member(const Recruit& recruit, const Options& options, const agent::CsvTable& table)
      : random(own_seed(recruit.id, options.seed, "jitter")), options_(options) {
    const auto seed = own_seed(recruit.id, options.seed, "readings");
    if (options.readings.empty())
      readings = std::make_unique<agent::MeterReadings>(seed);
    else
      readings = std::make_unique<agent::CsvReadings>(table, seed);
    settings = {.id = recruit.id,
                .token = recruit.token,
                .birth_key_pem = recruit.birth_key_pem,
                .birth_chain_pem = recruit.birth_chain_pem,
                .model = {},
                .factory_firmware = options.firmware,
                .health_command = {},
                .activate_command = {},
                .confirm_command = {},
                .pace = options.pace};
  }

  Result<void> open(net::Loop& loop, const agent::Controller& controller,
                    agent::Handshakes& handshakes, const Clock& clock) {
    if (options_.state.empty()) {
      disk = std::make_unique<agent::MemoryDisk>();
    } else {
      TRY(auto folder, agent::FolderDisk::open(options_.state / settings.id.text()));
      disk = std::make_unique<agent::FolderDisk>(std::move(folder));
    }
    TRY(device, agent::Agent::open(loop, controller, handshakes, settings, *disk, *readings, clock,
                                   random));
    return {};
  }

  agent::AgentSettings settings;
  SeededRandom random;
  std::unique_ptr<agent::Readings> readings;
  std::unique_ptr<agent::Disk> disk;
  std::unique_ptr<agent::Agent> device;

 private:
  const Options& options_;
};

void apply(const Command& command, const Member& member, std::uint64_t seed,
           agent::Faults& faults) {
  if (const auto* misbehave = std::get_if<Misbehave>(&command.what)) {
    faults.misbehaviour = misbehave->kind;
    faults.cured_by = misbehave->cured_by;
  } else if (const auto* bad = std::get_if<FailUpdate>(&command.what)) {
    std::erase(faults.failing_versions, bad->version);
    SeededRandom lot(own_seed(member.settings.id, seed, bad->version));
    if (!bad->share || lot.unit() < *bad->share) faults.failing_versions.push_back(bad->version);
  } else if (std::holds_alternative<Silence>(command.what)) {
    faults.silent = true;
  } else {
    faults = {};
  }
}

net::Task<void> stop_all(const std::vector<std::unique_ptr<Member>>* members) {
  net::Scope stopping;
  for (const auto& member : *members)
    if (member->device) stopping.spawn(member->device->stop());
  co_await stopping.join();
}

}  // namespace

// One thread with its loop. All but the constructor, tell(), totals() and stop() is on it.
class Fleet::Lane {
 public:
  Lane(const agent::Controller& controller, const Options& options, const agent::CsvTable& table,
       std::vector<Recruit> recruits)
      : controller_(controller), options_(options) {
    for (const Recruit& each : recruits)
      members_.push_back(std::make_unique<Member>(each, options, table));
    thread_ = std::thread([this] { run(); });
  }

  void tell(const Command& command) {
    loop_.post([this, command] { obey(command); });
  }

  std::future<Totals> totals() {
    auto told = std::make_unique<std::promise<Totals>>();
    auto future = told->get_future();
    loop_.post([this, told = std::move(told)] { told->set_value(count()); });
    return future;
  }

  std::future<void> stop() {
    auto future = stopped_.get_future();
    loop_.post([this] {
      stopping_ = true;
      loop_.stop();
    });
    return future;
  }

  void forget() { thread_.detach(); }  // the process ends now
  void join() { thread_.join(); }

 private:
  void run() {
    handshakes_ = expect(agent::Handshakes::open(loop_, controller_.ca_pem));
    start_some();
    loop_.run();
    net::run(loop_, stop_all(&members_));
    members_.clear();
    stopped_.set_value();
  }

  // A few at a time: a whole fleet at once is refused for its own good.
  void start_some() {
    const double share = options_.starts_a_second / options_.threads;
    due_ += share * std::chrono::duration<double>(start_every).count();
    for (; due_ >= 1 && started_ < members_.size(); due_ -= 1) start(*members_[started_++]);
    if (started_ < members_.size() && !stopping_)
      loop_.after(start_every, [this] { start_some(); });
  }

  void start(Member& member) {
    if (auto opened = member.open(loop_, controller_, *handshakes_, clock_); !opened)
      return log::error("swarm", "a device cannot start",
                        {{"device", member.settings.id.text()}, {"why", opened.error().message}});
    if (const auto at = faults_.find(member.settings.id.text()); at != faults_.end())
      member.device->set(at->second);
    member.device->start();
  }

  void obey(const Command& command) {
    for (const auto& member : members_) {
      const std::string& id = member->settings.id.text();
      if (!command.devices.empty() &&
          std::ranges::find(command.devices, id) == command.devices.end())
        continue;
      auto& faults = faults_[id];  // also of who has not started
      apply(command, *member, options_.seed, faults);
      if (member->device) member->device->set(faults);
    }
  }

  Totals count() const {
    Totals totals{.devices = members_.size(), .firmware = {}};
    for (const auto& member : members_) {
      if (!member->device) continue;
      const auto status = member->device->status();
      totals.enrolled += status.enrolled;
      totals.connected += status.connected;
      totals.restricted += status.restricted;
      totals.updating += status.phase != agent::Phase::idle;
      totals.published += status.published;
      totals.acknowledged += status.acknowledged;
      totals.refused += status.refused;
      totals.dropped += status.dropped;
      totals.connects += status.connects;
      ++totals.firmware[status.firmware];
    }
    return totals;
  }

  const agent::Controller& controller_;
  const Options& options_;
  SystemClock clock_;
  net::Loop loop_;
  std::unique_ptr<agent::Handshakes> handshakes_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unordered_map<std::string, agent::Faults> faults_;
  std::size_t started_ = 0;
  double due_ = 0;
  bool stopping_ = false;
  std::promise<void> stopped_;
  std::thread thread_;
};

Fleet::Fleet(const agent::Controller& controller, const Options& options,
             const agent::CsvTable& table, const std::vector<Recruit>& recruits) {
  std::vector<std::vector<Recruit>> shares(options.threads);
  for (std::size_t i = 0; i < recruits.size(); ++i)
    shares[i % options.threads].push_back(recruits[i]);
  for (auto& share : shares)
    lanes_.push_back(std::make_unique<Lane>(controller, options, table, std::move(share)));
}

Fleet::~Fleet() = default;

void Fleet::tell(const Command& command) {
  for (const auto& lane : lanes_) lane->tell(command);
}

Totals Fleet::totals() {
  std::vector<std::future<Totals>> answers;
  for (const auto& lane : lanes_) answers.push_back(lane->totals());
  Totals all{.firmware = {}};
  for (auto& answer : answers) {
    if (answer.wait_for(answer_within) != std::future_status::ready) continue;  // busy: next time
    const Totals each = answer.get();
    all.devices += each.devices;
    all.enrolled += each.enrolled;
    all.connected += each.connected;
    all.restricted += each.restricted;
    all.updating += each.updating;
    all.published += each.published;
    all.acknowledged += each.acknowledged;
    all.refused += each.refused;
    all.dropped += each.dropped;
    all.connects += each.connects;
    for (const auto& [version, count] : each.firmware) all.firmware[version] += count;
  }
  return all;
}

void Fleet::stop() {
  const std::int64_t deadline = monotonic_ns() + std::chrono::nanoseconds(goodbye_within).count();
  std::vector<std::future<void>> ends;
  for (const auto& lane : lanes_) ends.push_back(lane->stop());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const std::chrono::nanoseconds left(std::max<std::int64_t>(0, deadline - monotonic_ns()));
    const bool ended = ends[i].wait_for(left) == std::future_status::ready;
    if (ended)
      lanes_[i]->join();
    else
      lanes_[i]->forget();
  }
}

std::string to_text(const Totals& totals) {
  auto firmware = wire::Json::object();
  for (const auto& [version, count] : totals.firmware) firmware.set(version, wire::Json(count));
  return wire::to_text(wire::Json::object({{"devices", wire::Json(totals.devices)},
                                           {"enrolled", wire::Json(totals.enrolled)},
                                           {"connected", wire::Json(totals.connected)},
                                           {"restricted", wire::Json(totals.restricted)},
                                           {"updating", wire::Json(totals.updating)},
                                           {"published", wire::Json(totals.published)},
                                           {"acknowledged", wire::Json(totals.acknowledged)},
                                           {"refused", wire::Json(totals.refused)},
                                           {"dropped", wire::Json(totals.dropped)},
                                           {"connects", wire::Json(totals.connects)},
                                           {"firmware", std::move(firmware)}}));
}

}  // namespace muster
