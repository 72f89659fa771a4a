// gateway/shard -- one I/O thread of the gateway: its loop, doors, sessions, indexes and batches of
// readings.
//
// Readings that arrive together, or while a batch is on its way, leave as one batch a lane; a few
// full ones may be on their way, and when more pile up the senders are not read until room comes
// back. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/internal/device_http.h"
#include "gateway/internal/est.h"
#include "gateway/internal/pki_http.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/routes.h"
#include "gateway/internal/session.h"
#include "gateway/internal/tally.h"
#include "net/crowd.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/senml.h"

namespace muster::gateway {

struct Neighbours {  // what the shards of one gateway share
  const Settings& settings;
  link::Controller& controller;
  link::Telemetry& telemetry;
  const Clock& clock;
  Tally& tally;
  std::function<void(unsigned from, std::function<void(Shard&)>)>
      everyone_else;  // posts to the other shards
  std::function<void(unsigned shard, std::function<void(Shard&)>)> one;  // posts to one shard
  std::function<void(Route)> add_route;
  std::function<void(unsigned shard, Handle, const std::string* filter)>
      drop_routes;  // null filter: all of the session
};

class Shard {
 public:
  Shard(unsigned number, Neighbours&);
  ~Shard();

  Result<Gateway::Ports> open(const Gateway::Ports&);  // on the loop's thread
  net::Loop& loop() { return loop_; }
  void close();  // on the loop's thread, after run()
  void drain();
  void staple(const Bytes& ocsp_response);
  void give(const std::string& ca_certificates) { est_->give(ca_certificates); }
  Result<void> reload(const std::string& key, const std::string& chain, const std::string& anchors);

  // pushes
  void cut(const std::string& serial);
  void cut_device(const DeviceId&, const std::string& why);
  void tell(const link::Tell&);
  void set_routes(TableSnapshot table) { routes_ = std::move(table); }
  void deliver(Handle, const PublicationSnapshot&, std::uint8_t qos);

  // for sessions
  unsigned number() const { return number_; }
  Neighbours& around() { return around_; }
  Tally& tally() { return around_.tally; }
  wire::SenmlReader& senml() { return senml_; }
  Bytes& frame() { return frame_; }  // scratch for one packet
  std::uint32_t now_s() const { return now_s_; }
  Instant now() const { return around_.clock.now(); }
  net::TlsContext& device_tls() { return *device_tls_; }
  net::Crowd& newcomers() { return newcomers_; }

  // Asks the controller and comes back to the session, if it still lives.
  void ask(Handle, link::Request, std::move_only_function<void(Session&, Result<link::Reply>)>);
  void report(link::Request request) { questions_.report(std::move(request)); }
  void enter(Session&, Handle);  // into the indexes; ends an older session of the same client
  void leave(Session&, Handle);  // out of everything; the session is destroyed at the turn's end
  // One message, with its readings, into the lane's batch; acknowledged through Session::kept when
  // packet_id is not 0.
  void add(Handle, std::uint32_t slot, std::size_t bytes, std::span<const wire::SenmlRecord>,
           std::uint16_t packet_id);
  void add_refused(std::uint32_t slot, std::size_t bytes);
  bool crowded(std::uint32_t slot) const;
  void wait_for_room(Handle);
  void route(std::string_view topic, std::string_view payload, std::uint8_t qos);
  // Rises with every cut: a grant asked for before one is asked again before it is used.
  std::uint32_t cuts() const { return cuts_; }

 private:
  struct Receipt {
    Handle session;
    std::uint16_t packet_id;
  };
  struct Lane {
    link::Batch batch;
    std::vector<Receipt> receipts;
    unsigned on_their_way = 0;
    bool filling = false;       // fill_or_send will look
    std::size_t seen = 0;       // messages, at its last look
    std::int64_t begun_ns = 0;  // when the first of them came
    std::vector<link::Batch> spare;
  };
  struct Seat {
    std::unique_ptr<Session> session;
    std::uint32_t generation = 0;
  };

  using Devices = std::unordered_map<DeviceId, Handle>;
  using Applications = std::unordered_map<std::string, Handle>;  // by Session::client

  Session* find(Handle);
  Session* find(const DeviceId&);
  template <class Index>
  void enter(Index Shard::*, const typename Index::key_type& client, Handle,
             const std::string& from);
  template <class Index>
  void take_over(Index&, const typename Index::key_type& client,
                 const std::string& from);  // who has it must go, for a client at `from`
  void report_take_over(const Session& older, const std::string& from);
  template <class Index>
  bool vacate(Index&, const typename Index::key_type& client, Handle);  // false: another has it
  void accepted(int fd);
  link::Message& append(Lane&, unsigned lane, std::uint32_t slot, std::size_t bytes);
  void fill_or_send(unsigned lane);
  void send_batch(unsigned lane);
  void batch_kept(unsigned lane, const Result<void>&, link::Batch, const std::vector<Receipt>&);
  void each_second();
  void stop_when_done();

  const unsigned number_;
  Neighbours& around_;
  net::Loop loop_;
  Questions questions_;
  std::optional<net::TlsContext> device_tls_, enrol_tls_;
  PkiHttp pki_;
  std::unique_ptr<Est> est_;
  DeviceHttp device_http_;
  net::Crowd newcomers_;  // their handshake is not done
  std::unique_ptr<net::Listener> mqtt_;
  std::unique_ptr<net::http::Server> device_, enrol_, status_;  // status_: null when not wanted
  std::vector<Seat> seats_;
  std::vector<std::uint32_t> free_seats_;
  std::size_t sessions_ = 0;
  Devices devices_;
  Applications applications_;
  std::unordered_multimap<std::uint64_t, Handle> by_serial_;
  std::vector<Lane> lanes_;
  std::vector<Handle> waiting_for_room_;
  TableSnapshot routes_;
  wire::SenmlReader senml_;
  Bytes frame_;
  std::uint32_t now_s_ = 0;
  std::uint32_t cuts_ = 0;
  bool draining_ = false;
  bool goodbyes_over_ = false;  // who has not gone by now is not waited for
};

}  // namespace muster::gateway
