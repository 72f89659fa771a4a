#include "gateway/internal/shard.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/peer.h"
#include "wire/topic.h"

namespace muster::gateway {
namespace {

constexpr unsigned batches_on_their_way_max = 4;  // a lane
constexpr std::size_t messages_waiting_max = 8'192;
// Half of what a lane writes at once: a message has 1,024 at most, so no batch gets beyond it.
constexpr std::size_t readings_waiting_max = 1 << 19;
// A batch costs two context switches, and a sync where acknowledgements wait for one, however much
// it holds. So it is filled up to this while more is ready (for a moment), or while another is on
// its way.
constexpr std::size_t messages_full = 512, readings_full = 32'768;
constexpr std::int64_t fill_within_ns = 2'000'000;
constexpr Duration goodbyes_within = 2s;  // for clients that do not answer ours
constexpr std::size_t handshakes_max = 256;

bool full(const link::Batch& batch) {
  return batch.messages.size() >= messages_full || batch.readings.size() >= readings_full;
}

}  // namespace

Shard::Shard(unsigned number, Neighbours& around)
    : number_(number),
      around_(around),
      questions_(loop_, around.controller),
      pki_(questions_, around.tally, around.clock),
      device_http_(around.settings, questions_, around.tally, around.clock),
      newcomers_(handshakes_max),
      lanes_(around.telemetry.lanes()),
      routes_(std::make_shared<Table>()) {}

Shard::~Shard() = default;

Result<Gateway::Ports> Shard::open(const Gateway::Ports& ports) {
  const Settings& s = around_.settings;
  now_s_ = static_cast<std::uint32_t>(monotonic_ns() / 1'000'000'000);
  net::TlsSettings tls{.key_pem = s.key_pem,
                       .chain_pem = s.chain_pem,
                       .anchors_pem = s.device_anchors_pem,
                       .peer = net::PeerCertificate::required};
  TRY(auto device_tls, net::TlsContext::server(tls));
  device_tls_.emplace(std::move(device_tls));
  tls.peer = net::PeerCertificate::any;  // a maker's as well as ours: the domain knows which
  tls.tls12 = true;
  TRY(auto enrol_tls, net::TlsContext::server(tls));
  enrol_tls_.emplace(std::move(enrol_tls));
  TRY(est_, Est::open(s, questions_, around_.tally, pki_));
  TRY(mqtt_,
      net::Listener::open(
          loop_, s.address, ports.mqtt, [this](int fd) { accepted(fd); },
          [this](net::Listener::Need need) {
            return (need == net::Listener::Need::place && newcomers_.size() <= handshakes_max) ||
                   newcomers_.make_way();
          }));
  TRY(device_,
      net::http::Server::open(loop_, s.address, ports.device, &*device_tls_, device_http_));
  TRY(enrol_, net::http::Server::open(loop_, s.address, ports.enrol, &*enrol_tls_, *est_,
                                      {.whole_peer = true}));
  Gateway::Ports opened{mqtt_->port(), device_->port(), enrol_->port()};
  if (ports.status) {
    TRY(status_, net::http::Server::open(loop_, s.address, *ports.status, nullptr, pki_));
    opened.status = status_->port();
  }
  loop_.after(1s, [this] { each_second(); });
  return opened;
}

void Shard::close() {
  mqtt_.reset();
  device_.reset();
  enrol_.reset();
  status_.reset();
  seats_.clear();
}

Result<void> Shard::reload(const std::string& key, const std::string& chain,
                           const std::string& anchors) {
  net::TlsSettings tls{.key_pem = key,
                       .chain_pem = chain,
                       .anchors_pem = anchors,
                       .peer = net::PeerCertificate::required};
  TRY_VOID(device_tls_->reload(tls));
  tls.peer = net::PeerCertificate::any;  // a maker's as well as ours: the domain knows which
  tls.tls12 = true;
  return enrol_tls_->reload(tls);
}

void Shard::staple(const Bytes& ocsp_response) {
  device_tls_->staple(ocsp_response);
  enrol_tls_->staple(ocsp_response);
}

void Shard::drain() {
  draining_ = true;
  mqtt_->hold(true);
  for (Seat& seat : seats_)
    if (seat.session)
      seat.session->go(wire::mqtt::Reason::server_shutting_down, "the controller is stopping");
  device_->drain([] {});
  enrol_->drain([] {});
  if (status_) status_->drain([] {});
  loop_.after(goodbyes_within, [this] {
    goodbyes_over_ = true;
    stop_when_done();
  });
  stop_when_done();
}

// Batches are waited for as long as it takes: telemetry gives each one back, and answers to us.
void Shard::stop_when_done() {
  if (!draining_ || (sessions_ > 0 && !goodbyes_over_)) return;
  const bool back = std::ranges::all_of(lanes_, [](const Lane& lane) {
    return lane.on_their_way == 0 && lane.batch.messages.empty();
  });
  if (back) loop_.stop();
}

// --- sessions ---

void Shard::accepted(int fd) {
  std::uint32_t index = 0;
  if (free_seats_.empty()) {
    index = static_cast<std::uint32_t>(seats_.size());
    seats_.emplace_back();
  } else {
    index = free_seats_.back();
    free_seats_.pop_back();
  }
  Seat& seat = seats_[index];
  ++sessions_;
  count(tally().connections);
  seat.session = std::make_unique<Session>(*this, Handle{index, seat.generation}, fd);
  if (sessions_ >= around_.settings.connections_max) mqtt_->hold(true);
}

Session* Shard::find(Handle handle) {
  if (handle.index >= seats_.size()) return nullptr;
  Seat& seat = seats_[handle.index];
  return seat.generation == handle.generation ? seat.session.get() : nullptr;
}

Session* Shard::find(const DeviceId& device) {
  auto at = devices_.find(device);
  return at == devices_.end() ? nullptr : find(at->second);
}

void Shard::enter(Session& session, Handle handle) {
  by_serial_.emplace(session.serial(), handle);
  if (const DeviceId* device = session.device())
    enter(&Shard::devices_, *device, handle, session.from());
  else
    enter(&Shard::applications_, session.client(), handle, session.from());
}

template <class Index>
void Shard::enter(Index Shard::* index, const typename Index::key_type& client, Handle handle,
                  const std::string& from) {
  take_over(this->*index, client, from);
  (this->*index)[client] = handle;
  around_.everyone_else(number_, [index, client, from](Shard& other) {
    other.take_over(other.*index, client, from);
  });
}

template <class Index>
void Shard::take_over(Index& index, const typename Index::key_type& client,
                      const std::string& from) {
  auto at = index.find(client);
  if (at == index.end()) return;
  if (Session* older = find(at->second)) {
    report_take_over(*older, from);
    older->go(wire::mqtt::Reason::session_taken_over, "the client connected again [MQTT-3.1.4-3]");
  }
  index.erase(at);
}

// Who comes back from where it was has lost its link; from elsewhere, the controller keeps count.
void Shard::report_take_over(const Session& older, const std::string& from) {
  count(tally().take_overs);
  const std::string before = older.from();
  if (older.device() && host_of(before) != host_of(from))
    report(link::TakenOver{*older.device(), before, from});
}

template <class Index>
bool Shard::vacate(Index& index, const typename Index::key_type& client, Handle handle) {
  auto at = index.find(client);
  if (at == index.end() || at->second != handle) return false;
  index.erase(at);
  return true;
}

void Shard::leave(Session& session, Handle handle) {
  auto [first, last] = by_serial_.equal_range(session.serial());
  for (auto at = first; at != last; ++at)
    if (at->second == handle) {
      by_serial_.erase(at);
      break;
    }
  if (session.holds_filters()) around_.drop_routes(number_, handle, nullptr);
  if (const DeviceId* device = session.device()) {
    if (vacate(devices_, *device, handle)) session.left();
  } else {
    vacate(applications_, session.client(), handle);
  }
  Seat& seat = seats_[handle.index];
  ++seat.generation;
  loop_.defer([dead = std::move(seat.session)] {});
  free_seats_.push_back(handle.index);
  --sessions_;
  stop_when_done();
  if (!draining_ && sessions_ < around_.settings.connections_max) mqtt_->hold(false);
}

void Shard::ask(Handle handle, link::Request request,
                std::move_only_function<void(Session&, Result<link::Reply>)> then) {
  questions_.ask(std::move(request),
                 [this, handle, then = std::move(then)](Result<link::Reply> reply) mutable {
                   if (Session* session = find(handle)) then(*session, std::move(reply));
                 });
}

void Shard::each_second() {
  now_s_ = static_cast<std::uint32_t>(monotonic_ns() / 1'000'000'000);
  for (Seat& seat : seats_)
    if (seat.session) seat.session->check_keep_alive(now_s_);
  loop_.after(1s, [this] { each_second(); });
}

// --- pushes ---

void Shard::cut(const std::string& serial) {
  ++cuts_;
  pki_.forget(serial);
  auto [first, last] = by_serial_.equal_range(serial_key(serial));
  std::vector<Handle> found;
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  for (Handle handle : found)
    if (Session* session = find(handle)) {
      count(tally().cuts);
      session->go(wire::mqtt::Reason::administrative_action, "this certificate is no longer valid");
    }
}

void Shard::cut_device(const DeviceId& device, const std::string& why) {
  ++cuts_;
  Session* session = find(device);
  if (!session) return;
  count(tally().cuts);
  session->go(wire::mqtt::Reason::administrative_action, why);
}

void Shard::tell(const link::Tell& message) {
  if (Session* session = find(message.device)) session->tell(message.channel, message.payload);
}

// --- readings ---

link::Message& Shard::append(Lane& lane, unsigned number, std::uint32_t slot, std::size_t bytes) {
  if (!std::exchange(lane.filling, true)) {
    lane.seen = 0;
    lane.begun_ns = monotonic_ns();
    loop_.defer([this, number] { fill_or_send(number); });
  }
  return lane.batch.messages.emplace_back(
      link::Message{.slot = slot,
                    .bytes = static_cast<std::uint32_t>(bytes),
                    .first = static_cast<std::uint32_t>(lane.batch.readings.size())});
}

void Shard::add(Handle handle, std::uint32_t slot, std::size_t bytes,
                std::span<const wire::SenmlRecord> records, std::uint16_t packet_id) {
  const unsigned number = slot % static_cast<unsigned>(lanes_.size());
  Lane& lane = lanes_[number];
  link::Message& message = append(lane, number, slot, bytes);
  for (const wire::SenmlRecord& record : records) {
    auto value = record.number();
    if (!value) continue;  // text is for applications; history keeps numbers
    lane.batch.readings.push_back({static_cast<std::uint32_t>(lane.batch.names.size()),
                                   static_cast<std::uint16_t>(record.name.size()), record.time,
                                   *value});
    lane.batch.names.append(record.name);
    ++message.count;
  }
  if (packet_id) lane.receipts.push_back({handle, packet_id});
}

void Shard::add_refused(std::uint32_t slot, std::size_t bytes) {
  const unsigned number = slot % static_cast<unsigned>(lanes_.size());
  append(lanes_[number], number, slot, bytes).refused = true;
}

bool Shard::crowded(std::uint32_t slot) const {
  const link::Batch& batch = lanes_[slot % lanes_.size()].batch;
  return batch.messages.size() >= messages_waiting_max ||
         batch.readings.size() >= readings_waiting_max;
}

void Shard::wait_for_room(Handle handle) {
  waiting_for_room_.push_back(handle);
}

// At a turn's end. As long as the turn brought something, the loop looks once more for what is
// ready, without sleeping.
void Shard::fill_or_send(unsigned number) {
  Lane& lane = lanes_[number];
  const std::size_t before = std::exchange(lane.seen, lane.batch.messages.size());
  if (lane.seen > before && !full(lane.batch) && monotonic_ns() - lane.begun_ns < fill_within_ns)
    return loop_.defer([this, number] { fill_or_send(number); });
  lane.filling = false;
  send_batch(number);
}

void Shard::send_batch(unsigned number) {
  Lane& lane = lanes_[number];
  if (lane.batch.messages.empty() || lane.on_their_way >= batches_on_their_way_max) return;
  if (lane.on_their_way > 0 && !full(lane.batch)) return;  // batch_kept comes back here
  link::Batch batch = std::exchange(lane.batch, {});
  if (!lane.spare.empty()) {
    lane.batch = std::move(lane.spare.back());
    lane.spare.pop_back();
  }
  batch.received = now();
  ++lane.on_their_way;
  around_.telemetry.take(
      number, std::move(batch),
      [this, number, receipts = std::exchange(lane.receipts, {})](Result<void> result,
                                                                  link::Batch used) mutable {
        loop_.post([this, number, result = std::move(result), used = std::move(used),
                    receipts = std::move(receipts)]() mutable {
          batch_kept(number, result, std::move(used), receipts);
        });
      });
}

void Shard::batch_kept(unsigned number, const Result<void>& result, link::Batch used,
                       const std::vector<Receipt>& receipts) {
  Lane& lane = lanes_[number];
  --lane.on_their_way;
  used.clear();
  lane.spare.push_back(std::move(used));
  for (const Receipt& receipt : receipts)
    if (Session* session = find(receipt.session)) session->kept(receipt.packet_id, result);
  send_batch(number);
  for (Handle handle : std::exchange(waiting_for_room_, {}))
    if (Session* session = find(handle)) session->resume_reading();
  stop_when_done();
}

// --- applications ---

void Shard::route(std::string_view topic, std::string_view payload, std::uint8_t qos) {
  PublicationSnapshot message;
  for (const Route& route : *routes_) {
    if (!wire::mqtt::matches(route.filter, topic)) continue;
    if (!message)
      message = std::make_shared<Publication>(std::string(topic), std::string(payload), qos);
    const std::uint8_t granted = std::min(qos, route.qos);
    if (route.shard == number_)
      deliver(route.session, message, granted);
    else
      around_.one(route.shard, [message, granted, to = route.session](Shard& other) {
        other.deliver(to, message, granted);
      });
  }
}

void Shard::deliver(Handle to, const PublicationSnapshot& message, std::uint8_t qos) {
  if (Session* session = find(to)) session->deliver(message, qos);
}

}  // namespace muster::gateway
