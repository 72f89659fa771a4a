#include <cstdio>
#include <ctime>

#include "load/crowd.h"

namespace muster::load {
namespace mqtt = wire::mqtt;
namespace {

struct Round {
  bool running = false;
  std::int64_t start = 0, end = 0;
  std::size_t acknowledged = 0, refused = 0, under_way = 0;
  std::function<void()> finished;
};

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void digits(std::uint8_t* at, int width, std::uint64_t value) {
  for (int i = width - 1; i >= 0; --i, value /= 10)
    at[i] = static_cast<std::uint8_t>('0' + value % 10);
}

// A PUBLISH is encoded once; each message after it differs in its packet identifier, its time and
// its values only.
class Publisher final : public Device {
 public:
  Publisher(Crowd& crowd, const Identity& who, Round& round) : Device(crowd, who), round_(round) {
    static constexpr std::string_view payload =
        R"([{"bt":0000000000.000,"n":"voltage","u":"V","v":230.0},)"
        R"({"n":"power","u":"W","v":1000},{"n":"energy","u":"Wh","v":100000000}])";
    const std::string topic = "v1/devices/" + name() + "/telemetry";
    expect(mqtt::append_publish(
        frame_, {.topic = topic, .payload = bytes_of(payload), .qos = 1, .packet_id = 1},
        mqtt::Version::v5));
    const std::size_t body = frame_.size() - payload.size();
    packet_id_at_ = body - 3;  // before the empty properties
    time_at_ = body + payload.find("0000000000.000");
    voltage_at_ = body + payload.find("230.0");
    power_at_ = body + payload.find("1000");
    energy_at_ = body + payload.find("100000000}") + 1;
  }

  void send(std::size_t messages) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    batch_.clear();
    for (std::size_t i = 0; i < messages; ++i) {
      ++sent_;
      const auto packet_id = static_cast<std::uint16_t>(sent_ % 65535 + 1);
      frame_[packet_id_at_] = static_cast<std::uint8_t>(packet_id >> 8);
      frame_[packet_id_at_ + 1] = static_cast<std::uint8_t>(packet_id);
      digits(&frame_[time_at_], 10, static_cast<std::uint64_t>(now.tv_sec));
      digits(&frame_[time_at_ + 11], 3, static_cast<std::uint64_t>(now.tv_nsec / 1'000'000));
      digits(&frame_[voltage_at_ + 2], 1, sent_ * 7 % 3);
      digits(&frame_[voltage_at_ + 4], 1, sent_ * 13 % 10);
      digits(&frame_[power_at_ + 1], 3, sent_ * 31 % 1000);
      digits(&frame_[energy_at_], 8, sent_);
      batch_.insert(batch_.end(), frame_.begin(), frame_.end());
    }
    round_.under_way += messages;
    write(batch_);
  }

 private:
  std::size_t received(ByteView in) override {
    const std::size_t used = Device::received(in);
    if (round_.running && monotonic_ns() >= round_.end) round_.running = false;
    if (const auto n = std::exchange(acknowledged_, 0); n && round_.running) send(n);
    if (!round_.running && round_.under_way == 0 && round_.finished)
      std::exchange(round_.finished, nullptr)();
    return used;
  }
  void take(const mqtt::Packet& packet) override {
    const auto* puback = std::get_if<mqtt::Puback>(&packet);
    if (!puback) return;
    // 0x10: the other broker says that nobody has subscribed, which is as good as success.
    ++(mqtt::is_failure(puback->reason) ? round_.refused : round_.acknowledged);
    --round_.under_way;
    ++acknowledged_;
  }

  Round& round_;
  Bytes frame_, batch_;
  std::size_t packet_id_at_, time_at_, voltage_at_, power_at_, energy_at_;
  std::size_t acknowledged_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace

Result<void> publish(const Settings& settings) {
  TRY(auto identities, read_identities(settings.identities, settings.count));
  Round round;
  Crowd crowd(settings, std::move(identities), [&round](Crowd& c, const Identity& who) {
    return std::make_unique<Publisher>(c, who, round);
  });
  crowd.connect();
  crowd.listen([&] {
    const double cpu = cpu_seconds();
    round = {.running = true, .start = monotonic_ns()};
    round.end = round.start + static_cast<std::int64_t>(settings.seconds * 1e9);
    round.finished = [&round, cpu] {
      std::printf("{\"acknowledged\":%zu,\"refused\":%zu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
                  round.acknowledged, round.refused,
                  static_cast<double>(monotonic_ns() - round.start) / 1e9, cpu_seconds() - cpu);
      std::fflush(stdout);
    };
    for (auto& device : crowd.devices()) static_cast<Publisher&>(*device).send(settings.window);
  });
  return {};
}

}  // namespace muster::load
