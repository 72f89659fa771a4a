#include "agent/attestation.h"

#include <catch2/catch.hpp>

#include "agent/internal/test_rehearsal.h"

using namespace muster;
using namespace muster::agent;

namespace {

// A TPM whose PCR 11 is extended by somebody else before each of the next quotes. A quote is the
// registers as they are then.
struct Busy final : Witness {
  Result<Birth> birth() const override { return Birth{}; }
  Result<Bytes> activate(const crypto::tpm::Challenge&) const override { return Bytes{}; }
  Result<Statement> quote(ByteView nonce, const crypto::tpm::Selection&) const override {
    if (extensions > 0) {
      --extensions;
      ++pcr_11;
    }
    ++quotes;
    return Statement{.attest = {pcr_11}, .signature = {nonce.begin(), nonce.end()}};
  }
  Result<std::vector<Bytes>> registers(const crypto::tpm::Selection&) const override {
    return std::vector{Bytes(32, 4), Bytes(32, pcr_11)};
  }
  Result<Statement> certify(const std::string&, ByteView) const override { return Statement{}; }
  Result<Bytes> key_area(const std::string&) const override { return Bytes{}; }
  Bytes event_log() const override { return {}; }

  mutable std::uint8_t pcr_11 = 0;
  mutable int extensions = 0, quotes = 0;
};

Result<void> show(Rehearsal& rehearsal, const Busy& witness) {
  const Controller controller = rehearsal.controller();
  const auto handshakes = expect(Handshakes::open(rehearsal.loop, controller.ca_pem));
  const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  const auto leaf = rehearsal.authority.device(key.public_key(), "meter-1");
  const Pair pair{.key_pem = key.private_pem(),
                  .chain_pem = crypto::certificate_pem(leaf.der) +
                               crypto::certificate_pem(rehearsal.authority.issuing.der)};
  const auto turn = expect(net::run(rehearsal.loop, handshakes->as(pair)));
  AttestationClient client(rehearsal.loop, controller.host, controller.device_port, turn.tls(),
                           witness);
  return net::run(rehearsal.loop, client.show("meter-1"));
}

}  // namespace

TEST_CASE(
    "the registers that are shown are those that were quoted, whoever extends them meanwhile") {
  net::Loop loop;
  Rehearsal rehearsal(loop);
  Busy witness;
  witness.extensions = 2;
  REQUIRE(show(rehearsal, witness));
  REQUIRE(rehearsal.boots.size() == 1);
  const auto& boot = rehearsal.boots[0];
  CHECK(boot.quote == Bytes{2});
  CHECK(boot.values == std::vector{Bytes(32, 4), Bytes(32, 2)});
  CHECK(boot.signature == Bytes(32, 0x5a));
  CHECK(witness.quotes == 3);
}

TEST_CASE("a register that never rests is shown all the same, for the controller to judge") {
  net::Loop loop;
  Rehearsal rehearsal(loop);
  Busy witness;
  witness.extensions = 100;
  REQUIRE(show(rehearsal, witness));
  CHECK(rehearsal.boots.size() == 1);
  CHECK(witness.quotes == 5);
}
