#include "musterd/renewal.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "crypto/ocsp.h"
#include "identity/rollover.h"

namespace muster {
namespace {

constexpr auto look_every = std::chrono::seconds(1);
constexpr std::int64_t again_after_ns = 30'000'000'000;  // what failed; whatever the clock does
constexpr Duration staple_every = 1h;

}  // namespace

struct Renewal::Round {
  Round(const Folder& f, desk::ServerTerms t, signer::Issuer& s, desk::Desk& d, gateway::Gateway& g,
        api::Api& a, const Clock& c)
      : folder(f),
        terms(std::move(t)),
        signer(s),
        desk(d),
        gateway(g),
        api(a),
        clock(c),
        trusted(f.trusted),
        current(expect(crypto::parse_certificates_pem(f.server_chain_pem)).front()),
        thread([this] { run(); }) {}

  ~Round() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    thread.join();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      look();
      lock.lock();
      wake.wait_for(lock, look_every, [this] { return stopping; });
    }
  }

  void look() {
    const Instant now = clock.now();
    if (auto done = follow(); !done)
      log::error("renewal", "the doors could not follow the CA", {{"why", done.error().message}});
    if (monotonic_ns() >= next_try_ns &&
        desk::renewal_due(current, terms, trusted.current.issuing, now)) {
      next_try_ns = monotonic_ns() + again_after_ns;
      if (auto done = renew(); !done)
        log::error("renewal", "the doors' certificate could not be renewed",
                   {{"why", done.error().message}, {"ends", rfc3339(current.not_after)}});
    }
    if (now >= next_staple || now + staple_every < next_staple) {  // or the clock went back
      next_staple = now + staple_every;
      staple();
    }
  }

  // The domain's word, when it is another than the last.
  Result<void> follow() {
    std::promise<Result<std::optional<identity::Trusted>>> told;
    auto answer = told.get_future();
    desk.ask<std::optional<identity::Trusted>>(
        [known = followed](desk::Domain& domain) -> Result<std::optional<identity::Trusted>> {
          const auto& rollover = domain.identity.rollover();
          if (rollover.order()) return std::nullopt;  // the signer may be a step ahead
          const auto& now = rollover.trusted();
          return known == now.version ? std::nullopt : std::optional(now);
        },
        [&told](Result<std::optional<identity::Trusted>> news) {
          told.set_value(std::move(news));
        });
    TRY(auto news, answer.get());
    if (!news) return {};
    std::vector<Bytes> given;
    for (const auto& each : news->given()) given.push_back(each.der);
    TRY_VOID(gateway.give(given));
    std::swap(trusted, *news);
    if (auto shown = show(current); !shown) {
      std::swap(trusted, *news);
      return shown;
    }
    followed = trusted.version;
    return {};
  }

  Result<void> show(const crypto::Certificate& own) {
    TRY(const auto chain, write_certificates(folder.path, own, trusted));
    TRY_VOID(gateway.reload(folder.server_key_pem, chain, pem_of(trusted.anchors())));
    TRY_VOID(api.reload(folder.server_key_pem, chain));
    next_staple = {};
    return {};
  }

  Result<void> renew() {
    TRY(auto own,
        new_server_certificate(terms, current.key, signer, trusted.current.issuing, clock, random));
    TRY_VOID(show(own));
    current = std::move(own);
    log::info("renewal", "the doors have a new certificate",
              {{"ends", rfc3339(current.not_after)}});
    return {};
  }

  // The registry learns of the certificate first: it would be unknown. What comes back outlives
  // this round, so it knows the doors only.
  void staple() {
    desk.tell("the doors' certificate",
              [certificate = current](desk::Domain& domain) -> Result<void> {
                domain.identity.serves(certificate);
                return {};
              });
    const auto id = crypto::ocsp_id(trusted.current.issuing, current.serial);
    if (!id) return log::error("renewal", "nothing to staple", {{"why", id.error().message}});
    desk.ask(link::GetStatus{expect(crypto::make_ocsp_request({.ids = {*id}}))},
             [&gateway = gateway, &api = api](const Result<link::Reply>& reply) {
               if (!reply)
                 return log::warning("renewal", "there is no OCSP answer to staple",
                                     {{"why", reply.error().message}});
               const auto& answer = std::get<link::StatusAnswer>(*reply);
               if (answer.keep_until == Instant{})
                 return log::warning("renewal", "there is no OCSP answer to staple");
               gateway.staple(answer.der);
               api.staple(answer.der);
             });
  }

  const Folder& folder;
  const desk::ServerTerms terms;
  signer::Issuer& signer;
  desk::Desk& desk;
  gateway::Gateway& gateway;
  api::Api& api;
  const Clock& clock;
  SystemRandom random;
  identity::Trusted trusted;
  std::optional<std::uint64_t> followed;  // its version; none: it is the signer's word
  crypto::Certificate current;
  Instant next_staple{};
  std::int64_t next_try_ns = 0;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;  // under mutex
  std::thread thread;
};

Renewal::Renewal(const Folder& folder, desk::ServerTerms terms, signer::Issuer& signer,
                 desk::Desk& desk, gateway::Gateway& gateway, api::Api& api, const Clock& clock)
    : round_(std::make_unique<Round>(folder, std::move(terms), signer, desk, gateway, api, clock)) {
}

Renewal::~Renewal() = default;

}  // namespace muster
