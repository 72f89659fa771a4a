#include "store/store.h"
#include "base/test_folder.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace muster;
using namespace muster::store;

namespace {

struct Folder : TestFolder {
  std::filesystem::path file() const { return path / "muster.db"; }
};

constexpr const char* first_steps[] = {
    "CREATE TABLE device(name TEXT PRIMARY KEY, seen INTEGER, load REAL, key BLOB);"
    "CREATE TABLE reading(device TEXT NOT NULL REFERENCES device(name), value INTEGER)"};
constexpr const char* more_steps[] = {first_steps[0], "ALTER TABLE device ADD COLUMN model TEXT"};

Store opened(const Folder& folder) {
  auto store = expect(Store::open(folder.file()));
  expect(store.migrate("test", first_steps));
  return store;
}

void add(Store& store, std::string_view name, std::int64_t seen = 0) {
  store.unrecorded_writer().write("INSERT INTO device(name, seen) VALUES(?, ?)", {name, seen});
}

std::int64_t devices(const Store& store) {
  auto rows = store.read("SELECT count(*) FROM device");
  rows.next();
  return rows.integer(0);
}

// Runs `work` in a child and gives the reading end of a pipe that it writes to.
template <class Work>
pid_t in_child(int& from_child, Work work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  from_child = ends[0];
  return child;
}

}  // namespace

TEST_CASE("what is committed is there after reopening, what is not is gone") {
  Folder folder;
  {
    auto store = opened(folder);
    add(store, "meter-1");
    store.commit();
    add(store, "meter-2");
    CHECK(devices(store) == 2);
  }
  CHECK(devices(opened(folder)) == 1);
}

TEST_CASE("a rollback undoes everything since begin") {
  Folder folder;
  auto store = opened(folder);
  add(store, "meter-1");
  store.commit();
  store.begin();
  add(store, "meter-2");
  CHECK(store.in_transaction());
  store.rollback();
  CHECK_FALSE(store.in_transaction());
  CHECK(devices(store) == 1);
}

TEST_CASE("every kind of value comes back as it went in") {
  Folder folder;
  auto store = opened(folder);
  const std::string name("a\0b", 3);
  const Bytes key{0, 255, 1};
  store.unrecorded_writer().write("INSERT INTO device VALUES(?, ?, ?, ?)",
                                  {name, std::int64_t{-5}, 0.25, ByteView(key)});
  store.unrecorded_writer().write("INSERT INTO device VALUES(?, ?, ?, ?)",
                                  {std::string_view{}, nullptr, nullptr, ByteView{}});
  auto rows = store.read("SELECT name, seen, load, key FROM device ORDER BY name DESC");
  REQUIRE(rows.next());
  CHECK(rows.text(0) == name);
  CHECK(rows.integer(1) == -5);
  CHECK(rows.real(2) == 0.25);
  CHECK(Bytes(rows.blob(3).begin(), rows.blob(3).end()) == key);
  REQUIRE(rows.next());
  CHECK(rows.text(0).empty());
  CHECK_FALSE(rows.null(0));
  CHECK(rows.null(1));
  CHECK_FALSE(rows.null(3));
  CHECK_FALSE(rows.next());
  CHECK_FALSE(rows.next());
}

TEST_CASE("one literal may be in use several times at once") {
  Folder folder;
  auto store = opened(folder);
  for (const char* name : {"a", "b", "c"}) add(store, name);
  const char* sql = "SELECT name FROM device WHERE name > ? ORDER BY name";
  std::string seen;
  auto outer = store.read(sql, {std::string_view("")});
  while (outer.next()) {
    auto inner = store.read(sql, {outer.text(0)});
    while (inner.next()) seen += outer.text(0) + inner.text(0) + " ";
  }
  CHECK(seen == "ab ac bc ");
}

TEST_CASE("bound text of a running read may go away before the read ends") {
  Folder folder;
  auto store = opened(folder);
  add(store, "meter-1");
  auto name = std::make_unique<std::string>("meter-1 and more than fits inside a string");
  name->resize(7);
  auto rows = store.read("SELECT 1 FROM device WHERE name = ?", {std::string_view(*name)});
  name.reset();
  CHECK(rows.next());
}

TEST_CASE("changes() tells whether anything was written") {
  Folder folder;
  auto store = opened(folder);
  const auto before = store.changes();
  store.begin();
  CHECK(devices(store) == 0);
  store.commit();
  CHECK(store.changes() == before);
  add(store, "meter-1");
  CHECK(store.changes() == before + 1);
  CHECK(store.unrecorded_writer().write("UPDATE device SET seen = 1 WHERE name = ?",
                                        {std::string_view("nobody")}) == 0);
}

TEST_CASE("a migration step runs once, later steps follow, a newer file is refused") {
  Folder folder;
  opened(folder);
  {
    auto store = opened(folder);
    CHECK(store.migrate("test", more_steps));
    CHECK(store.read("SELECT model FROM device").next() == false);
  }
  auto store = expect(Store::open(folder.file()));
  const auto refused = store.migrate("test", first_steps);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::conflict);
  CHECK_THAT(refused.error().message, Catch::Contains("newer Muster"));
}

TEST_CASE("a migration step that fails leaves nothing behind") {
  Folder folder;
  auto store = expect(Store::open(folder.file()));
  constexpr const char* bad[] = {"CREATE TABLE half(a); CREATE TABLE half(a)"};
  CHECK_FALSE(store.migrate("test", bad));
  CHECK_FALSE(store.in_transaction());
  constexpr const char* good[] = {"CREATE TABLE half(a)"};
  CHECK(store.migrate("test", good));
}

