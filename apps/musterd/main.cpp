// The controller. Read top to bottom: this is the whole wiring.
//
// Each object is built from those above it and destroyed in reverse. But for the log level, nothing
// in the program is global, registered or looked up by name.
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <system_error>

#include "api/api.h"
#include "desk/desk.h"
#include "desk/follow.h"
#include "desk/telemetry.h"
#include "gateway/gateway.h"
#include "musterd/config.h"
#include "musterd/folder.h"
#include "musterd/identity_settings.h"
#include "musterd/keys.h"
#include "musterd/metrics.h"
#include "musterd/names.h"
#include "musterd/notifier.h"
#include "musterd/packer.h"
#include "musterd/renewal.h"
#include "musterd/signing.h"

using namespace muster;
using actions::Actions;
using release::Releases;
using retirement::Retirements;
using rollout::Rollouts;

// Ends with 5 when a token refuses its PIN, so that no service starts it to try again.
static Keys keys_of(const Config& config) {
  auto keys = Folder::prepare(config);
  if (keys || keys.error().fault != Fault::unauthorized) return expect(std::move(keys));
  std::fprintf(stderr, "error: %s\n", keys.error().message.c_str());
  std::exit(5);
}

static int run(const Config& config) {
  const sigset_t signals = hold_signals();  // before the first thread, so that no other gets them
  // ground
  SystemClock clock;
  SystemRandom random;
  const Keys keys = keys_of(config);  // before the first thread
  auto store = expect(store::Store::open(config.data / "muster.db"));
  std::optional<signer::RemoteIssuer> signer{expect(signer_of(config))};
  Folder folder = expect(Folder::open(config, keys, *signer, clock, random));

  // domain: one thread, no locks
  auto ledger = expect(ledger::Ledger::open(store, *keys.ledger, clock, folder.log_origin));
  auto inventory = expect(inventory::Inventory::open(store, ledger, clock));
  auto identity = expect(open_identity(config, folder, store, ledger, inventory, clock, random));
  auto releases =
      expect(Releases::open(store, ledger, folder.path / "artifacts", *keys.release, clock));
  auto rollouts = expect(Rollouts::open(store, ledger, inventory, releases, clock, random));
  auto actions = expect(Actions::open(store, ledger, inventory, releases, rollouts, clock, random));
  auto segment = expect(segment::Segment::open(store, ledger, inventory, clock));
  auto response = expect(response::Response::open(store, ledger, inventory, segment, clock, random,
                                                  response_settings(config)));
  auto retiring = expect(Retirements::open(store, ledger, inventory, identity, *keys.release, clock,
                                           random, retirement_settings(config)));
  auto exposure = expect(exposure::Exposure::open(store, ledger, inventory, clock));
  auto operators = expect(api::Operators::open(store, ledger, clock, random));
  desk::Domain domain{store,   ledger,   inventory, identity, releases, rollouts,
                      segment, response, retiring,  actions,  exposure};
  rollouts.need_approval(config.rollout_approval);
  desk::Desk desk{domain, *signer, clock};

  // telemetry: beside the domain; only findings enter it
  auto telemetry = expect(desk::Telemetry::open(
      folder.path / "telemetry", telemetry_settings(config), clock, desk::reporter(desk)));
  desk::follow(domain, desk, *telemetry);

  // doors: devices come in one, operators in the other
  auto gateway =
      expect(gateway::Gateway::open(gateway_settings(config, folder), desk, *telemetry, clock));
  desk.attach(*gateway);
  expect(first_operator(folder, operators, store, ledger));
  auto api = expect(api::Api::open(api_settings(config, folder), desk, domain, *telemetry,
                                   operators, clock, metrics_of(*gateway)));
  const std::string link = console_link(*api, store, ledger);
  std::future<Result<void>> ending;
  {
    Notifier notifier{desk};
    Packer packer{desk, config.smaller_downloads};
    Renewal renewal{folder, server_terms(config), *signer, desk, *gateway, *api, clock};
    expect(write_ports(folder, config, gateway->ports(), api->port()));
    ending = std::async(std::launch::async, [&desk] { return run_or_end_program(desk); });
    say_ready(link);
    wait_for_signal(signals);
  }
  api->drain();
  gateway->drain();
  desk.stop();
  const auto ended = ending.get();
  signer.reset();  // answers what it still owes, while those it answers are there
  return ended ? 0 : (std::fprintf(stderr, "error: %s\n", ended.error().message.c_str()), 1);
}

int main(int argc, char** argv) {
  try {
    const Config config = expect(Config::read(argc, argv));
    expect(set_log_level(config.log_level));
    return run(config);
  } catch (const std::system_error& e) {  // the kernel gives no more: descriptors, threads, memory
    const bool files = e.code() == std::errc::too_many_files_open;
    std::fprintf(stderr, "error: the system refuses: %s%s\n", e.what(),
                 files ? "; raise the limit of open files (ulimit -n, LimitNOFILE)" : "");
    return 1;
  }
}
