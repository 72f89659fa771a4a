#include "signer/keeper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "signer/folder.h"
#include "signer/local.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

Policy with_server() {
  Policy policy;
  policy.server_names = {"fleet.example", "localhost"};
  policy.server_addresses = {"127.0.0.1"};
  policy.url_prefixes = {"http://fleet.example/"};
  return policy;
}

Order server(const World& world) {
  Order order = world.device(100);
  order.kind = Template::server;
  order.subject = "fleet.example";
  order.dns_names = {"fleet.example", "localhost"};
  order.ip_addresses = {"127.0.0.1"};
  return order;
}

// What the keeper says to a device's order that was changed so.
template <class Change>
Error refusal(World& world, Change change) {
  Order order = world.device(1);
  change(order);
  auto answer = world.issue(order);
  REQUIRE_FALSE(answer);
  CHECK(world.keeper->head().size == 0);  // nothing was signed
  return answer.error();
}

crypto::Certificate certificate(const Result<Bytes>& der) {
  return expect(crypto::parse_certificate(expect(der)));
}

}  // namespace

TEST_CASE("a device's certificate is what its template says, with the order's blanks filled in") {
  World world;
  const auto made = certificate(world.issue(world.device(7)));
  CHECK(made.common_name == "meter-7");
  CHECK(made.uris == std::vector<std::string>{"urn:muster:device:meter-7"});
  CHECK(made.client_auth);
  CHECK_FALSE(made.server_auth);
  CHECK_FALSE(made.is_ca);
  CHECK(to_hex(made.serial) == crypto::serial_hex(serial_number(7)));
  CHECK(expect(verify_log(world.log())).size == 1);
}

TEST_CASE("each kind has the usages and names of its own template") {
  World world(with_server());
  Order order = world.device(1);
  order.kind = Template::application;
  order.subject = "billing";
  const auto application = certificate(world.issue(order));
  CHECK(application.organizational_unit == "application");
  CHECK(application.uris == std::vector<std::string>{"urn:muster:application:billing"});

  const auto door = certificate(world.issue(server(world)));
  CHECK(door.server_auth);
  CHECK_FALSE(door.client_auth);
  CHECK(door.dns_names == std::vector<std::string>{"fleet.example", "localhost"});

  order = world.device(3);
  order.kind = Template::ocsp_responder;
  order.subject = world.policy.responder_name;
  const auto responder = certificate(world.issue(order));
  CHECK(responder.ocsp_signing);
  CHECK_FALSE(responder.client_auth);
}

TEST_CASE("an order outside its template is refused, and says which field") {
  World world(with_server());
  const auto field = [&](auto change) { return refusal(world, change).field; };
  CHECK(field([](Order& o) { o.subject = "not a name"; }) == "subject");
  CHECK(field([](Order& o) { o.subject = ""; }) == "subject");
  CHECK(field([](Order& o) { o.dns_names = {"localhost"}; }) == "dns_names");
  CHECK(field([](Order& o) { o.crl_url = "http://elsewhere.example/"; }) == "crl_url");
  CHECK(field([](Order& o) { o.ocsp_url = "file:///etc"; }) == "ocsp_url");
  CHECK(field([](Order& o) { o.not_before -= 3h; }) == "not_before");
  CHECK(field([](Order& o) { o.not_before += 30min; }) == "not_before");
  CHECK(field([](Order& o) { o.not_before += 1ms; }) == "not_before");
  CHECK(field([](Order& o) { o.not_after += 24h * 61; }) == "not_after");
  CHECK(field([](Order& o) { o.not_after = o.not_before; }) == "not_after");
  CHECK(field([&](Order& o) { o.spki = world.fleet.issuing.key.spki(); }) == "spki");
  CHECK(field([](Order& o) { o.kind = Template::server; }) == "dns_names");
  CHECK(field([](Order& o) { o.kind = Template::ocsp_responder; }) == "subject");
  CHECK(field([](Order& o) { o.kind = Template::revocation_list; }) == "kind");
  CHECK(refusal(world, [](Order& o) { o.spki = {0x30, 0x00}; }).fault == Fault::invalid);
  CHECK(refusal(world, [](Order& o) { o.serial[0] = 0; }).fault == Fault::invalid);
}

