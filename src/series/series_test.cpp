#include "series/series.h"
#include "base/test_folder.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "base/random.h"

using namespace muster;
using namespace muster::series;

namespace {

constexpr std::int64_t day = 24 * 3'600'000;

struct Folder : TestFolder {
  std::filesystem::path log() const {  // the newest segment
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".log" &&
          (newest.empty() || entry.path().string().size() > newest.string().size() ||
           entry.path() > newest))
        newest = entry.path();
    return newest;
  }
  // As a crash leaves it: what is in the files now, without what a destructor would save.
  std::filesystem::path crashed() const {
    auto copy = path / "crashed";
    std::filesystem::remove_all(copy);
    std::filesystem::create_directory(copy);
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.is_regular_file()) std::filesystem::copy(entry.path(), copy);
    return copy;
  }
};

Series opened(const std::filesystem::path& folder) {
  return expect(Series::open(folder));
}

void add(Series& series, Key key, std::int64_t at, double value) {
  const Sample sample{key, {at, value}};
  expect(series.append({&sample, 1}));
}

std::vector<Point> all(const Series& series, Key key) {
  return expect(series.range(key, Instant::min(), Instant::max()));
}

std::vector<std::int64_t> times(const std::vector<Point>& points) {
  std::vector<std::int64_t> out;
  for (const auto& point : points) out.push_back(point.at);
  return out;
}

bool counts_up(const std::vector<Point>& points, std::size_t count) {
  if (points.size() != count) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (points[i].at != static_cast<std::int64_t>(i) || points[i].value != static_cast<double>(i))
      return false;
  return true;
}

void count_up(Series& series, Key key, std::int64_t from, std::int64_t to) {
  for (auto at = from; at < to; ++at) add(series, key, at, static_cast<double>(at));
}

}  // namespace

TEST_CASE("points come back in order, from memory and from rows alike") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "voltage");
  count_up(series, key, 0, 1000);
  CHECK(counts_up(all(series, key), 1000));
  expect(series.flush());
  CHECK(counts_up(all(series, key), 1000));
  CHECK(times(expect(series.range(key, instant(118), instant(122)))) ==
        std::vector<std::int64_t>{118, 119, 120, 121});
  CHECK(expect(series.range(key, instant(0), instant(1000), 7)).size() == 7);
  CHECK(expect(series.range(key, instant(1000), instant(2000))).empty());
  CHECK(expect(series.range(99, instant(0), instant(2000))).empty());
}

TEST_CASE("every double comes back bit for bit after a crash and after a flush") {
  using Limits = std::numeric_limits<double>;
  const std::vector<double> odd{
      Limits::quiet_NaN(),  Limits::infinity(), -Limits::infinity(), -0.0, 0.0,
      Limits::denorm_min(), Limits::max(),      Limits::lowest()};
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "odd");
  for (std::size_t i = 0; i < odd.size(); ++i)
    add(series, key, static_cast<std::int64_t>(i), odd[i]);
  const auto same = [&](const Series& other) {
    const auto points = all(other, key);
    REQUIRE(points.size() == odd.size());
    for (std::size_t i = 0; i < odd.size(); ++i)
      CHECK(std::bit_cast<std::uint64_t>(points[i].value) == std::bit_cast<std::uint64_t>(odd[i]));
  };
  same(series);
  same(opened(folder.crashed()));
  expect(series.flush());
  same(opened(folder.crashed()));
}

TEST_CASE("keys keep their numbers, and a device its metrics") {
  Folder folder;
  Key voltage = 0, other = 0;
  {
    auto series = opened(folder.path);
    voltage = series.key("meter-1", "voltage");
    other = series.key("meter-2", "voltage");
    series.key("meter-1", "current");
    add(series, voltage, 1, 230);
  }
  auto series = opened(folder.path);
  CHECK(series.key("meter-1", "voltage") == voltage);
  CHECK(series.key("meter-2", "voltage") == other);
  CHECK(series.metrics("meter-1") == std::vector<std::string>{"voltage", "current"});
  CHECK(series.metrics("nobody").empty());
  CHECK(series.stats().keys == 3);
}

TEST_CASE("a late point is put where its time belongs") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "energy");
  for (std::int64_t at = 0; at < 300; ++at) add(series, key, at * 1000, 1);
  add(series, key, 500, 2);
  add(series, key, -9 * day, 3);  // further back than any chunk reaches
  const auto check = [&](const Series& s) {
    const auto points = all(s, key);
    CHECK(points.size() == 302);
    CHECK(std::is_sorted(points.begin(), points.end(),
                         [](const Point& a, const Point& b) { return a.at < b.at; }));
    CHECK(times(expect(s.range(key, instant(0), instant(2000)))) ==
          std::vector<std::int64_t>{0, 500, 1000});
    CHECK(times(expect(s.range(key, Instant::min(), Instant::max(), 3))) ==
          std::vector<std::int64_t>{-9 * day, 0, 500});
    CHECK(expect(s.latest(key))->at == 299'000);
  };
  check(series);
  expect(series.flush());
  check(series);
  check(opened(folder.crashed()));
}

