#include "gateway/gateway.h"

#include <future>
#include <mutex>
#include <thread>

#include "crypto/cms.h"
#include "gateway/internal/shard.h"

namespace muster::gateway {

struct Gateway::Threads {
  Threads(const Settings& s, link::Controller& controller, link::Telemetry& telemetry,
          const Clock& clock)
      : settings(s), around{settings, controller, telemetry, clock, tally, {}, {}, {}, {}} {
    around.everyone_else = [this](unsigned from, const std::function<void(Shard&)>& work) {
      for (auto& shard : shards)
        if (shard->number() != from) shard->loop().post([&shard = *shard, work] { work(shard); });
    };
    around.one = [this](unsigned number, std::function<void(Shard&)> work) {
      shards[number]->loop().post(
          [&shard = *shards[number], work = std::move(work)] { work(shard); });
    };
    around.add_route = [this](Route route) {
      change_routes([&](Table& table) {
        std::erase_if(table, [&](const Route& r) {
          return r.shard == route.shard && r.session == route.session && r.filter == route.filter;
        });
        table.push_back(std::move(route));
        return true;
      });
    };
    around.drop_routes = [this](unsigned shard, Handle session, const std::string* filter) {
      change_routes([&](Table& table) {
        return std::erase_if(table, [&](const Route& r) {
                 return r.shard == shard && r.session == session &&
                        (!filter || r.filter == *filter);
               }) > 0;
      });
    };
  }

  // Hands every thread the new table, if `change` says that it changed. Rare: an application
  // subscribes, unsubscribes or leaves; devices do not get here.
  template <class F>
  void change_routes(F change) {
    std::lock_guard lock(routes_mutex);
    Table next = *routes;
    if (!change(next)) return;
    routes = std::make_shared<const Table>(std::move(next));
    for (auto& shard : shards)
      shard->loop().post([&shard = *shard, table = routes] { shard.set_routes(table); });
  }

  void run(Shard& shard, Ports wanted, std::promise<Result<Ports>> opened) {
    auto result = shard.open(wanted);
    const bool good = result.has_value();
    opened.set_value(std::move(result));
    if (good) shard.loop().run();
    shard.close();
  }

  const Settings settings;
  Tally tally;
  Neighbours around;
  Ports ports;
  std::mutex routes_mutex;
  TableSnapshot routes = std::make_shared<const Table>();
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::thread> threads;
};

Gateway::Gateway(std::unique_ptr<Threads> threads) : threads_(std::move(threads)) {}

Result<std::unique_ptr<Gateway>> Gateway::open(const Settings& settings,
                                               link::Controller& controller,
                                               link::Telemetry& telemetry, const Clock& clock) {
  auto threads = std::make_unique<Threads>(settings, controller, telemetry, clock);
  Threads& t = *threads;
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(threads)));
  const unsigned count = std::max(1U, settings.threads);
  for (unsigned n = 0; n < count; ++n) t.shards.push_back(std::make_unique<Shard>(n, t.around));
  t.ports = {settings.mqtt_port, settings.device_port, settings.enrol_port, settings.status_port};
  for (auto& shard : t.shards) {  // the first one picks the ports that were left open
    std::promise<Result<Ports>> opened;
    auto answer = opened.get_future();
    t.threads.emplace_back([&t, &shard = *shard, ports = t.ports, p = std::move(opened)]() mutable {
      t.run(shard, ports, std::move(p));
    });
    TRY(t.ports, answer.get());
  }
  return gateway;
}

Gateway::~Gateway() {
  drain();
}

Gateway::Ports Gateway::ports() const {
  return threads_->ports;
}

void Gateway::push(link::Pushes pushes) {
  for (auto& shard : threads_->shards)
    shard->loop().post([&shard = *shard, pushes] {
      for (const link::Push& push : *pushes) {
        if (const auto* cut = std::get_if<link::Cut>(&push)) shard.cut(cut->serial);
        if (const auto* device = std::get_if<link::CutDevice>(&push))
          shard.cut_device(device->device, device->why);
        if (const auto* tell = std::get_if<link::Tell>(&push)) shard.tell(*tell);
      }
    });
}

void Gateway::drain() {
  for (std::size_t n = 0; n < threads_->threads.size(); ++n)
    threads_->shards[n]->loop().post([&shard = *threads_->shards[n]] { shard.drain(); });
  for (auto& thread : threads_->threads) thread.join();
  threads_->threads.clear();
}

Counters Gateway::counters() const {
  const Tally& t = threads_->tally;
  return {
      t.connections,       t.connects,   t.connects_refused,    t.publishes,  t.publishes_refused,
      t.packets_malformed, t.deliveries, t.deliveries_dropped,  t.enrolments, t.enrolments_refused,
      t.downloads,         t.cuts,       t.enrolments_deferred, t.crls,       t.statuses,
      t.statuses_kept,     t.take_overs};
}

void Gateway::staple(const Bytes& ocsp_response) {
  for (auto& shard : threads_->shards)
    shard->loop().post([&shard = *shard, ocsp_response] { shard.staple(ocsp_response); });
}

Result<void> Gateway::give(const std::vector<Bytes>& ca_certificates) {
  TRY(const auto cms, crypto::make_certs_only(ca_certificates));
  for (auto& shard : threads_->shards)
    shard->loop().post([&shard = *shard, given = std::string(text_of(cms))] { shard.give(given); });
  return {};
}

Result<void> Gateway::reload(std::string key_pem, std::string chain_pem,
                             std::string device_anchors_pem) {
  for (auto& shard : threads_->shards) {
    std::promise<Result<void>> done;
    auto answer = done.get_future();
    shard->loop().post(
        [&, &s = *shard] { done.set_value(s.reload(key_pem, chain_pem, device_anchors_pem)); });
    TRY_VOID(answer.get());
  }
  return {};
}

}  // namespace muster::gateway
