#include "ledger/ledger.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/random.h"
#include "crypto/note.h"
#include "ledger/leaf.h"

using namespace muster;
using namespace muster::ledger;

namespace {

struct World {  // a ledger in a folder of its own, on a clock that stands
  World() {
    char name[] = "/tmp/muster-ledger-XXXXXX";
    folder = ::mkdtemp(name);
    reopen();
  }
  ~World() {
    ledger.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  std::filesystem::path file() const { return folder / "muster.db"; }
  void close() {
    ledger.reset();
    store.reset();
  }
  Result<void> try_reopen() {
    close();
    TRY(auto opened, store::Store::open(file()));
    store.emplace(std::move(opened));
    TRY(auto made, Ledger::open(*store, key, clock, "muster.test/ledger"));
    ledger.emplace(std::move(made));
    return {};
  }
  void reopen() { expect(try_reopen()); }
  void record(std::uint64_t count = 1) {
    for (; count > 0; --count)
      ledger->record({.actor = system_actor("test"),
                      .action = "device.changed",
                      .target = "device/meter-" + std::to_string(ledger->size() % 7),
                      .detail = wire::Json::object({{"number", ledger->size()}})});
  }
  void commit() {
    ledger->seal();
    store->commit();
  }
  // Overwrites the one place in the closed file that holds this text.
  void damage(const std::string& text, const std::string& with) {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto at = bytes.find(text);
    REQUIRE(at != std::string::npos);
    stream.clear();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.write(with.data(), static_cast<std::streamsize>(with.size()));
  }

  std::filesystem::path folder;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  ManualClock clock{instant(1'795'000'000'123)};
  std::optional<store::Store> store;
  std::optional<Ledger> ledger;
};

std::vector<crypto::Hash> leaf_hashes(const Ledger& ledger) {
  std::vector<crypto::Hash> out;
  for (std::uint64_t i = 0; i < ledger.size(); ++i)
    out.push_back(crypto::leaf_hash(bytes_of(expect(ledger.leaf(i)))));
  return out;
}

std::vector<crypto::Hash> roots(const std::vector<crypto::Hash>& leaves) {  // by size
  crypto::Frontier frontier;
  std::vector<crypto::Hash> out{frontier.root()};
  for (const auto& leaf : leaves) {
    frontier.add(leaf);
    out.push_back(frontier.root());
  }
  return out;
}

}  // namespace

TEST_CASE("an entry is canonical JSON and comes back as it was recorded") {
  World world;
  world.ledger->record({.actor = {"operator:alice", "admin"},
                        .action = "device.isolated",
                        .target = "device/meter-7",
                        .detail = wire::Json::object({{"b", 1}, {"a", "x\"y"}, {"c", 0.5}}),
                        .reason = "odd traffic"});
  world.commit();
  CHECK(expect(world.ledger->leaf(0)) ==
        "{\"action\":\"device.isolated\",\"actor\":\"operator:alice\","
        "\"at\":\"2026-11-18T11:06:40.123Z\",\"detail\":{\"a\":\"x\\\"y\",\"b\":1,\"c\":0.5},"
        "\"index\":0,\"reason\":\"odd traffic\",\"role\":\"admin\",\"target\":\"device/meter-7\"}");
  const auto back = expect(world.ledger->entry(0));
  CHECK(back.index == 0);
  CHECK(back.at == world.clock.now());
  CHECK(back.entry.actor.name == "operator:alice");
  CHECK(back.entry.reason == "odd traffic");
  CHECK(*back.entry.detail.find("b")->integer() == 1);
}

TEST_CASE("a change and its entry are committed together or not at all") {
  World world;
  world.store->begin();
  auto& writer = world.ledger->record({system_actor("test"), "table.made", "table/x"});
  writer.write("CREATE TABLE x(a)");
  world.commit();
  world.ledger->record({system_actor("test"), "row.made", "table/x"})
      .write("INSERT INTO x VALUES(1)");
  world.store->rollback();
  CHECK_THROWS_AS(world.record(), std::logic_error);
  world.reopen();
  CHECK(world.ledger->size() == 1);
  CHECK_FALSE(world.store->read("SELECT a FROM x").next());
}

TEST_CASE("nobody can change or delete what is recorded") {
  World world;
  world.record(300);
  world.commit();
  SECTION("an entry") {
    CHECK_THROWS_AS(world.ledger->observe().write("UPDATE ledger_entry SET target = 'x'"),
                    store::Broken);
  }
  SECTION("all entries") {
    CHECK_THROWS_AS(world.ledger->observe().write("DELETE FROM ledger_entry"), store::Broken);
  }
  SECTION("a tile") {
    CHECK_THROWS_AS(world.ledger->observe().write("DELETE FROM ledger_tile"), store::Broken);
  }
}

TEST_CASE("every inclusion and consistency proof verifies, at every size") {
  World world;
  world.record(600);
  world.commit();
  const auto leaves = leaf_hashes(*world.ledger);
  const auto root = roots(leaves);
  CHECK(world.ledger->checkpoint().root == root[600]);
  bool included = true, consistent = true;
  for (std::uint64_t size = 1; size <= 600; size += size < 40 || size > 250 ? 7 : 3) {
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto proof = expect(world.ledger->inclusion(i, size));
      included = included && crypto::verify_inclusion(leaves[i], i, size, proof, root[size]);
    }
    for (std::uint64_t from = 0; from <= size; ++from) {
      const auto proof = expect(world.ledger->consistency(from, size));
      consistent =
          consistent && crypto::verify_consistency(from, root[from], size, root[size], proof);
    }
  }
  CHECK(included);
  CHECK(consistent);
  for (std::uint64_t size : {2, 255, 256, 257, 511, 512, 513, 600})
    for (std::uint64_t i = 0; i < size; i += 13)
      CHECK(crypto::verify_inclusion(leaves[i], i, size, expect(world.ledger->inclusion(i, size)),
                                     root[size]));
}

