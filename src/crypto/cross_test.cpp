#include "crypto/cross.h"

#include <catch2/catch.hpp>

#include "crypto/internal/test_fleet_authority.h"

namespace muster::crypto {
namespace {

struct TwoRoots {
  static Profile root(std::string name) {
    return {.use = Use::root_ca,
            .common_name = std::move(name),
            .not_before = test_time - 24h,
            .not_after = test_time + 24h * 3650};
  }
  static Profile cross(const Certificate& of) {
    return {.use = Use::cross_ca,
            .common_name = of.common_name,
            .not_before = test_time - 24h,
            .not_after = test_time + 24h * 365};
  }
  FileKey old_key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  FileKey new_key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  Certificate old_root = FleetAuthority::make(root("Old"), old_key.public_key(), nullptr, old_key);
  Certificate new_root = FleetAuthority::make(root("New"), new_key.public_key(), nullptr, new_key);
  Certificate new_with_old =
      FleetAuthority::make(cross(new_root), new_key.public_key(), &old_root, old_key);
};

TEST_CASE("a new root is believed when an anchor certifies its name and key") {
  TwoRoots w;
  CHECK(is_root(w.new_root));
  CHECK_FALSE(is_root(w.new_with_old));
  CHECK(verify_cross(w.new_with_old, w.new_root, std::span(&w.old_root, 1), test_time));
}

TEST_CASE("a cross-certificate leads a client of the old root to what the new one issued") {
  TwoRoots w;
  const auto issuing_key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto issuing = FleetAuthority::make({.use = Use::issuing_ca,
                                             .common_name = "Issuing",
                                             .not_before = test_time - 24h,
                                             .not_after = test_time + 24h * 600},
                                            issuing_key.public_key(), &w.new_root, w.new_key);
  const auto leaf_key = expect(FileKey::generate(Algorithm::ecdsa_p256));
  const auto leaf =
      FleetAuthority::make(FleetAuthority::server(), leaf_key.public_key(), &issuing, issuing_key);
  const std::vector sent{issuing, w.new_with_old};
  const auto trusts = [&](const Certificate& anchor, std::span<const Certificate> through) {
    return verify_chain(leaf, through, std::span(&anchor, 1), Use::server, test_time).has_value();
  };
  CHECK(trusts(w.old_root, sent));
  CHECK(trusts(w.new_root, sent));
  CHECK_FALSE(trusts(w.old_root, std::span(sent).first(1)));
}

TEST_CASE("nothing else makes a root believed") {
  TwoRoots w;
  const TwoRoots strangers;
  const auto refused = [](const Result<void>& result) {
    return !result && result.error().fault == Fault::unauthorized;
  };
  SECTION("a cross-certificate of somebody else's root of the same name") {
    CHECK(refused(verify_cross(strangers.new_with_old, strangers.new_root,
                               std::span(&w.old_root, 1), test_time)));
  }
  SECTION("a cross-certificate for another key") {
    CHECK(refused(
        verify_cross(w.new_with_old, strangers.new_root, std::span(&w.old_root, 1), test_time)));
  }
  SECTION("the root by itself") {
    CHECK(refused(verify_cross(w.new_root, w.new_root, std::span(&w.old_root, 1), test_time)));
  }
  SECTION("one that has ended") {
    CHECK(refused(verify_cross(w.new_with_old, w.new_root, std::span(&w.old_root, 1),
                               w.new_with_old.not_after)));
  }
  SECTION("an issuing CA in the place of the root") {
    CHECK(refused(verify_root(w.new_with_old, test_time)));
  }
}

TEST_CASE("a cross-certificate is never signed by the key it is for") {
  TwoRoots w;
  CHECK_FALSE(issue(TwoRoots::cross(w.new_root), w.new_key.public_key(), {1}, nullptr, w.new_key));
}

}  // namespace
}  // namespace muster::crypto
