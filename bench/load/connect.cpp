#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>

#include "load/crowd.h"

namespace muster::load {
namespace mqtt = wire::mqtt;

// --- one device ---

Device::Device(Crowd& crowd, const Identity& identity)
    : Connection(crowd.loop(), crowd.tls(), identity, crowd.settings().port), crowd_(crowd) {}

void Device::opened() {
  Bytes frame;
  expect(mqtt::append(frame, mqtt::Connect{.keep_alive_s = 600, .client_id = name()},
                      mqtt::Version::v5));
  if (crowd_.settings().subscribe) {
    const std::string filter = "v1/devices/" + name() + "/commands";
    mqtt::Subscribe subscribe{.packet_id = 1, .subscriptions = {}, .properties = {}};
    subscribe.subscriptions.push_back({.filter = filter, .qos = 1});
    expect(mqtt::append(frame, subscribe, mqtt::Version::v5));
  }
  write(frame);
}

std::size_t Device::received(ByteView in) {
  std::size_t used = 0;
  while (used < in.size()) {
    auto decoded = mqtt::decode(in.subspan(used), mqtt::Version::v5);
    if (!decoded) give_up(decoded.error());
    if (!*decoded) break;
    used += (*decoded)->size;
    const auto* connack = std::get_if<mqtt::Connack>(&(*decoded)->packet);
    const bool subscribed = std::holds_alternative<mqtt::Suback>((*decoded)->packet);
    if (connack && mqtt::is_failure(connack->reason)) {
      done(mqtt::name_of(connack->reason));
    } else if (crowd_.settings().subscribe ? subscribed : connack != nullptr) {
      done(nullptr);
    } else {
      take((*decoded)->packet);
    }
  }
  return used;
}

void Device::done(const char* failure) {
  if (counted_) return;
  counted_ = true;
  crowd_.finished(name(), failure);
}

void Device::ended(const std::string& reason) {
  if (!counted_) return done(reason.c_str());
  std::printf("{\"closed\":\"%s\",\"at_ns\":%lld}\n", name().c_str(),
              static_cast<long long>(monotonic_ns()));
  std::fflush(stdout);
}

// --- all of them ---

Crowd::Crowd(const Settings& settings, std::vector<Identity> identities, Make make)
    : settings_(settings), identities_(std::move(identities)), make_(std::move(make)) {}

void Crowd::connect() {
  const auto start = monotonic_ns();
  devices_.reserve(identities_.size());
  while (devices_.size() < std::min(settings_.parallel, identities_.size()))
    devices_.push_back(make_(*this, identities_[devices_.size()]));
  loop_.run();
  std::printf("{\"connected\":%zu,\"failed\":%zu,\"seconds\":%.6f}\n", connected_, failed_,
              static_cast<double>(monotonic_ns() - start) / 1e9);
  std::fflush(stdout);
}

void Crowd::finished(const std::string& name, const char* failure) {
  if (failure && failed_ == 0) std::fprintf(stderr, "%s: %s\n", name.c_str(), failure);
  ++(failure ? failed_ : connected_);
  loop_.post([this] {
    if (devices_.size() < identities_.size())
      devices_.push_back(make_(*this, identities_[devices_.size()]));
  });
  if (connected_ + failed_ == identities_.size()) loop_.stop();
}

void Crowd::listen(std::function<void()> on_line) {
  on_line_ = std::move(on_line);
  loop_.watch(STDIN_FILENO, EPOLLIN, this);
  loop_.run();
}

void Crowd::on_ready(std::uint32_t) {
  char text[64];
  if (::read(STDIN_FILENO, text, sizeof text) <= 0) return loop_.stop();
  on_line_();
}

Result<void> connect(const Settings& settings) {
  TRY(auto identities, read_identities(settings.identities, settings.count));
  Crowd crowd(settings, std::move(identities),
              [](Crowd& c, const Identity& who) { return std::make_unique<Device>(c, who); });
  crowd.connect();
  crowd.listen([] {});
  return {};
}

}  // namespace muster::load