TEST_CASE("a store in use is refused, with a hint at what to do") {
  Folder folder;
  auto store = opened(folder);
  const auto second = Store::open(folder.file());
  REQUIRE_FALSE(second);
  CHECK(second.error().fault == Fault::conflict);
  CHECK_THAT(second.error().message, Catch::Contains("another process has it open"));
  add(store, "the first one goes on");
  store.commit();

  int from_child = -1;
  in_child(from_child, [&](int out) {
    const auto third = Store::open(folder.file());
    const char answer = !third && third.error().fault == Fault::conflict ? 'y' : 'n';
    (void)!::write(out, &answer, 1);
  });
  char answer = 0;
  CHECK(::read(from_child, &answer, 1) == 1);
  CHECK(answer == 'y');
  ::close(from_child);
  ::wait(nullptr);
}

TEST_CASE("a file that is no store of ours is refused as corrupt") {
  Folder folder;
  SECTION("not SQLite at all") {
    std::ofstream(folder.file()) << std::string(8192, 'x');
  }
  SECTION("cut short") {
    {
      auto store = opened(folder);
      for (int i = 0; i < 500; ++i) add(store, std::to_string(i) + std::string(100, 'x'));
      store.commit();
    }
    std::filesystem::resize_file(folder.file(), 10'000);
  }
  SECTION("another program's database") {
    {
      opened(folder);
    }
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(68).write("\0\0\0\x07", 4);
  }
  const auto refused = Store::open(folder.file());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::corrupt);
  CHECK_THAT(refused.error().message, Catch::Contains("move"));
}

TEST_CASE("check() finds a damaged page") {
  Folder folder;
  {
    auto store = opened(folder);
    for (int i = 0; i < 2000; ++i) add(store, std::to_string(i) + std::string(100, 'x'));
    store.commit();
    CHECK(store.check());
  }
  {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20 * 4096).write(std::string(64, '\x5a').data(), 64);
  }
  const auto found = opened(folder).check();
  REQUIRE_FALSE(found);
  CHECK(found.error().fault == Fault::corrupt);
}

TEST_CASE("the file is for its owner only") {
  Folder folder;
  auto store = opened(folder);
  add(store, "meter-1");
  store.commit();
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    struct stat status{};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a missing folder is an error that names it") {
  const auto refused = Store::open("/nonexistent-folder/muster.db");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unavailable);
  CHECK_THAT(refused.error().message, Catch::Contains("/nonexistent-folder"));
}

TEST_CASE("a violated constraint breaks the store until it is opened again") {
  Folder folder;
  {
    auto store = opened(folder);
    add(store, "meter-1");
    store.commit();
    CHECK_THROWS_AS(store.unrecorded_writer().write("INSERT INTO reading VALUES(?, ?)",
                                                    {std::string_view("nobody"), std::int64_t{1}}),
                    Broken);
    store.rollback();
    CHECK_THROWS_AS(store.unrecorded_writer(), Broken);
    CHECK_THROWS_AS(store.commit(), Broken);
    CHECK(devices(store) == 1);
  }
  auto store = opened(folder);
  add(store, "meter-2");
  CHECK_NOTHROW(store.commit());
}

TEST_CASE("misuse is a bug and says so") {
  Folder folder;
  auto store = opened(folder);
  CHECK_THROWS_AS(store.read("SELEKT 1"), std::logic_error);
  CHECK_THROWS_AS(store.read("INSERT INTO device(name) VALUES('x') RETURNING seen"),
                  std::logic_error);
  CHECK_THROWS_AS(store.unrecorded_writer().write("SELECT 1"), std::logic_error);
  CHECK_THROWS_AS(store.unrecorded_writer().write("COMMIT"), std::logic_error);
  CHECK_THROWS_AS(store.read("SELECT ?", {}), std::logic_error);
  CHECK_THROWS_AS(store.read("SELECT 1; SELECT 2"), std::logic_error);
}

TEST_CASE("a full disk throws Broken and loses nothing that was committed") {
  Folder folder;
  {
    opened(folder);
  }
  int from_child = -1;
  const pid_t child = in_child(from_child, [&](int out) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{256 << 10, 256 << 10};  // of each file, in octets
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto store = opened(folder);
    try {
      for (std::int64_t committed = 1;; ++committed) {
        add(store, std::to_string(committed) + std::string(1000, 'x'));
        store.commit();
        (void)!::write(out, &committed, sizeof committed);
      }
    } catch (const Broken&) {
      ::_exit(7);
    }
  });
  std::int64_t told = 0, next = 0;
  while (::read(from_child, &next, sizeof next) == sizeof next) told = next;
  ::close(from_child);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(told > 10);
  CHECK(devices(opened(folder)) == told);
}

TEST_CASE("kill -9 at any moment loses nothing that was committed") {
  Folder folder;
  {
    opened(folder);
  }
  std::int64_t told = 0;
  for (int round = 0; round < 5; ++round) {
    int from_child = -1;
    const pid_t child = in_child(from_child, [&](int out) {
      auto store = opened(folder);
      for (std::int64_t count = told + 1;; ++count) {
        add(store, std::to_string(count));
        store.commit();
        (void)!::write(out, &count, sizeof count);
      }
    });
    for (int i = 0; i < 100 + 37 * round; ++i)
      REQUIRE(::read(from_child, &told, sizeof told) == sizeof told);
    ::kill(child, SIGKILL);
    std::int64_t next = 0;
    while (::read(from_child, &next, sizeof next) == sizeof next) told = next;
    ::close(from_child);
    ::waitpid(child, nullptr, 0);
    const auto kept = devices(opened(folder));
    CHECK(kept >= told);
    CHECK(kept <= told + 1);  // committed, and killed before it could say so
    told = kept;
  }
}
