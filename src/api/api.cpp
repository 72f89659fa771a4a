#include "api/api.h"

#include <future>
#include <thread>

#include "api/internal/door.h"
#include "base/log.h"

namespace muster::api {

struct Api::Door {
  Door(const Settings& s, desk::Desk& desk, desk::Telemetry& telemetry, Operators& o,
       Repeats repeats, const Clock& clock, std::filesystem::path spool,
       std::function<std::string()> gateway_metrics)
      : settings(s),
        operators(o),
        service(settings, desk, telemetry, o, std::move(repeats), clock, std::move(spool),
                std::move(gateway_metrics)) {}

  void run(std::promise<Result<std::uint16_t>> opened) {
    auto context = net::TlsContext::server(
        {.key_pem = settings.key_pem, .chain_pem = settings.chain_pem, .alpn = {"http/1.1"}});
    if (!context) return opened.set_value(std::unexpected(context.error()));
    auto made = net::http::Server::open(loop, settings.address, settings.port, &*context, service);
    if (!made) return opened.set_value(std::unexpected(made.error()));
    server = std::move(*made);
    opened.set_value(server->port());
    loop.run();
    server.reset();
  }

  const Settings settings;
  Operators& operators;
  Service service;
  net::Loop loop;
  std::unique_ptr<net::http::Server> server;
  std::uint16_t port = 0;
  std::string url;
  std::thread thread;
};

Api::Api(std::unique_ptr<Door> door) : door_(std::move(door)) {}

Result<std::unique_ptr<Api>> Api::open(const Settings& settings, desk::Desk& desk,
                                       desk::Domain& domain, desk::Telemetry& telemetry,
                                       Operators& operators, const Clock& clock,
                                       std::function<std::string()> gateway_metrics) {
  TRY(auto repeats, Repeats::open(domain.store, domain.ledger, clock));
  auto door = std::make_unique<Door>(settings, desk, telemetry, operators, std::move(repeats),
                                     clock, domain.releases.spool(), std::move(gateway_metrics));
  Door& d = *door;
  std::unique_ptr<Api> api(new Api(std::move(door)));
  d.service.set_hashes(operators.hashes());
  operators.on_change([&d](Operators::Hashes hashes) {
    d.loop.post(
        [&d, hashes = std::move(hashes)]() mutable { d.service.set_hashes(std::move(hashes)); });
  });
  std::promise<Result<std::uint16_t>> opened;
  auto answer = opened.get_future();
  d.thread = std::thread([&d, p = std::move(opened)]() mutable { d.run(std::move(p)); });
  TRY(d.port, answer.get());
  d.url = "https://" + settings.public_host + ":" + std::to_string(d.port);
  d.service.set_public_url(d.url);
  return api;
}

Api::~Api() {
  drain();
  door_->operators.on_change({});
}

std::uint16_t Api::port() const {
  return door_->port;
}

std::string Api::new_link_url() {
  return door_->url + "/login#" + door_->operators.new_link("admin");
}

void Api::drain() {
  if (!door_->thread.joinable()) return;
  door_->loop.post([door = door_.get()] {
    if (!door->server) return door->loop.stop();
    door->server->drain([door] { door->loop.stop(); });
  });
  door_->thread.join();
}

}  // namespace muster::api