TEST_CASE("three levels of tiles give the same proofs") {
  World world;
  world.record(66'000);
  world.commit();
  world.reopen();
  const auto leaves = leaf_hashes(*world.ledger);
  const auto root = roots(leaves);
  SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const auto size = 1 + random.below(66'000), index = random.below(size);
    const auto from = random.below(size + 1);
    REQUIRE(crypto::verify_inclusion(leaves[index], index, size,
                                     expect(world.ledger->inclusion(index, size)), root[size]));
    REQUIRE(crypto::verify_consistency(from, root[from], size, root[size],
                                       expect(world.ledger->consistency(from, size))));
  }
  CHECK(expect(world.ledger->tile(2, 0, 1)).size() == 32);
  CHECK(world.ledger->verify_all());
}

TEST_CASE("what does not exist has no proof, tile, bundle or entry") {
  World world;
  world.record(300);
  world.commit();
  const auto& ledger = *world.ledger;
  CHECK(ledger.inclusion(300, 300).error().fault == Fault::missing);
  CHECK(ledger.inclusion(0, 301).error().fault == Fault::missing);
  CHECK(ledger.consistency(5, 301).error().fault == Fault::missing);
  CHECK(ledger.consistency(6, 5).error().fault == Fault::invalid);
  CHECK(ledger.tile(0, 1, 45).error().fault == Fault::missing);
  CHECK(ledger.tile(0, UINT64_MAX, 1).error().fault == Fault::missing);
  CHECK(ledger.tile(99, 0, 1).error().fault == Fault::missing);
  CHECK(ledger.tile(0, 0, 0).error().fault == Fault::invalid);
  CHECK(ledger.tile(0, 0, 257).error().fault == Fault::invalid);
  CHECK(ledger.bundle(1, 45).error().fault == Fault::missing);
  CHECK(ledger.bundle(UINT64_MAX, 1).error().fault == Fault::missing);
  CHECK(ledger.entry(300).error().fault == Fault::missing);
  CHECK(expect(ledger.entries(300, 10)).empty());
}

TEST_CASE("tiles and bundles are those of C2SP tlog-tiles") {
  World world;
  world.record(300);
  world.commit();
  const auto leaves = leaf_hashes(*world.ledger);
  const auto full = expect(world.ledger->tile(0, 0, 256));
  CHECK(full.size() == 8192);
  CHECK(std::equal(leaves[255].begin(), leaves[255].end(), full.end() - 32));
  const auto partial = expect(world.ledger->tile(0, 1, 44));
  CHECK(std::equal(leaves[299].begin(), leaves[299].end(), partial.end() - 32));
  const auto upper = expect(world.ledger->tile(1, 0, 1));
  const auto first_256 = roots(leaves)[256];
  CHECK(std::equal(first_256.begin(), first_256.end(), upper.begin(), upper.end()));
  const auto bundle = expect(world.ledger->bundle(1, 2));
  const auto leaf = expect(world.ledger->leaf(256));
  CHECK(bundle[0] * 256u + bundle[1] == leaf.size());
  CHECK(text_of(ByteView(bundle).subspan(2, leaf.size())) == leaf);
}

TEST_CASE("reopening at any size gives the same root and goes on from there") {
  World world;
  std::optional<crypto::Hash> before;
  for (std::uint64_t size = 0; size < 520; ++size) {
    if (size < 20 || (size > 250 && size < 260) || size > 508) {
      world.reopen();
      REQUIRE(world.ledger->size() == size);
      if (before) REQUIRE(world.ledger->checkpoint().root == *before);
    }
    world.record();
    world.commit();
    before = world.ledger->checkpoint().root;
  }
  CHECK(world.ledger->verify_all());
  CHECK(roots(leaf_hashes(*world.ledger))[520] == *before);
}

TEST_CASE("a checkpoint is a signed note that others can check") {
  World world;
  const auto empty =
      crypto::open_note(world.ledger->checkpoint().note, world.ledger->verifier_key());
  CHECK(expect(crypto::parse_tree_head(expect(empty))).size == 0);
  CHECK_FALSE(world.ledger->seal());
  world.record(3);
  CHECK(world.ledger->seal());
  CHECK_FALSE(world.ledger->seal());
  const auto text =
      expect(crypto::open_note(world.ledger->checkpoint().note, world.ledger->verifier_key()));
  const auto head = expect(crypto::parse_tree_head(text));
  CHECK(head.origin == "muster.test/ledger");
  CHECK(head.size == 3);
  CHECK(head.root == roots(leaf_hashes(*world.ledger))[3]);
}

TEST_CASE("a ledger that is not as it was sealed is refused") {
  World world;
  world.record(300);
  world.commit();
  const auto refused = [&] {
    const auto result = world.try_reopen();
    return !result && result.error().fault == Fault::corrupt;
  };
  SECTION("a flipped byte in one of the newest entries") {
    world.close();
    world.damage("\"index\":299", "\"index\":298");
    CHECK(refused());
  }
  SECTION("entries that nobody sealed") {
    world.record();
    world.store->commit();
    CHECK(refused());
  }
  SECTION("another key") {
    world.key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
    CHECK(refused());
  }
}

TEST_CASE("verify_all names the entry whose byte was flipped") {
  World world;
  world.record(600);
  world.commit();
  CHECK(world.ledger->verify_all());
  SECTION("in its text") {
    world.close();
    world.damage("{\"number\":123}", "{\"number\":124}");
    world.reopen();
    const auto found = world.ledger->verify_all();
    REQUIRE_FALSE(found);
    CHECK(found.error().fault == Fault::corrupt);
    CHECK_THAT(found.error().message, Catch::Contains("entry 123 does not match"));
  }
  SECTION("in its tile") {
    const auto hash = crypto::leaf_hash(bytes_of(expect(world.ledger->leaf(77))));
    world.close();
    world.damage(std::string(text_of(hash)), "x");
    const auto reopened = world.try_reopen();
    CHECK((!reopened || !world.ledger->verify_all()));
  }
}

TEST_CASE("history is by target, newest first, and by index, oldest first") {
  World world;
  world.record(30);
  world.commit();
  const auto about = expect(world.ledger->about("device/meter-3", 3));
  REQUIRE(about.size() == 3);
  CHECK(about[0].index == 24);
  CHECK(about[1].index == 17);
  CHECK(expect(world.ledger->about("device/meter-30", 3)).empty());
  const auto entries = expect(world.ledger->entries(28, 10));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].index == 28);
}

