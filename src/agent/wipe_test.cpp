#include "agent/wipe.h"

#include <catch2/catch.hpp>

#include "agent/credentials.h"
#include "agent/data_key.h"
#include "agent/internal/test_maker.h"
#include "base/test_folder.h"

using namespace muster;
using namespace muster::agent;
using Catch::Matchers::Contains;

namespace {

const Instant now = instant(1'800'000'000'000);
const DeviceId meter = expect(DeviceId::parse("meter-1"));

// A disk whose power goes at the n-th change, before it or right after.
class MortalDisk final : public Disk {
 public:
  void cut_at(int change, bool done) {
    left_ = change;
    done_ = done;
  }
  void restore() {
    on_ = true;
    left_ = -1;
  }
  bool on() const { return on_; }
  Result<std::optional<std::string>> read(const std::string& name) const override {
    if (!on_) return dark();
    return under_.read(name);
  }
  Result<void> write(const std::string& name, std::string_view text) override {
    return change([&] { return under_.write(name, text); });
  }
  Result<void> append(const std::string& name, ByteView bytes) override {
    return change([&] { return under_.append(name, bytes); });
  }
  Result<void> sync(const std::string& name) override {
    return change([&] { return under_.sync(name); });
  }
  Result<void> move(const std::string& from, const std::string& to) override {
    return change([&] { return under_.move(from, to); });
  }
  Result<void> remove(const std::string& name) override {
    return change([&] { return under_.remove(name); });
  }
  Result<void> shred(const std::string& name) override {
    return change([&] { return under_.shred(name); });
  }
  Result<std::uint64_t> size(const std::string& name) const override { return under_.size(name); }
  Result<crypto::Hash> digest(const std::string& name) const override {
    return under_.digest(name);
  }
  std::filesystem::path path(const std::string&) const override { return {}; }

 private:
  static std::unexpected<Error> dark() { return fail(Fault::unavailable, "the power is gone"); }
  Result<void> change(auto apply) {
    if (!on_) return dark();
    if (left_ > 0)
      --left_;
    else if (left_ == 0) {
      on_ = false;
      if (done_) expect(apply());
      return dark();
    }
    return apply();
  }
  MemoryDisk under_;
  int left_ = -1;
  bool done_ = false, on_ = true;
};

struct Keys final : KeyStore {  // a chip
  const char* name() const override { return "chip"; }
  Result<std::string> make(std::span<const std::string>) override { return "chip:1\n"; }
  Result<std::unique_ptr<crypto::SigningKey>> open(const std::string&) const override {
    return fail(Fault::missing, "there is no key");
  }
  Result<std::shared_ptr<const net::PrivateKey>> for_tls(const std::string&) const override {
    return fail(Fault::missing, "there is no key");
  }
  Result<void> destroy() override {
    ++destroyed;
    return {};
  }
  int destroyed = 0;
};

struct Bench {
  Maker maker;
  Trust trust = maker.trust();
  crypto::FileKey identity = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));

  wire::WipeOrder order(Duration within = 1h, const DeviceId& device = meter) const {
    return {.device = device,
            .number = 5,
            .nonce = Bytes(32, 7),
            .issued = now,
            .deadline = now + within};
  }
  std::string envelope(const wire::WipeOrder& o) const {
    return Maker::sign(wire::to_json(o), maker.assignment_key);
  }
  // All the way from where it is.
  Result<void> go_on(Wipe& wipe, KeyStore* keys = nullptr) {
    while (!wipe.ended()) switch (wipe.phase()) {
        case WipePhase::ordered:
          TRY_VOID(wipe.erase());
          break;
        case WipePhase::erased:
          TRY_VOID(wipe.state(identity, {}, now));
          break;
        case WipePhase::stated:
          TRY_VOID(wipe.heard());
          break;
        default:
          TRY_VOID(wipe.end(keys));
      }
    return {};
  }
};

}  // namespace