TEST_CASE("any order of arrival gives the same range") {
  Folder folder;
  auto series = opened(folder.path);
  SeededRandom random(11);
  const auto key = series.key("meter-1", "scattered");
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 3000; ++i) {
    const auto at = static_cast<std::int64_t>(random.below(60 * day));
    expected.push_back(at);
    add(series, key, at, 0);
    if (i == 2000) expect(series.flush());
  }
  std::sort(expected.begin(), expected.end());
  CHECK(times(all(series, key)) == expected);
  for (int i = 0; i < 50; ++i) {
    const auto from = static_cast<std::int64_t>(random.below(60 * day));
    const auto to = from + static_cast<std::int64_t>(random.below(9 * day));
    const std::vector<std::int64_t> part(std::lower_bound(expected.begin(), expected.end(), from),
                                         std::lower_bound(expected.begin(), expected.end(), to));
    REQUIRE(times(expect(series.range(key, instant(from), instant(to)))) == part);
    auto few = part;
    few.resize(std::min<std::size_t>(few.size(), 20));
    REQUIRE(times(expect(series.range(key, instant(from), instant(to), 20))) == few);
  }
}

TEST_CASE("reopening any number of times, crashed or not, repeats and loses nothing") {
  Folder folder;
  {
    auto series = opened(folder.path);
    const auto key = series.key("meter-1", "count"), slow = series.key("meter-1", "slow");
    for (std::int64_t at = 0; at < 500; ++at) {
      add(series, key, at, static_cast<double>(at));
      if (at % 10 == 0) add(series, slow, at / 10, static_cast<double>(at / 10));
      if (at % 97 == 0) {
        const auto once = folder.crashed();
        CHECK(counts_up(all(opened(once), key), static_cast<std::size_t>(at) + 1));
        CHECK(counts_up(all(opened(once), key), static_cast<std::size_t>(at) + 1));
      }
    }
  }
  for (int i = 0; i < 3; ++i) {
    auto series = opened(folder.path);
    CHECK(counts_up(all(series, series.key("meter-1", "count")), 500));
    CHECK(counts_up(all(series, series.key("meter-1", "slow")), 50));
    CHECK(series.stats().points_appended == 550);
    CHECK(series.stats().log_bytes < 100);
  }
}

TEST_CASE("rows written since the log began are recognised when it is replayed") {
  Folder folder;
  auto series = opened(folder.path);
  std::vector<Sample> batch;
  const std::int64_t keys = 3000;  // more full chunks than one transaction takes
  for (std::int64_t key = 0; key < keys; ++key) series.key(std::to_string(key), "count");
  for (std::int64_t at = 0; at < 130; ++at) {
    batch.clear();
    for (std::int64_t key = 0; key < keys; ++key)
      batch.push_back({static_cast<Key>(key), {at, static_cast<double>(at)}});
    expect(series.append(batch));
  }
  auto again = opened(folder.crashed());
  CHECK(again.stats().chunks == 3000);
  for (Key key = 0; key < keys; key += 100) REQUIRE(counts_up(all(again, key), 130));
  count_up(again, 7, 130, 300);
  CHECK(counts_up(all(again, 7), 300));
}

TEST_CASE("a torn tail of the log is cut off and what came before it stays") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "count");
  count_up(series, key, 0, 50);
  const auto size = std::filesystem::file_size(folder.log());
  for (std::uintmax_t lost = 1; lost <= 47; lost += 2) {
    const auto copy = folder.crashed();
    std::filesystem::resize_file(copy / folder.log().filename(), size - lost);
    auto again = opened(copy);
    REQUIRE(counts_up(all(again, key), 49));
    count_up(again, key, 49, 60);
    REQUIRE(counts_up(all(again, key), 60));
  }
}

TEST_CASE("damage in the middle of the log costs only the records it hits") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "count");
  count_up(series, key, 0, 50);
  const auto copy = folder.crashed();
  {
    std::fstream file(copy / folder.log().filename(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(folder.log()) / 2));
    file.write("\x5a\x5a\x5a", 3);
  }
  const auto kept = all(opened(copy), key);
  CHECK(kept.size() >= 48);
  CHECK(kept.size() < 50);
  CHECK(kept.back().at == 49);
}

TEST_CASE("a batch with an unknown key is refused whole") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "count");
  const Sample batch[] = {{key, {1, 1}}, {key + 1, {2, 2}}};
  const auto refused = series.append(batch);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::invalid);
  CHECK(all(series, key).empty());
}

