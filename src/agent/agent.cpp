#include "agent/agent.h"

#include "agent/internal/life.h"
#include "base/log.h"

namespace muster::agent {
namespace {

InstallerSettings installer_settings(const AgentSettings& settings) {
  InstallerSettings out = settings.installer;
  out.activate_command = settings.activate_command;
  out.confirm_command = settings.confirm_command;
  out.within = settings.pace.command_within;
  out.install_within = settings.pace.install_within;
  return out;
}

}  // namespace

Agent::Life::Life(net::Loop& loop_, const Controller& controller_, Handshakes& handshakes_,
                  AgentSettings settings_, Disk& disk_, Readings& readings_, const Clock& clock_,
                  Random& random_, Anchors anchors_, Credentials credentials_, Updater updater_,
                  std::unique_ptr<Installer> installer_, Wipe wipe_, KeyStore* keys_)
    : loop(loop_),
      controller(controller_),
      handshakes(handshakes_),
      settings(std::move(settings_)),
      disk(disk_),
      readings(readings_),
      clock(clock_),
      random(random_),
      keys(keys_),
      witness(keys_ ? keys_->witness() : nullptr),
      anchors(std::move(anchors_)),
      credentials(std::move(credentials_)),
      updater(std::move(updater_)),
      installer(std::move(installer_)),
      wipe(std::move(wipe_)),
      outbox(settings.pace.readings_kept, settings.pace.interval),
      backoff(settings.pace.retry_first, settings.pace.retry_max, random),
      line_bell(loop),
      update_bell(loop),
      reading_bell(loop),
      renewal_bell(loop),
      attest_bell(loop),
      authority_bell(loop),
      fault_bell(loop) {}

void Agent::Life::log_failure(const char* words, const Error& error) const {
  log::warning("agent", words, {{"device", settings.id.text()}, {"why", error.message}});
}

void Agent::Life::end() {
  stopping = true;
  leave_session();
  for (Bell* bell : {&line_bell, &update_bell, &reading_bell, &renewal_bell, &attest_bell,
                     &authority_bell, &fault_bell})
    bell->ring();
}

Agent::Agent(std::unique_ptr<Life> life) : life_(std::move(life)) {}
Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::open(net::Loop& loop, const Controller& controller,
                                           Handshakes& handshakes, AgentSettings settings,
                                           Disk& disk, Readings& readings, const Clock& clock,
                                           Random& random, KeyStore* keys) {
  TRY(auto wipe, Wipe::open(disk, settings.id));
  if (wipe.phase() == WipePhase::acknowledged) TRY_VOID(wipe.end(keys));  // may have begun
  TRY(auto anchors, Anchors::open(disk, controller.anchors));
  TRY_VOID(handshakes.trust(anchors.pem()));
  TRY(auto credentials, Credentials::open(disk, settings.id, wipe.ended() ? nullptr : keys));
  TRY(auto updater, Updater::open(disk, controller.trust, settings.id, settings.model,
                                  {.firmware = settings.factory_firmware}));
  TRY(auto installer, make_installer(loop, installer_settings(settings)));
  TRY(auto desired, disk.read("desired.json"));
  auto life =
      std::make_unique<Life>(loop, controller, handshakes, std::move(settings), disk, readings,
                             clock, random, std::move(anchors), std::move(credentials),
                             std::move(updater), std::move(installer), std::move(wipe), keys);
  TRY_VOID(life->open_data());
  if (desired) life->recall_desired(*desired);
  return std::unique_ptr<Agent>(new Agent(std::move(life)));
}

void Agent::start() {
  if (life_->started || life_->wipe.ended()) return;
  life_->started = true;
  life_->tasks.spawn(life_->stay_connected());
  life_->tasks.spawn(life_->keep_updated());
  life_->tasks.spawn(life_->report_readings());
  life_->tasks.spawn(life_->renew());
  life_->tasks.spawn(life_->follow_authorities());
  if (life_->witness) life_->tasks.spawn(life_->show_boots());
}

net::Task<void> Agent::stop() {
  life_->end();
  co_await life_->tasks.join();
  life_->keep_outbox();
}

void Agent::on_retired(std::function<void()> f) {
  life_->retired = std::move(f);
}

void Agent::set(Faults faults) {
  const bool was_silent = life_->faults.silent;
  life_->faults = std::move(faults);
  if (!life_->started || life_->stopping) return;
  life_->begin_to_misbehave();
  life_->fault_bell.ring();
  if (was_silent && !life_->faults.silent) life_->leave_session();  // hears anew what it ignored
}

const Faults& Agent::faults() const {
  return life_->faults;
}

AgentStatus Agent::status() const {
  AgentStatus status = life_->tally;
  status.enrolled = life_->credentials.current().has_value();
  status.retired = life_->wipe.ended();
  status.phase = life_->updater.phase();
  status.firmware = life_->updater.running().firmware;
  status.dropped = life_->outbox.dropped();
  return status;
}

}  // namespace muster::agent
