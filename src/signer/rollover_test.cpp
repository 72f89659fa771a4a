#include "signer/rollover.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/file.h"
#include "crypto/cross.h"
#include "crypto/ocsp.h"
#include "signer/folder.h"
#include "signer/test_authority.h"

namespace muster::signer {
namespace {

crypto::Serial rollover_id(std::uint8_t n) {
  crypto::Serial id{};
  id[15] = n;
  return id;
}

// A signer over a folder of its own, that may be killed and started again.
struct Signer {
  Signer() { start(); }

  void start() {
    keeper.reset();
    const auto opened = expect(Folder::make(folder.path, clock, random));
    keeper.emplace(
        expect(Keeper::open(expect(Authority::open(opened)), opened.log(), policy, clock, random)));
  }
  Result<Authorities> step(Step which, Scope scope = Scope::whole, std::uint8_t id = 1) {
    return keeper->roll_over({.id = rollover_id(id), .step = which, .scope = scope});
  }
  Order device(std::uint32_t n, Bytes issuer = {}) const {
    const Instant now = std::chrono::floor<std::chrono::seconds>(clock.now());
    return {.kind = Template::device,
            .serial = serial_number(n),
            .subject = "meter-" + std::to_string(n),
            .not_before = now - 5min,
            .not_after = now + 24h * 30,
            .spki = key.public_key().spki(),
            .issuer = std::move(issuer)};
  }
  Result<crypto::Certificate> issue(const Order& order) {
    TRY(const auto der, keeper->issue(order));
    return crypto::parse_certificate(der);
  }
  std::size_t authorities_logged() {
    std::size_t n = 0;
    expect(verify_log(folder.path / "issuance.log",
                      [&n](const Issuance& one) { n += one.kind == Template::authority; }));
    return n;
  }
  bool chains_to(const crypto::Certificate& leaf, const crypto::Certificate& root,
                 std::span<const crypto::Certificate> through) const {
    return crypto::verify_chain(leaf, through, std::span(&root, 1), crypto::Use::client,
                                clock.now())
        .has_value();
  }