TEST_CASE("a server is called only what the signer was told it may be called") {
  World world(with_server());
  Order order = server(world);
  order.dns_names.push_back("bank.example");
  CHECK(world.issue(order).error().fault == Fault::forbidden);
  order = server(world);
  order.dns_names = {"*.example"};
  CHECK(world.issue(order).error().fault == Fault::forbidden);
  order = server(world);
  order.ip_addresses = {"192.0.2.1"};
  CHECK(world.issue(order).error().field == "ip_addresses");
  order = server(world);
  order.subject = "bank.example";
  CHECK(world.issue(order).error().field == "subject");
  CHECK(world.issue(server(world)));
}

TEST_CASE("a template that is switched off, and a key it does not take, are refused") {
  Policy policy;
  policy.application.allowed = false;
  policy.device.keys = {crypto::Algorithm::ed25519};
  World world(policy);
  CHECK(refusal(world, [](Order& o) { o.kind = Template::application; }).field == "kind");
  CHECK(refusal(world, [](Order&) {}).field == "spki");
}

TEST_CASE("no certificate outlives its issuer, whatever its template would allow") {
  Policy policy;
  policy.device.life_max = 24h * 10'000;
  World world(policy);
  CHECK(refusal(world, [](Order& o) { o.not_after += 24h * 2000; }).fault == Fault::invalid);
}

TEST_CASE("the same order again is answered with the very same certificate, also after a restart") {
  World world;
  const Order order = world.device(1);
  const Bytes first = expect(world.issue(order));
  CHECK(expect(world.issue(order)) == first);
  world.open();
  world.clock.pass(24h * 365);  // no template would allow it any more
  CHECK(expect(world.issue(order)) == first);
  CHECK(world.keeper->head().size == 1);
}

TEST_CASE("the same order twice in one batch is signed once") {
  World world;
  const std::vector<Order> batch{world.device(1), world.device(2), world.device(1)};
  const auto answers = world.issue(batch);
  CHECK(expect(answers[0]) == expect(answers[2]));
  CHECK(expect(answers[0]) != expect(answers[1]));
  CHECK(world.keeper->head().size == 2);
}

TEST_CASE("a serial is never given to another order") {
  World world;
  expect(world.issue(world.device(1)));
  Order other = world.device(2);
  other.serial = serial_number(1);
  CHECK(world.issue(other).error().fault == Fault::conflict);
  world.open();
  CHECK(world.issue(other).error().fault == Fault::conflict);
  Order twin = world.device(3);
  twin.serial = serial_number(4);
  const std::vector<Order> batch{world.device(4), twin};
  CHECK(world.issue(batch).back().error().fault == Fault::conflict);
}

TEST_CASE("one wrong order in a batch does not spoil the others") {
  World world;
  auto batch = world.devices(0, 3);
  batch[1].subject = "/";
  const auto answers = world.issue(batch);
  CHECK(answers[0]);
  CHECK_FALSE(answers[1]);
  CHECK(answers[2]);
  CHECK(world.keeper->head().size == 2);
}

TEST_CASE("a rate that is used up says how long to wait, and then lets pass again") {
  Policy policy;
  policy.device.rate = {.per_second = 2, .burst = 3};
  World world(policy);
  const auto answers = world.issue(world.devices(0, 4));
  CHECK(answers[2]);
  CHECK(answers[3].error().fault == Fault::exhausted);
  CHECK(answers[3].error().message.find("ask again in 500ms") != std::string::npos);
  CHECK(world.issue(world.device(0)));  // what was signed before costs nothing
  world.clock.pass(499ms);
  CHECK_FALSE(world.issue(world.device(3)));
  world.clock.pass(1ms);
  CHECK(world.issue(world.device(3)));
  world.clock.pass(-24h);  // a clock that jumps back gives nothing
  CHECK_FALSE(world.issue(world.device(4)));
  world.clock.pass(500ms);  // and nobody waits for it to catch up
  CHECK(world.issue(world.device(4)));
  Order application = world.device(5);
  application.kind = Template::application;
  CHECK(world.issue(application));  // each template has its own
}

