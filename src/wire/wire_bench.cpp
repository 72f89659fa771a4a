#include <benchmark/benchmark.h>

#include <string>

#include "wire/json.h"
#include "wire/mqtt.h"
#include "wire/senml.h"
#include "wire/topic.h"

using namespace muster;
using namespace muster::wire;

namespace {

constexpr std::string_view pack =
    R"([{"bn":"meter-0001:","bt":1760000000,"n":"voltage","u":"V","v":231.4},)"
    R"({"n":"current","u":"A","v":1.27},{"n":"power","u":"W","v":293.5}])";

Bytes reading() {
  Bytes out;
  expect(mqtt::append_publish(out,
                              {.topic = "v1/devices/meter-0001/telemetry",
                               .payload = bytes_of(pack),
                               .qos = 1,
                               .packet_id = 7},
                              mqtt::Version::v3_1_1));
  return out;
}

void decode_publish(benchmark::State& state) {
  Bytes in = reading();
  for (auto _ : state) benchmark::DoNotOptimize(mqtt::decode(in, mqtt::Version::v3_1_1));
}

void decode_publish_v5_with_properties(benchmark::State& state) {
  mqtt::PropertyList list;
  list.number(mqtt::Property::message_expiry, 60).user("site", "north");
  Bytes in;
  expect(mqtt::append_publish(in,
                              {.topic = "v1/devices/meter-0001/telemetry",
                               .payload = bytes_of(pack),
                               .qos = 1,
                               .packet_id = 7,
                               .properties = list.view()},
                              mqtt::Version::v5));
  for (auto _ : state) benchmark::DoNotOptimize(mqtt::decode(in, mqtt::Version::v5));
}

void append_publish(benchmark::State& state) {
  Bytes out;
  mqtt::Publish p{.topic = "v1/devices/meter-0001/telemetry",
                  .payload = bytes_of(pack),
                  .qos = 1,
                  .packet_id = 7};
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(mqtt::append_publish(out, p, mqtt::Version::v5));
  }
}

void append_puback(benchmark::State& state) {
  Bytes out;
  for (auto _ : state) {
    out.clear();
    mqtt::append_puback(out, 7, mqtt::Version::v5);
    benchmark::DoNotOptimize(out.data());
  }
}

void match_topic(benchmark::State& state) {
  std::string_view topic = "v1/devices/meter-0001/telemetry";
  for (auto _ : state) {
    benchmark::DoNotOptimize(topic);
    benchmark::DoNotOptimize(mqtt::matches("v1/devices/+/telemetry", topic));
  }
}

void parse_json_pack(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_json(pack));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(pack.size()));
}

void read_senml_of_three(benchmark::State& state) {
  SenmlReader reader;
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(bytes_of(pack), 1'790'000'000'000));
  state.SetItemsProcessed(state.iterations());
}

void read_senml_of_one(benchmark::State& state) {
  SenmlReader reader;
  std::string_view one = R"([{"n":"meter-0001:power","u":"W","t":1760000000,"v":293.5}])";
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(bytes_of(one), 1'790'000'000'000));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(decode_publish);
BENCHMARK(decode_publish_v5_with_properties);
BENCHMARK(append_publish);
BENCHMARK(append_puback);
BENCHMARK(match_topic);
BENCHMARK(parse_json_pack);
BENCHMARK(read_senml_of_three);
BENCHMARK(read_senml_of_one);

}  // namespace