TEST_CASE("down-sampling gives minimum, maximum, mean and count of what is there") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "load");
  for (std::int64_t at = 0; at < 400; ++at) add(series, key, at, static_cast<double>(at % 10));
  add(series, key, 5, std::nan(""));
  add(series, key, 1000, -1);
  const auto buckets = expect(series.downsample(key, instant(100), instant(2000), 200ms));
  REQUIRE(buckets.size() == 3);
  CHECK(buckets[0].at == 100);
  CHECK(buckets[0].count == 200);
  CHECK(buckets[0].min == 0);
  CHECK(buckets[0].max == 9);
  CHECK(buckets[0].mean == 4.5);
  CHECK(buckets[1].count == 100);
  CHECK(buckets[2].at == 900);
  CHECK(buckets[2].count == 1);
  CHECK(buckets[2].mean == -1);
  CHECK_FALSE(series.downsample(key, instant(0), instant(1), 0ms));
}

TEST_CASE("what is forgotten stays forgotten, wherever it was") {
  Folder folder;
  auto series = opened(folder.path);
  const auto busy = series.key("meter-1", "busy"), idle = series.key("meter-2", "idle");
  count_up(series, busy, 0, 250);  // two full chunks and ten points
  count_up(series, idle, 0, 5);
  CHECK(expect(series.forget_before(instant(130))) == 125);
  const auto check = [&](const Series& s) {
    CHECK(times(all(s, busy)).front() == 120);
    CHECK(all(s, busy).size() == 130);
    CHECK(all(s, idle).empty());
  };
  check(series);
  check(opened(folder.crashed()));
  CHECK(expect(series.forget_before(instant(130))) == 0);
  add(series, idle, 500, 1);
  CHECK(all(series, idle).size() == 1);
}

TEST_CASE("the latest point is found in memory and in rows") {
  Folder folder;
  auto series = opened(folder.path);
  const auto key = series.key("meter-1", "load");
  CHECK_FALSE(expect(series.latest(key)));
  count_up(series, key, 0, 130);
  CHECK(expect(series.latest(key))->at == 129);
  expect(series.flush());
  CHECK(expect(series.latest(key))->value == 129);
  add(series, key, 50, -1);
  CHECK(expect(series.latest(key))->at == 129);
}

TEST_CASE("a folder in use is refused") {
  Folder folder;
  auto series = opened(folder.path);
  const auto second = Series::open(folder.path);
  REQUIRE_FALSE(second);
  CHECK(second.error().fault == Fault::conflict);
}

TEST_CASE("a damaged chunk is an error, not a wrong value") {
  Folder folder;
  {
    auto series = opened(folder.path);
    count_up(series, series.key("meter-1", "count"), 0, 1200);
    expect(series.flush());
  }
  std::fstream file(folder.path / "series.db", std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string head("\x78\x00\x00\x00\x00\x00\x00\x00\x00", 9);  // 120 points from time 0
  const auto chunk = bytes.find(head);
  REQUIRE(chunk != std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(chunk) + 40).put('\x7f');
  file.close();
  auto series = opened(folder.path);
  const auto read = series.range(0, instant(0), instant(5000));
  REQUIRE_FALSE(read);
  CHECK(read.error().fault == Fault::corrupt);
}

TEST_CASE("a full disk refuses the batch and keeps all that was accepted") {
  Folder folder;
  {
    opened(folder.path);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto series = opened(folder.path);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto key = series.key("meter-1", "count");
    std::int64_t at = 0;
    for (; at < 10'000; ++at) {
      const Sample sample{key, {at, static_cast<double>(at)}};
      const auto appended = series.append({&sample, 1});
      if (!appended && appended.error().fault != Fault::exhausted) ::_exit(1);
      if (!appended) break;
    }
    ::_exit(at > 1000 && counts_up(all(series, key), static_cast<std::size_t>(at)) ? 7 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 7);
  auto series = opened(folder.path);
  const auto kept = all(series, series.key("meter-1", "count"));
  CHECK(kept.size() > 1000);
  CHECK(counts_up(kept, kept.size()));
}

TEST_CASE("kill -9 at any moment loses no point whose append returned") {
  Folder folder;
  SeededRandom random(5);
  std::int64_t told = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto series = opened(folder.path);
      for (auto at = told;; ++at) {
        std::vector<Sample> batch;
        for (int meter = 0; meter < 40; ++meter)
          batch.push_back(
              {series.key(std::to_string(meter), "count"), {at, static_cast<double>(at)}});
        expect(series.append(batch));
        if (at % 250 == 249) expect(series.flush());
        const auto done = at + 1;
        (void)!::write(ends[1], &done, sizeof done);
      }
    }
    ::close(ends[1]);
    std::int64_t next = 0;
    for (auto left = 50 + random.below(600); left > 0; --left)
      if (::read(ends[0], &next, sizeof next) == sizeof next) told = next;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &next, sizeof next) == sizeof next) told = next;
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);

    auto series = opened(folder.path);
    const auto kept = all(series, series.key("0", "count")).size();
    CHECK(kept >= static_cast<std::size_t>(told));
    CHECK(kept <= static_cast<std::size_t>(told) + 1);
    for (int meter = 0; meter < 40; meter += 13)
      REQUIRE(counts_up(all(series, series.key(std::to_string(meter), "count")), kept));
    told = static_cast<std::int64_t>(kept);
  }
}
