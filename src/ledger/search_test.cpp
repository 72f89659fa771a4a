#include "ledger/search.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

using namespace muster;
using namespace muster::ledger;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/muster-search-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct Book {  // every third entry is a refusal
  Book() {
    for (int i = 0; i < 30; ++i)
      ledger.record({.actor = system_actor("test"),
                     .action = i % 3 == 0 ? "enrolment.refused" : "device.changed",
                     .target = "device/meter-" + std::to_string(i),
                     .detail = wire::Json::object({{"action", "enrolment.refused"}})});
    ledger.seal();
    store.commit();
  }
  std::vector<std::uint64_t> found(std::string_view action, std::uint64_t among = 100,
                                   std::size_t limit = 100) {
    std::vector<std::uint64_t> out;
    for (const auto& each : expect(acts(store, action, among, limit))) out.push_back(each.index);
    return out;
  }
  Folder folder;
  ManualClock clock{instant(1'795'000'000'000)};
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  store::Store store = expect(store::Store::open(folder.path / "muster.db"));
  Ledger ledger = expect(Ledger::open(store, key, clock, "muster.test/ledger"));
};

}  // namespace

TEST_CASE("what was done is found by its action, newest first, whatever a detail says") {
  Book book;
  CHECK(book.found("enrolment.refused") ==
        std::vector<std::uint64_t>{27, 24, 21, 18, 15, 12, 9, 6, 3, 0});
  CHECK(book.found("device.changed").size() == 20);
}

TEST_CASE("a search ends at its bounds") {
  Book book;
  CHECK(book.found("enrolment.refused", 6) == std::vector<std::uint64_t>{27, 24});
  CHECK(book.found("enrolment.refused", 100, 3) == std::vector<std::uint64_t>{27, 24, 21});
}

TEST_CASE("an action is a whole word, not a pattern nor a part of one") {
  Book book;
  CHECK(book.found("enrolment").empty());
  CHECK(book.found("enrolment.refuse").empty());
  CHECK(book.found("%").empty());
  CHECK(book.found(R"(enrolment.refused","actor)").empty());
}
