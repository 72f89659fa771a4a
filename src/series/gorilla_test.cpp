#include "series/gorilla.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/random.h"

using namespace muster;
using namespace muster::series;

namespace {

using Limits = std::numeric_limits<double>;
constexpr auto latest = std::numeric_limits<std::int64_t>::max();
constexpr auto earliest = std::numeric_limits<std::int64_t>::min();

Bytes packed(const std::vector<Point>& points) {
  Packer packer;
  for (const auto& point : points) packer.add(point);
  Bytes out;
  packer.write_to(out);
  return out;
}

bool round_trips(const std::vector<Point>& points) {
  std::vector<Point> back;
  if (!unpack(packed(points), back) || back.size() != points.size()) return false;
  for (std::size_t i = 0; i < back.size(); ++i)
    if (back[i].at != points[i].at || std::bit_cast<std::uint64_t>(back[i].value) !=
                                          std::bit_cast<std::uint64_t>(points[i].value))
      return false;
  return true;
}

}  // namespace

TEST_CASE("every bit pattern of a double survives packing") {
  const auto signalling = std::bit_cast<double>(0x7ff0000000000001ull);
  const auto negative_nan = std::bit_cast<double>(0xfff8deadbeef0001ull);
  const std::vector<double> odd{0.0,
                                -0.0,
                                1.0,
                                -1.0,
                                Limits::infinity(),
                                -Limits::infinity(),
                                Limits::quiet_NaN(),
                                signalling,
                                negative_nan,
                                Limits::denorm_min(),
                                -Limits::denorm_min(),
                                Limits::min(),
                                Limits::max(),
                                Limits::lowest(),
                                Limits::epsilon()};
  std::vector<Point> points;
  for (const double a : odd) {
    for (const double b : odd) {
      points.push_back({static_cast<std::int64_t>(points.size()), a});
      points.push_back({static_cast<std::int64_t>(points.size()), b});
      if (points.size() >= 254) {
        CHECK(round_trips(points));
        points.clear();
      }
    }
  }
  CHECK(round_trips(points));
}

TEST_CASE("times may jump anywhere, and back") {
  CHECK(round_trips({{0, 1}}));
  CHECK(round_trips({{latest, 1}, {earliest, 2}, {0, 3}, {latest, 4}, {latest, 5}, {-1, 6}}));
  std::vector<Point> steps{{1'700'000'000'000, 0}};
  for (int width = 0; width < 63; ++width)
    for (const std::int64_t around : {-1, 0, 1})
      steps.push_back({static_cast<std::int64_t>(static_cast<std::uint64_t>(steps.back().at) +
                                                 (std::uint64_t{1} << width) +
                                                 static_cast<std::uint64_t>(around)),
                       0});
  CHECK(round_trips(steps));
}

TEST_CASE("random points of any kind survive packing") {
  SeededRandom random(7);
  for (int round = 0; round < 400; ++round) {
    std::vector<Point> points;
    const auto count = 1 + random.below(packed_points_max);
    const auto time_bits = random.below(64), value_bits = random.below(64);
    for (std::uint64_t i = 0; i < count; ++i)
      points.push_back({static_cast<std::int64_t>(random.next() >> time_bits),
                        std::bit_cast<double>(random.next() >> value_bits)});
    REQUIRE(round_trips(points));
  }
}

TEST_CASE("a steady signal costs two bits a point") {
  std::vector<Point> points;
  for (int i = 0; i < 120; ++i) points.push_back({i * 60'000, 21.5});
  CHECK(packed(points).size() <= 17 + 5 + 30);
}

TEST_CASE("a packer knows its earliest and latest time and starts afresh after clear") {
  Packer packer;
  for (const std::int64_t at : {50, 10, 90, 20}) packer.add({at, 1});
  CHECK(packer.start() == 10);
  CHECK(packer.end() == 90);
  packer.clear();
  CHECK(packer.count() == 0);
  packer.add({5, 2});
  Bytes after;
  packer.write_to(after);
  CHECK(after == packed({{5, 2}}));
}

TEST_CASE("bytes cut short, lengthened or without points are refused whole") {
  std::vector<Point> points, out{{1, 1}};
  for (int i = 0; i < 100; ++i) points.push_back({i * 1000 + i % 7, std::sin(i)});
  auto bytes = packed(points);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(unpack(ByteView(bytes).first(size), out));
  bytes.push_back(0);
  CHECK_FALSE(unpack(bytes, out));
  bytes.resize(6000);
  CHECK_FALSE(unpack(bytes, out));
  CHECK_FALSE(unpack(Bytes(17, 0), out));
  CHECK(out.size() == 1);
}
