// Before an offer is considered: what the repository and the ledger say of it, for a device that
// was given a TUF root or the ledger's key.
#include "agent/internal/life.h"
#include "agent/repository.h"
#include "base/log.h"

namespace muster::agent {
namespace {

constexpr Duration metadata_within = 20s;

// The line's, or the disk's: later may work. All else is what somebody signed, or did not.
bool may_pass(const Error& error) {
  return error.fault == Fault::unavailable || error.fault == Fault::internal;
}

}  // namespace

// An error: ask again later. What is refused is reported, and is no offer any more.
net::Task<Result<void>> Agent::Life::vouch() {
  const Trust& trust = controller.trust;
  if (!offer || (trust.tuf_root.empty() && trust.ledger_key.empty())) co_return Result<void>{};
  const wire::Offer asked = *offer;
  const auto assignment = check_assignment(trust, settings.id, asked);
  if (!assignment || assignment->number <= updater.record().number) co_return Result<void>{};
  const auto release = check_release(trust, *assignment, asked);
  if (!release) co_return Result<void>{};  // the updater says why
  Result<void> good;
  if (!trust.ledger_key.empty())
    good = check_logged(trust.ledger_key, assignment->release_id, asked.logged);
  if (good && !trust.tuf_root.empty()) {
    const wire::ReleaseMetadata wanted = *release;
    good = co_await ask_repository(wanted);
  }
  if (good || stopping || offer != asked) co_return Result<void>{};
  if (may_pass(good.error())) co_return good;
  offer.reset();
  offer_news = false;
  CO_TRY_VOID(updater.decline(asked, good.error().message));
  log::warning("agent", "an offer is refused",
               {{"device", settings.id.text()}, {"why", good.error().message}});
  pump();
  line_bell.ring();
  co_return Result<void>{};
}

net::Task<Result<void>> Agent::Life::ask_repository(wire::ReleaseMetadata release) {
  if (!credentials.current()) co_return fail(Fault::unavailable, "not enrolled yet");
  DiskShelf shelf(disk);
  auto opened = follow(shelf, controller.trust.tuf_root, clock.now());
  if (!opened) co_return std::unexpected(opened.error());
  tuf::Client metadata = std::move(*opened);
  auto asked = co_await handshakes.as(pair_in_use());
  if (!asked) co_return fail(Fault::unavailable, asked.error().message);
  std::optional<Handshakes::Turn> turn(std::move(*asked));
  net::http::Client http(loop, controller.host, controller.device_port, &turn->tls());
  for (bool searched = false;; searched = true) {
    while (metadata.wants()) {
      CO_TRY_VOID(co_await feed(&metadata, &http));
      if (stopping) co_return fail(Fault::unavailable, "interrupted");
    }
    if (searched) break;
    CO_TRY_VOID(metadata.search(target_path(release)));
  }
  co_return check_agreed(metadata.found(), release);
}

net::Task<Result<void>> Agent::Life::feed(tuf::Client* metadata, net::http::Client* http) {
  const tuf::Want want = *metadata->wants();
  std::string text;
  bool endless = false;
  net::http::Call call{
      .target = "/tuf/metadata/" + want.path, .within = metadata_within, .body_max = 4096};
  call.sink = [&text, &endless, &want](ByteView piece) -> Result<void> {
    endless = piece.size() > want.max - text.size();
    if (endless) return fail(Fault::exhausted, want.path + ": is too large");
    text += text_of(piece);
    return {};
  };
  const auto answer = co_await http->call(std::move(call));
  if (endless)
    co_return fail(Fault::forbidden,
                   want.path + ": has more than " + std::to_string(want.max) + " bytes");
  if (!answer) co_return fail(Fault::unavailable, answer.error().message);
  if (answer->status == 404) co_return metadata->missing();
  if (answer->status != 200)
    co_return fail(Fault::unavailable, want.path + ": " + std::to_string(answer->status));
  co_return metadata->take(text);
}

}  // namespace muster::agent
