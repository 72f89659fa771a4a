#include "pkcs11/apart.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "pkcs11/test_softhsm.h"

using namespace muster;
using namespace muster::pkcs11;
using crypto::Algorithm;

namespace {

// This process's newest child; older ones have ended.
pid_t the_child() {
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  pid_t child = 0;
  while (children >> child) {
  }
  return child;
}

}  // namespace

TEST_CASE("a key in a process of its own signs as one here would") {
  const SoftHsm hsm;
  const auto message = bytes_of("from another process");
  for (const auto algorithm : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    const auto key = expect(ApartKey::start(
        {.uri = hsm.uri(std::string("key-") + std::to_string(int(algorithm))), .make = algorithm}));
    CHECK(key->public_key().algorithm() == algorithm);
    CHECK(key->public_key().verify(message, expect(key->sign(message))));
    CHECK_FALSE(key->ended());
  }
}

TEST_CASE("why a key was not found is told by the process that looked for it") {
  const SoftHsm hsm;
  const auto missing = ApartKey::start({.uri = hsm.uri("nobody")});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().fault == Fault::missing);
  CHECK(missing.error().message.find("no private key \"nobody\"") != std::string::npos);
  const auto unconfined =
      ApartKey::start({.uri = hsm.uri("mine"), .make = Algorithm::ecdsa_p256, .confine = [] {
                         return Result<void>(fail(Fault::unavailable, "no walls here"));
                       }});
  REQUIRE_FALSE(unconfined);
  CHECK(unconfined.error().message == "no walls here");
}

TEST_CASE("a token that does not answer is waited for so long and no longer") {
  const SoftHsm hsm;
  const auto key = expect(
      ApartKey::start({.uri = hsm.uri("mine"), .make = Algorithm::ecdsa_p256, .limit = 50ms}));
  const pid_t child = the_child();
  REQUIRE(child > 0);
  ::kill(child, SIGSTOP);
  const auto late = key->sign(bytes_of("too late"));
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == Fault::unavailable);
  CHECK(late.error().message.find("50ms") != std::string::npos);
  const auto next = key->sign(bytes_of("and at once"));
  REQUIRE_FALSE(next);
  CHECK(next.error().message.find("earlier question") != std::string::npos);
  ::kill(child, SIGCONT);
  Result<Bytes> signature = key->sign(bytes_of("in time"));
  while (!signature) signature = key->sign(bytes_of("in time"));  // a slow machine
  CHECK(key->public_key().verify(bytes_of("in time"), *signature));
}

TEST_CASE("when the process with the token ends, so do the signatures, and it is told") {
  const SoftHsm hsm;
  const auto key = expect(ApartKey::start({.uri = hsm.uri("mine"), .make = Algorithm::ecdsa_p256}));
  const pid_t child = the_child();
  REQUIRE(child > 0);
  ::kill(child, SIGKILL);
  const auto refused = key->sign(bytes_of("x"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::unavailable);
  CHECK(key->ended());
}

TEST_CASE("who gives a key up leaves no process behind, not even one that hangs in its module") {
  const SoftHsm hsm;
  for (const bool hangs : {false, true}) {
    auto key = expect(ApartKey::start({.uri = hsm.uri("mine"), .make = Algorithm::ecdsa_p256}));
    const pid_t child = the_child();
    REQUIRE(child > 0);
    if (hangs) ::kill(child, SIGSTOP);
    key.reset();
    CHECK(::kill(child, 0) != 0);  // neither running nor waiting to be counted
  }
  const auto missing = ApartKey::start({.uri = hsm.uri("nobody")});
  REQUIRE_FALSE(missing);
  CHECK(the_child() == 0);
}