TEST_CASE("an order is obeyed when it is signed for this device and in time, and else refused") {
  Bench bench;
  MemoryDisk disk;
  auto wipe = expect(Wipe::open(disk, meter));
  const auto why = [&](const std::string& envelope, Instant when = now) {
    const auto obeyed = wipe.obey(envelope, bench.trust, std::string(64, 'a'), when);
    return obeyed ? "obeyed" : obeyed.error().message;
  };
  const auto stranger = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  CHECK_THAT(why(Maker::sign(wire::to_json(bench.order()), stranger)), Contains("not signed by"));
  CHECK_THAT(why(Maker::sign(wire::to_json(bench.order()), bench.maker.release_key)),
             Contains("not signed by"));
  auto altered = bench.envelope(bench.order());
  altered.replace(altered.find("meter-1"), 7, "meter-2");
  CHECK_THAT(why(altered), Contains("does not verify"));
  CHECK_THAT(why(bench.envelope(bench.order(1h, expect(DeviceId::parse("meter-2"))))),
             Contains("for meter-2"));
  CHECK_THAT(why(bench.envelope(bench.order()), now + 1h), Contains("good until"));
  CHECK_THAT(why(bench.maker.offer(Maker::release("1.0", 1, "x"), 5).assignment),
             Contains("must be muster-wipe-order"));
  CHECK_THAT(why("{}"), !Contains("obeyed"));
  CHECK(wipe.phase() == WipePhase::none);
  CHECK(!expect(disk.read(Wipe::record_name)));

  CHECK(why(bench.envelope(bench.order())) == "obeyed");
  CHECK(wipe.phase() == WipePhase::ordered);
  CHECK_THAT(why(bench.envelope(bench.order())), Contains("already"));
}

TEST_CASE("a wipe destroys the data key first, states what it did, and ends the identity last") {
  Bench bench;
  MemoryDisk disk;
  const auto key = expect(DataKey::open(disk));
  const auto id = key.id();
  expect(key.keep(Wipe::outbox_name, bytes_of("ninety watts")));
  expect(disk.write(Wipe::desired_name, "{}"));
  expect(disk.write("identity.pem", "a key"));
  auto wipe = expect(Wipe::open(disk, meter));
  expect(wipe.obey(bench.envelope(bench.order()), bench.trust, id, now));
  expect(wipe.erase());
  CHECK(!expect(disk.read(DataKey::file)));
  CHECK(!expect(disk.read(Wipe::outbox_name)));
  CHECK(!expect(disk.read(Wipe::desired_name)));
  CHECK(expect(disk.read("identity.pem")));

  expect(wipe.state(bench.identity, {wire::Method::purge, "the NAND was erased"}, now));
  const auto& carried = wipe.record().statement;
  CHECK(bench.identity.public_key().verify(bytes_of(carried.statement), carried.signature));
  const auto said = expect(wire::parse_statement(carried.statement));
  CHECK(said.order == 5);
  CHECK(said.nonce == Bytes(32, 7));
  CHECK(said.method == wire::Method::purge);
  CHECK_THAT(said.technique, Contains("the NAND was erased"));
  CHECK(said.keys[0] == wire::ErasedKey{"data", id});
  CHECK(expect(disk.read("identity.pem")));

  expect(wipe.heard());
  expect(wipe.end(nullptr));
  CHECK(wipe.ended());
  CHECK(!expect(disk.read("identity.pem")));
  CHECK(expect(Wipe::open(disk, meter)).ended());
}

TEST_CASE("the agent's own way is called clear, because a file's key may survive on flash") {
  Bench bench;
  MemoryDisk disk;
  auto wipe = expect(Wipe::open(disk, meter));
  expect(wipe.obey(bench.envelope(bench.order()), bench.trust, std::string(64, 'a'), now));
  expect(wipe.erase());
  expect(wipe.state(bench.identity, {}, now));
  const auto said = expect(wire::parse_statement(wipe.record().statement.statement));
  CHECK(said.method == wire::Method::clear);
  CHECK_THAT(said.technique, Contains("no purge"));
}