TEST_CASE("a detail that is too long or too deep is replaced by its digest") {
  World world;
  const auto record = [&](wire::Json detail) {
    world.ledger->record({system_actor("test"), "thing.done", "thing/1", std::move(detail)});
    world.commit();
    return expect(world.ledger->entry(world.ledger->size() - 1)).entry.detail;
  };
  const std::string longest(70'000, 'x');
  const auto replaced = record(longest);
  REQUIRE(replaced.find("omitted"));
  CHECK(*replaced.find("omitted")->find("bytes")->integer() == 70'002);
  CHECK(*replaced.find("omitted")->find("sha256")->text() ==
        to_hex(crypto::sha256(bytes_of("\"" + longest + "\""))));
  CHECK(*record(std::string(60'000, 'x')).text() == std::string(60'000, 'x'));
  wire::Json deep = 1;
  for (int i = 0; i < 40; ++i) deep = wire::Json::object({{"in", std::move(deep)}});
  CHECK(record(std::move(deep)).find("omitted"));
  CHECK_FALSE(record("\xff\xfe").find("omitted"));
  CHECK_THROWS_AS(world.ledger->record({system_actor("test"), "a", "b", {}, longest}),
                  std::length_error);
  CHECK(world.ledger->verify_all());
}

TEST_CASE("a leaf has one spelling only") {
  const auto leaf = leaf_text(5, instant(0), {system_actor("a"), "b.c", "d/e"});
  CHECK(parse_leaf(leaf));
  CHECK_FALSE(parse_leaf(" " + leaf));
  CHECK_FALSE(parse_leaf("{}"));
  CHECK_FALSE(parse_leaf(leaf.substr(0, leaf.size() - 1) + ",\"more\":1}"));
}