  TestFolder folder{in_memory()};
  ManualClock clock{crypto::test_time};
  SeededRandom random{7};
  Policy policy;
  crypto::FileKey key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  std::optional<Keeper> keeper;
};

TEST_CASE("orders and states of a rollover have one spelling") {
  Signer s;
  const RolloverOrder order{.id = rollover_id(9), .step = Step::finish, .scope = Scope::issuing};
  const Bytes octets = encode(order);
  CHECK(octets.size() == rollover_order_octets);
  CHECK(expect(decode_rollover_order(octets)) == order);
  for (const std::size_t at : {std::size_t{16}, std::size_t{17}}) {
    Bytes wrong = octets;
    wrong[at] = 9;
    CHECK_FALSE(decode_rollover_order(wrong));
  }
  for (const auto& state : {s.keeper->authorities(), expect(s.step(Step::begin))}) {
    const Bytes told = encode(state);
    CHECK(encode(expect(decode_authorities(told))) == told);
    CHECK_FALSE(decode_authorities(ByteView(told).first(told.size() - 1)));
  }
}

TEST_CASE("a rollover makes a generation whose roots certify each other, and logs it first") {
  Signer s;
  const auto before = s.keeper->authorities();
  CHECK(before.phase == Phase::settled);
  CHECK(before.device_life_max == s.policy.device.life_max);
  const auto begun = expect(s.step(Step::begin));
  REQUIRE(begun.phase == Phase::begun);
  CHECK(begun.current.issuing.der == before.current.issuing.der);
  const auto& next = *begun.other;
  CHECK(next.root.common_name != before.current.root.common_name);
  CHECK(crypto::verify_cross(*begun.new_with_old, next.root, std::span(&before.current.root, 1),
                             s.clock.now()));
  CHECK(crypto::verify_cross(*begun.old_with_new, before.current.root, std::span(&next.root, 1),
                             s.clock.now()));
  CHECK(crypto::verify_authority(next.issuing, next.root, s.clock.now()));
  CHECK(s.authorities_logged() == 4);
}

TEST_CASE("the old CA issues until the switch, the new one from then on") {
  Signer s;
  const auto begun = expect(s.step(Step::begin));
  const auto old = begun.current, next = *begun.other;
  CHECK(expect(s.issue(s.device(1))).authority_key_id == old.issuing.subject_key_id);
  CHECK(s.issue(s.device(2, next.issuing.subject_key_id)).error().fault == Fault::conflict);

  const auto switched = expect(s.step(Step::switch_over));
  CHECK(switched.phase == Phase::switched);
  CHECK(s.keeper->chain().front().der == next.issuing.der);
  const auto leaf = expect(s.issue(s.device(3, next.issuing.subject_key_id)));
  CHECK(leaf.authority_key_id == next.issuing.subject_key_id);
  CHECK(s.issue(s.device(4, old.issuing.subject_key_id)).error().fault == Fault::conflict);
  const std::vector sent{next.issuing, *switched.new_with_old};
  CHECK(s.chains_to(leaf, next.root, sent));
  CHECK(s.chains_to(leaf, old.root, sent));  // by the cross-certificate
  CHECK_FALSE(s.chains_to(leaf, old.root, std::span(sent).first(1)));

  // asked once more, an order from before the switch has its answer from before
  CHECK(expect(s.issue(s.device(1))).authority_key_id == old.issuing.subject_key_id);
}

TEST_CASE("while both CAs are held, each signs its own lists and OCSP responders") {
  Signer s;
  const auto switched = [&] {
    expect(s.step(Step::begin));
    return expect(s.step(Step::switch_over));
  }();
  const auto list_of = [&](const Generation& g, std::uint64_t number) {
    return s.keeper->make_list({.terms = {.number = number,
                                          .this_update = s.clock.now(),
                                          .next_update = s.clock.now() + 24h},
                                .revoked = {},
                                .issuer = g.issuing.subject_key_id});
  };
  CHECK(crypto::parse_crl(expect(list_of(switched.current, 1)), switched.current.issuing));
  CHECK(crypto::parse_crl(expect(list_of(*switched.other, 2)), switched.other->issuing));
  Order responder{.kind = Template::ocsp_responder,
                  .serial = serial_number(50),
                  .subject = s.policy.responder_name,
                  .not_before = s.clock.now(),
                  .not_after = s.clock.now() + 24h,
                  .spki = s.key.public_key().spki(),
                  .issuer = switched.other->issuing.subject_key_id};
  const auto own = expect(s.issue(responder));
  CHECK(crypto::OcspResponder::make(switched.other->issuing, own, s.key));

  expect(s.step(Step::finish));
  CHECK(list_of(*switched.other, 3).error().fault == Fault::conflict);
  responder.serial = serial_number(51);
  CHECK(s.issue(responder).error().fault == Fault::conflict);
}

TEST_CASE("killed after any step, the signer goes on from there, and the step is answered again") {
  Signer s;
  const auto first = expect(s.issue(s.device(1)));
  const auto begun = expect(s.step(Step::begin));
  s.start();
  CHECK(encode(s.keeper->authorities()) == encode(begun));
  CHECK(encode(expect(s.step(Step::begin))) == encode(begun));
  CHECK(s.authorities_logged() == 4);

  const auto switched = expect(s.step(Step::switch_over));
  s.start();
  CHECK(encode(s.keeper->authorities()) == encode(switched));
  CHECK(encode(expect(s.step(Step::switch_over))) == encode(switched));
  CHECK(encode(expect(s.step(Step::begin))) == encode(switched));
  CHECK(expect(s.issue(s.device(2))).authority_key_id == switched.current.issuing.subject_key_id);

  const auto finished = expect(s.step(Step::finish));
  CHECK(finished.phase == Phase::settled);
  CHECK_FALSE(finished.other);
  for (int start = 0; start < 2; ++start) {
    s.start();
    CHECK(encode(s.keeper->authorities()) == encode(finished));
    CHECK(encode(expect(s.step(Step::finish))) == encode(finished));
    CHECK(expect(s.issue(s.device(10 + static_cast<std::uint32_t>(start)))).authority_key_id ==
          begun.other->issuing.subject_key_id);
  }
  CHECK(expect(s.issue(s.device(1))).der ==
        first.der);  // what was signed before is not signed anew
}

TEST_CASE("once a rollover is over, the next start leaves nothing of the other keys on the disk") {
  Signer s;
  const auto text_of_file = [&](const char* name) {
    return expect(read_file(s.folder.path / name, 1 << 20));
  };
  const std::string old_key = text_of_file("keys/issuing.key");
  const std::string old_root = text_of_file("keys/root.key");
  SECTION("finished: the old ones") {
    expect(s.step(Step::begin));
    expect(s.step(Step::switch_over));
    const auto finished = expect(s.step(Step::finish));
    CHECK(text_of_file("keys/issuing.key") == old_key);
    s.start();
    CHECK(text_of_file("keys/issuing.key") != old_key);
    CHECK(text_of_file("keys/root.key") != old_root);
    CHECK(expect(crypto::parse_certificates_pem(text_of_file("ca.pem"))).front().der ==
          finished.current.root.der);
  }
  SECTION("aborted: the new ones") {
    expect(s.step(Step::begin));
    CHECK(text_of_file("rollover.journal").find("PRIVATE KEY") != std::string::npos);
    const auto aborted = expect(s.step(Step::abort));
    CHECK(aborted.phase == Phase::settled);
    s.start();
    CHECK(text_of_file("keys/issuing.key") == old_key);
  }
  CHECK(text_of_file("rollover.journal").find("PRIVATE KEY") == std::string::npos);
}

TEST_CASE("a rollover of the issuing CA alone stays below the root there is") {
  Signer s;
  const auto begun = expect(s.step(Step::begin, Scope::issuing));
  CHECK(begun.other->root.der == begun.current.root.der);
  CHECK_FALSE(begun.new_with_old);
  CHECK(s.authorities_logged() == 1);
  expect(s.step(Step::switch_over));
  expect(s.step(Step::finish));
  s.start();
  const auto leaf = expect(s.issue(s.device(1)));
  CHECK(s.chains_to(leaf, begun.current.root, std::span(&begun.other->issuing, 1)));
  s.clock.pass(25h);
  CHECK(s.step(Step::begin, Scope::whole, 2));  // the root's key is still the root's
}

TEST_CASE("a rollover begins once a day, whoever orders it, and over restarts") {
  Signer s;
  expect(s.step(Step::begin));
  expect(s.step(Step::abort));
  const auto again = s.step(Step::begin, Scope::whole, 2);
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == Fault::exhausted);
  s.start();
  CHECK(s.step(Step::begin, Scope::whole, 2).error().fault == Fault::exhausted);
  s.clock.pass(24h);
  CHECK(s.step(Step::begin, Scope::whole, 2));
}

TEST_CASE("steps out of turn are refused") {
  Signer s;
  for (const Step step : {Step::switch_over, Step::finish, Step::abort})
    CHECK(s.step(step).error().fault == Fault::conflict);
  CHECK(s.keeper->roll_over({}).error().fault == Fault::invalid);
  expect(s.step(Step::begin));
  CHECK(s.step(Step::begin, Scope::whole, 2).error().fault == Fault::conflict);
  CHECK(s.step(Step::finish).error().fault == Fault::conflict);
  expect(s.step(Step::switch_over));
  CHECK(s.step(Step::abort).error().fault == Fault::conflict);
  expect(s.step(Step::finish));
  CHECK(s.step(Step::begin).error().fault == Fault::conflict);
  CHECK(s.step(Step::switch_over).error().fault == Fault::conflict);
}

TEST_CASE("without the root's key nothing begins, and the refusal says what to do") {
  Signer s;
  const auto root = s.folder.path / "keys" / "root.key";
  const std::string kept = expect(read_file(root, 1 << 20));
  std::filesystem::remove(root);
  s.start();
  const auto refused = s.step(Step::begin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("keys/root.key") != std::string::npos);
  CHECK(s.authorities_logged() == 0);
  expect(write_file(root, kept, 0600));
  s.start();
  CHECK(s.step(Step::begin));
}

TEST_CASE("a root's key that is there and cannot be read is not called missing") {
  Signer s;
  const auto root = s.folder.path / "keys" / "root.key";
  std::filesystem::remove(root);
  SECTION("not opened: a link to itself") {
    std::filesystem::create_symlink("root.key", root);
  }
  SECTION("opened and not read: a folder") {
    std::filesystem::create_directory(root);
  }
  s.start();
  CHECK(s.issue(s.device(1)));
  const auto refused = s.step(Step::begin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unavailable);
  CHECK(refused.error().message.find("keys/root.key cannot be read") != std::string::npos);
}

TEST_CASE("a CA's certificate cannot be had by an order") {
  Signer s;
  Order order = s.device(1);
  order.kind = Template::authority;
  CHECK(s.issue(order).error().fault == Fault::forbidden);
  CHECK_FALSE(decode_order(expect(encode(order))));
}

TEST_CASE(
    "a journal that was cut off in its last step is as before that step; other damage is told") {
  Signer s;
  const auto path = s.folder.path / "rollover.journal";
  const auto begun = expect(s.step(Step::begin));
  const std::string one_step = expect(read_file(path, 1 << 20));
  expect(s.step(Step::switch_over));
  const std::string two_steps = expect(read_file(path, 1 << 20));
  const auto put = [&](const std::string& text) {
    s.keeper.reset();
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  };
  for (std::size_t cut = one_step.size() + 1; cut < two_steps.size(); ++cut) {
    put(two_steps.substr(0, cut));
    s.start();
    REQUIRE(encode(s.keeper->authorities()) == encode(begun));
  }
  std::string damaged = two_steps;
  damaged[100] ^= 1;
  put(damaged);
  const auto folder = expect(Folder::open(s.folder.path));
  CHECK(Authority::open(folder).error().fault == Fault::corrupt);
}

TEST_CASE("a begin that was cut off before its journal is made anew by the same order") {
  Signer s;
  const auto path = s.folder.path / "rollover.journal";
  expect(s.step(Step::begin));
  s.keeper.reset();
  std::filesystem::remove(path);
  s.start();
  CHECK(s.keeper->authorities().phase == Phase::settled);
  CHECK(s.step(Step::begin, Scope::whole, 2).error().fault == Fault::exhausted);
  CHECK(expect(s.step(Step::begin)).phase == Phase::begun);
  CHECK(s.authorities_logged() == 8);
}

}  // namespace
}  // namespace muster::signer
