#include "signer/issuance_log.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "signer/internal/record.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

namespace fs = std::filesystem;

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_file(const fs::path& path, ByteView octets) {
  std::ofstream(path, std::ios::binary) << text_of(octets);
}

Issuance issuance(std::uint32_t n) {
  return {.at = crypto::test_time + n * 1s,
          .kind = Template::device,
          .serial = serial_number(n),
          .order = crypto::sha256(bytes_of("order " + std::to_string(n))),
          .subject = "meter-" + std::to_string(n),
          .document = Bytes(40 + n, static_cast<std::uint8_t>(n + 1))};
}

struct Place {
  IssuanceLog open() { return expect(IssuanceLog::open(path, random)); }
  void fill(std::uint32_t from, std::uint32_t count) {
    auto log = open();
    std::vector<Issuance> batch;
    for (std::uint32_t n = from; n < from + count; ++n) batch.push_back(issuance(n));
    expect(log.append(batch));
  }
  TestFolder folder{in_memory()};
  fs::path path = folder.path / "issuance.log";
  SeededRandom random{3};
};

}  // namespace

TEST_CASE("what was logged is found by its serial, and listed in order, after it is opened again") {
  Place place;
  place.fill(0, 3);
  place.fill(3, 2);
  const auto log = place.open();
  CHECK(log.head().size == 5);
  const auto found = expect(log.find(serial_number(4)));
  REQUIRE(found);
  CHECK(found->subject == "meter-4");
  CHECK(found->index == 4);
  CHECK_FALSE(expect(log.find(serial_number(5))));
  const auto listed = expect(log.since(1, 3));
  REQUIRE(listed.size() == 3);
  CHECK(listed.front().index == 1);
  CHECK(listed.back().document == issuance(3).document);
  CHECK(expect(log.since(5, 10)).empty());
}

TEST_CASE("a power cut at any octet of the last record loses that record and no other") {
  Place place;
  place.fill(0, 2);
  const std::size_t two = read_file(place.path).size();
  place.fill(2, 1);
  const Bytes three = read_file(place.path);
  for (std::size_t cut = two; cut < three.size(); ++cut) {
    write_file(place.path, ByteView(three).first(cut));
    {
      const auto log = place.open();
      REQUIRE(log.head().size == 2);
      REQUIRE(log.head().torn == cut - two);
    }
    REQUIRE(read_file(place.path).size() == two);
  }
  place.fill(2, 1);
  CHECK(read_file(place.path) == three);
}

TEST_CASE("a tail whose octets were never written, and read as zeros, is cut off as well") {
  Place place;
  place.fill(0, 2);
  const std::size_t two = read_file(place.path).size();
  place.fill(2, 1);
  const Bytes three = read_file(place.path);
  for (std::size_t cut = two; cut + 32 <= three.size(); ++cut) {
    Bytes torn = three;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.end(), std::uint8_t{0});
    torn.resize(torn.size() + 4096);  // the file may have grown further than what was meant for it
    write_file(place.path, torn);
    const auto log = place.open();
    REQUIRE(log.head().size == 2);
  }
}

TEST_CASE("a damaged octet anywhere but in a torn tail refuses to open, and says where") {
  Place place;
  place.fill(0, 3);
  const Bytes whole = read_file(place.path);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    Bytes damaged = whole;
    damaged[at] ^= 0x20;
    write_file(place.path, damaged);
    const auto log = IssuanceLog::open(place.path, place.random);
    REQUIRE_FALSE(log);
    REQUIRE(log.error().fault == Fault::corrupt);
    REQUIRE(read_file(place.path) == damaged);  // nothing was cut off
  }
  Bytes damaged = whole;
  damaged[log_head_octets + 20] ^= 1;
  write_file(place.path, damaged);
  CHECK(IssuanceLog::open(place.path, place.random).error().message.find("damaged at octet 40") !=
        std::string::npos);
}

TEST_CASE("zeros at the end do not excuse damage before them") {
  Place place;
  place.fill(0, 3);
  Bytes damaged = read_file(place.path);
  damaged[log_head_octets + 20] ^= 1;
  damaged.resize(damaged.size() + 4096);
  write_file(place.path, damaged);
  CHECK(IssuanceLog::open(place.path, place.random).error().fault == Fault::corrupt);
}

TEST_CASE("a record that was taken out, or put in another's place, breaks the chain") {
  Place place;
  place.fill(0, 1);
  const std::size_t one = read_file(place.path).size();
  place.fill(1, 1);
  const std::size_t two = read_file(place.path).size();
  place.fill(2, 1);
  Bytes without = read_file(place.path);
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(one),
                without.begin() + static_cast<std::ptrdiff_t>(two));
  write_file(place.path, without);
  CHECK(IssuanceLog::open(place.path, place.random).error().fault == Fault::corrupt);
}

TEST_CASE("a log has one writer, and may be verified beside it") {
  World world;
  expect(world.issue(world.device(1)));
  CHECK(IssuanceLog::open(world.log(), world.random).error().fault == Fault::conflict);
  const LogHead head = expect(verify_log(world.log()));
  CHECK(head == world.keeper->head());
}

TEST_CASE("verifying finds a certificate that is not the one its record speaks of") {
  Place place;
  World world;
  Issuance wrong = issuance(1);
  wrong.document = expect(world.issue(world.device(2)));
  expect(place.open().append({&wrong, 1}));
  CHECK(verify_log(place.path).error().message.find("record 0") != std::string::npos);
}

TEST_CASE("a record that changes on the disk while the log is open is not given out") {
  Place place;
  place.fill(0, 2);
  const auto log = place.open();
  std::fstream file(place.path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(log_head_octets + 70);
  file.put('!');
  file.flush();
  CHECK(log.find(serial_number(0)).error().fault == Fault::corrupt);
  CHECK(expect(log.find(serial_number(1))));
}

TEST_CASE("another kind of file is not taken for a log, and is left as it is") {
  Place place;
  const std::string text = "this is somebody's diary and not a log of certificates";
  write_file(place.path, bytes_of(text));
  CHECK(IssuanceLog::open(place.path, place.random).error().fault == Fault::corrupt);
  CHECK(text_of(read_file(place.path)) == text);
}