TEST_CASE("a power cut at any change, before or after it, is gone on from, and the word is one") {
  int cuts = 0;
  for (const bool done : {false, true})
    for (int at = 0;; ++at) {
      Bench bench;
      MortalDisk disk;
      Keys chip;
      const auto key = expect(DataKey::open(disk));
      expect(key.keep(Wipe::outbox_name, bytes_of("ninety watts")));
      expect(disk.write("identity.pem", "a key"));
      const auto order = bench.envelope(bench.order());
      disk.cut_at(at, done);
      std::string heard;
      {
        auto wipe = expect(Wipe::open(disk, meter));
        auto begun = wipe.obey(order, bench.trust, key.id(), now);
        if (begun) begun = bench.go_on(wipe, &chip);
        heard = wipe.record().statement.statement;
        if (begun && disk.on()) break;  // no cut came: all is done
      }
      ++cuts;
      disk.restore();
      auto wipe = expect(Wipe::open(disk, meter));
      if (wipe.phase() == WipePhase::none) expect(wipe.obey(order, bench.trust, key.id(), now));
      // Whoever has said that it is wiped has no key any more, and still can be believed.
      if (wipe.phase() >= WipePhase::erased) CHECK(!expect(disk.read(DataKey::file)));
      if (wipe.phase() < WipePhase::acknowledged) CHECK(expect(disk.read("identity.pem")));
      const bool stated = wipe.phase() >= WipePhase::stated;
      if (stated && !heard.empty()) CHECK(wipe.record().statement.statement == heard);
      expect(bench.go_on(wipe, &chip));
      CHECK(!expect(disk.read("identity.pem")));
      CHECK(!expect(disk.read(DataKey::file)));
      CHECK(!expect(disk.read(Wipe::outbox_name)));
      CHECK(chip.destroyed >= 1);
      CHECK(expect(Wipe::open(disk, meter)).ended());
    }
  CHECK(cuts >= 16);
}

TEST_CASE("a record that does not read stops the agent instead of letting it begin anew") {
  MemoryDisk disk;
  expect(disk.write(Wipe::record_name, R"({"spec":1,"phase":"almost"})"));
  CHECK(Wipe::open(disk, meter).error().fault == Fault::corrupt);
}

TEST_CASE("data at rest is sealed by a key in a file of its own, and dies with it") {
  TestFolder folder;
  auto disk = expect(FolderDisk::open(folder.path / "state"));
  const auto key = expect(DataKey::open(disk));
  expect(key.keep("outbox.sealed", bytes_of("ninety watts")));
  CHECK(std::filesystem::status(disk.path(DataKey::file)).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(expect(disk.read("outbox.sealed"))->find("watts") == std::string::npos);
  const auto again = expect(DataKey::open(disk));
  CHECK(again.id() == key.id());
  CHECK(text_of(*expect(again.kept("outbox.sealed"))) == "ninety watts");
  CHECK(!expect(again.kept("nothing")));
  expect(disk.move("outbox.sealed", "other.sealed"));
  CHECK(again.kept("other.sealed").error().fault == Fault::corrupt);
  expect(DataKey::destroy(disk));
  expect(DataKey::destroy(disk));
  CHECK(!std::filesystem::exists(disk.path(DataKey::file)));
  CHECK(expect(DataKey::open(disk)).id() != key.id());
}

TEST_CASE("shredding overwrites the file it removes") {
  TestFolder folder;
  auto disk = expect(FolderDisk::open(folder.path / "state"));
  expect(disk.write("secret", "ninety watts"));
  // A second name of the same file, to see what became of its octets.
  std::filesystem::create_hard_link(disk.path("secret"), disk.path("witness"));
  expect(disk.shred("secret"));
  CHECK(!std::filesystem::exists(disk.path("secret")));
  const auto left = *expect(disk.read("witness"));
  CHECK(left.size() == 12);
  CHECK(left.find("watts") == std::string::npos);
  expect(disk.shred("secret"));
}