TEST_CASE("a signer that is killed after its log and before its answer signs nothing twice") {
  World world;
  const auto orders = world.devices(0, 5);
  world.keeper.reset();
  const pid_t child = ::fork();
  if (child == 0) {
    auto keeper = world.reopened();
    (void)keeper->issue(asked(orders));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  world.open();
  CHECK(world.keeper->head().size == 5);
  const auto logged = expect(world.keeper->since(0, 10));
  const auto answers = world.issue(orders);
  for (std::size_t i = 0; i < orders.size(); ++i) CHECK(expect(answers[i]) == logged[i].document);
  CHECK(world.keeper->head().size == 5);
}

TEST_CASE("on a full disk nothing leaves, and what was begun is taken back") {
  World world;
  expect(world.issue(world.device(0)));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{.rlim_cur = world.keeper->head().octets + 1000, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto answers = world.issue(world.devices(1, 8));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  for (const auto& answer : answers) CHECK(answer.error().fault == Fault::unavailable);
  CHECK(std::filesystem::file_size(world.log()) == world.keeper->head().octets);
  CHECK(world.issue(world.device(1)));
  world.open();
  CHECK(world.keeper->head().size == 2);
}

TEST_CASE("a revocation list is made, logged by its hash, and its number never goes back") {
  World world;
  const Bytes der = expect(world.keeper->make_list(world.list(4)));
  const auto list = expect(crypto::parse_crl(der, world.fleet.issuing));
  CHECK(list.terms.number == 4);
  CHECK(list.revoked.size() == 1);
  const auto logged = expect(world.keeper->since(0, 1)).front();
  CHECK(logged.kind == Template::revocation_list);
  const crypto::Hash hash = crypto::sha256(der);
  CHECK(logged.document == Bytes(hash.begin(), hash.end()));
  world.open();
  CHECK(world.keeper->make_list(world.list(3)).error().fault == Fault::conflict);
  CHECK(world.keeper->make_list(world.list(4)));
  CHECK(world.keeper->make_list(world.list(5)));
  CHECK(expect(verify_log(world.log())).size == 3);
}

TEST_CASE("each shard counts its own lists, below an address that it was given") {
  World world(with_server());
  CHECK(world.keeper->make_list(world.list(9)));
  CrlOrder shard = world.list(1);
  shard.terms.scope.shard_uri = "http://fleet.example/crl/1";
  CHECK(world.keeper->make_list(shard));
  shard.terms.scope.shard_uri = "http://elsewhere.example/";
  CHECK(world.keeper->make_list(shard).error().field == "shard_uri");
}

TEST_CASE("a revocation list that lives too long, or begins in the past, is refused") {
  World world;
  CrlOrder list = world.list(1);
  list.terms.next_update += 24h * 30;
  CHECK(world.keeper->make_list(list).error().field == "next_update");
  list = world.list(1);
  list.terms.this_update -= 3h;
  CHECK(world.keeper->make_list(list).error().field == "this_update");
}

TEST_CASE("a key that is not the issuing certificate's does not begin to sign") {
  World world;
  world.keeper.reset();
  const auto keeper = Keeper::open({world.fleet.issuing}, world.fleet.root_key, world.log(), {},
                                   world.clock, world.random);
  CHECK(keeper.error().message.find("issuing key") != std::string::npos);
}

TEST_CASE("an issuer in the same process answers inside the call") {
  World world;
  LocalIssuer issuer(*world.keeper);
  int answers = 0;
  issuer.issue(world.device(1), [&](Result<Bytes> der) { answers += der.has_value(); });
  issuer.make_list(world.list(1), [&](Result<Bytes> der) { answers += der.has_value(); });
  issuer.since(0, 10, [&](auto found) { answers += expect(found).size() == 2; });
  issuer.chain([&](auto chain) { answers += expect(chain).size() == 2; });
  CHECK(answers == 4);
}

TEST_CASE("a folder is made once, and opens without the root's key") {
  TestFolder place;
  ManualClock clock{crypto::test_time};
  SeededRandom random{5};
  CHECK(Folder::open(place.path / "signer").error().fault == Fault::missing);
  const Folder made = expect(Folder::make(place.path / "signer", clock, random));
  std::filesystem::remove(made.path / "keys" / "root.key");
  const Folder again = expect(Folder::make(made.path, clock, random));
  CHECK(again.chain.front().der == made.chain.front().der);
  CHECK(again.chain.front().common_name == "Muster issuing CA");
  CHECK(again.chain.back().common_name == "Muster fleet root");
  CHECK_FALSE(std::filesystem::exists(made.path / "keys" / "root.key"));
  const auto key = expect(crypto::FileKey::load(again.issuing_key()));
  CHECK(key.public_key().spki() == again.chain.front().key.spki());
}
