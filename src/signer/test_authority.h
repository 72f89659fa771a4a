// signer/test_authority -- for tests and benches only: an issuing CA, orders for it, and a keeper
// over a log in a folder of its own, at a fixed time. The test's thread.
#pragma once

#include <optional>

#include "base/test_folder.h"
#include "crypto/internal/test_fleet_authority.h"
#include "signer/keeper.h"

namespace muster::signer {

inline crypto::Serial serial_number(std::uint32_t n) {
  crypto::Serial out{};
  out[0] = 0x41;
  for (std::size_t i = 0; i < 4; ++i) out[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return out;
}

inline std::vector<Asked> asked(const std::vector<Order>& orders) {
  std::vector<Asked> out;
  for (const Order& order : orders) out.push_back({order, crypto::sha256(expect(encode(order)))});
  return out;
}

struct World {
  explicit World(Policy chosen = {}) : policy(std::move(chosen)) { open(); }

  void open() {
    keeper.reset();
    keeper.emplace(expect(reopened()));
  }
  Result<Keeper> reopened() {
    return Keeper::open({fleet.issuing, fleet.root}, fleet.issuing_key, log(), policy, clock,
                        random);
  }
  std::filesystem::path log() const { return folder.path / "issuance.log"; }

  Order device(std::uint32_t n) const {
    const Instant now = std::chrono::floor<std::chrono::seconds>(clock.now());
    return {.kind = Template::device,
            .serial = serial_number(n),
            .subject = "meter-" + std::to_string(n),
            .not_before = now - 5min,
            .not_after = now + 24h * 30,
            .spki = device_key.public_key().spki()};
  }
  std::vector<Order> devices(std::uint32_t from, std::uint32_t count) const {
    std::vector<Order> out;
    for (std::uint32_t i = 0; i < count; ++i) out.push_back(device(from + i));
    return out;
  }
  CrlOrder list(std::uint64_t number) const {
    return {.terms = {.number = number,
                      .this_update = clock.now(),
                      .next_update = clock.now() + 24h * 7},
            .revoked = {{.serial = {0x41, 7}, .at = clock.now()}}};
  }
  Result<Bytes> issue(const Order& order) { return keeper->issue(order); }
  std::vector<Result<Bytes>> issue(const std::vector<Order>& orders) {
    return keeper->issue(asked(orders));
  }

  TestFolder folder{in_memory()};
  crypto::FleetAuthority fleet;
  crypto::FileKey device_key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  ManualClock clock{crypto::test_time};
  SeededRandom random{7};
  Policy policy;
  std::optional<Keeper> keeper;
};

}  // namespace muster::signer
