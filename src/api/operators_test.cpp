#include "api/operators.h"

#include <catch2/catch.hpp>

#include "desk/test_world.h"

namespace muster::api {
namespace {

using desk::testing::ann;

struct Roster {  // operators on a ledger, and again after a restart
  Roster() { open(); }
  void open() {
    ledger.reset();
    store.reset();
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, key, clock, "test")));
    operators.emplace(expect(Operators::open(*store, *ledger, clock, random)));
  }
  void restart() {
    commit();
    operators.reset();
    open();
  }
  void commit() {
    ledger->seal();
    if (store->in_transaction()) store->commit();
  }
  std::int64_t rows() {
    auto count = store->read("SELECT COUNT(*) FROM operator_session");
    count.next();
    return count.integer(0);
  }

  desk::testing::Folder folder;
  ManualClock clock{desk::testing::morning};
  SeededRandom random{3};
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<Operators> operators;
};

}  // namespace

TEST_CASE("operators, links and sessions outlive a restart; what has expired does not") {
  Roster roster;
  const std::string token = expect(roster.operators->add("olaf", Role::operator_, ann));
  const auto [who, cookie] = expect(roster.operators->redeem(roster.operators->new_link("olaf")));
  CHECK(who.name == "olaf");
  const std::string link = roster.operators->new_link("olaf");
  roster.restart();
  REQUIRE(roster.operators->by_token(token));
  CHECK(roster.operators->by_token(token)->role == Role::operator_);
  CHECK(roster.operators->by_session(cookie));
  CHECK(roster.operators->redeem(link));
  CHECK_FALSE(roster.operators->redeem(link));
  roster.clock.pass(12h);
  roster.restart();
  CHECK_FALSE(roster.operators->by_session(cookie));
  CHECK(roster.operators->by_token(token));
}

TEST_CASE("what was removed stays removed after a restart") {
  Roster roster;
  const std::string token = expect(roster.operators->add("olaf", Role::operator_, ann));
  const auto cookie = expect(roster.operators->redeem(roster.operators->new_link("olaf"))).second;
  expect(roster.operators->remove("olaf", ann));
  roster.restart();
  CHECK(roster.operators->list().empty());
  CHECK_FALSE(roster.operators->by_token(token));
  CHECK_FALSE(roster.operators->by_session(cookie));
  CHECK(roster.operators->hashes().uploaders.empty());
  expect(roster.operators->add("olaf", Role::viewer, ann));  // another person of that name
  CHECK_FALSE(roster.operators->by_token(token));
  CHECK_FALSE(roster.operators->by_session(cookie));
}

TEST_CASE("no token, link or cookie is in the store or in the ledger") {
  Roster roster;
  const std::string token = expect(roster.operators->add("olaf", Role::admin, ann));
  const std::string link = roster.operators->new_link("olaf");
  const std::string cookie = expect(roster.operators->redeem(link)).second;
  roster.commit();
  std::string all;
  for (const auto& entry : expect(roster.ledger->entries(0, 100)))
    all += wire::to_text(ledger::to_json(entry));
  for (const auto& file : std::filesystem::directory_iterator(roster.folder.path)) {
    std::FILE* in = std::fopen(file.path().c_str(), "rb");
    std::string content(std::filesystem::file_size(file), '\0');
    content.resize(std::fread(content.data(), 1, content.size(), in));
    std::fclose(in);
    all += content;
  }
  for (const std::string& secret : {token, link, cookie}) {
    CHECK(secret.size() == 43);
    CHECK(all.find(secret) == std::string::npos);
  }
}

TEST_CASE("links that nobody uses do not grow without end, in memory or on disk") {
  Roster roster;
  expect(roster.operators->add("vera", Role::viewer, ann));
  const auto session = expect(roster.operators->redeem(roster.operators->new_link("vera"))).second;
  for (int n = 0; n < 10'050; ++n) roster.operators->new_link("vera");
  CHECK(roster.rows() <= 10'001);
  CHECK(roster.operators->by_session(session));  // who makes links ends nobody's session
}

TEST_CASE("only who may change things may upload") {
  Roster roster;
  expect(roster.operators->add("vera", Role::viewer, ann));
  CHECK(roster.operators->hashes().uploaders.empty());
  std::size_t told = 99;
  roster.operators->on_change([&](Operators::Hashes now) { told = now.uploaders.size(); });
  const std::string token = expect(roster.operators->add("olaf", Role::operator_, ann));
  CHECK(told == 1);
  const auto hash = crypto::sha256(bytes_of(token));
  CHECK(roster.operators->hashes().uploaders.contains(std::string(text_of(hash))));
  CHECK_FALSE(parse_role("king"));
  CHECK(parse_role("admin").value() == Role::admin);
}

}  // namespace muster::api
