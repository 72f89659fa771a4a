#include "tpm/device.h"

#include <catch2/catch.hpp>

#include "base/random.h"
#include "crypto/csr.h"
#include "crypto/endorsement.h"
#include "tpm/test_swtpm.h"

using namespace muster;
using muster::tpm::Device;
using muster::tpm::first_key_handle;
using muster::tpm::Swtpm;
namespace words = muster::crypto::tpm;

namespace {

const Bytes nonce(32, 0x5a);

void opens_challenges(const Device& device) {
  const auto endorsement = expect(device.endorsement());
  const auto ek = expect(words::parse_public(endorsement.area));
  const auto ak = expect(words::parse_public(expect(device.attestation_area())));
  SystemRandom random;
  const Bytes secret(32, 0x17);
  for (int twice = 0; twice < 2; ++twice)  // nothing is left loaded: there are three slots
    CHECK(expect(device.activate(expect(words::make_credential(ek, ak.name, secret, random)))) ==
          secret);
  const auto other = expect(words::make_credential(ek, ek.name, secret, random));
  CHECK(device.activate(other).error().message.find("open a challenge") != std::string::npos);
}

}  // namespace

TEST_CASE("a TPM proves its maker, its key and its boot to a controller that has none") {
  const Swtpm maker;
  const auto device = expect(Device::open(maker.tcti()));
  const auto endorsement = expect(device->endorsement());
  const auto ek = expect(words::parse_public(endorsement.area));
  CHECK(ek.kind == words::Kind::rsa2048);

  const auto certificate = expect(words::parse_endorsement_certificate(endorsement.certificate));
  const auto vendors =
      expect(words::VendorAnchors::from_pem(maker.vendor_root(), maker.vendor_issuer()));
  CHECK(vendors.verify(certificate, SystemClock().now()));
  CHECK(words::check_endorsed(certificate, ek));
  CHECK(certificate.fingerprint == ek.fingerprint());

  opens_challenges(*device);

  const auto ak = expect(words::parse_public(expect(device->attestation_area())));
  CHECK(words::check_attestation_key(ak));
  const auto selection = expect(words::parse_selection("sha256:0,1,2,3,4,5,6,7,8,9,14"));
  const auto values = expect(device->registers(selection));
  REQUIRE(values.size() == 11);
  const auto quote = expect(device->quote(nonce, selection));
  const auto quoted =
      expect(words::verify_quote(ak, quote.attest, quote.signature, nonce, selection));
  CHECK(words::check_pcr_values(quoted, values));
  CHECK_FALSE(words::verify_quote(ak, quote.attest, quote.signature, Bytes(32), selection));
}

TEST_CASE("a TPM with a P-384 endorsement key opens challenges too") {
  const Swtpm maker(true);
  const auto device = expect(Device::open(maker.tcti(), true));
  const auto endorsement = expect(device->endorsement());
  CHECK(expect(words::parse_public(endorsement.area)).kind == words::Kind::ecc_p384);
  CHECK(words::parse_endorsement_certificate(endorsement.certificate));
  opens_challenges(*device);
}

TEST_CASE("a key of the TPM signs, is certified, lasts, and goes when it is wiped") {
  const Swtpm maker;
  const auto device = expect(Device::open(maker.tcti()));
  const auto ak = expect(words::parse_public(expect(device->attestation_area())));
  const auto key = expect(device->make_key(first_key_handle));
  const Bytes message(100, 0x21);
  for (int i = 0; i < 20; ++i)  // with and without leading zeros and high bits
    CHECK(key.public_key().verify(message, expect(key.sign(message))));
  const auto csr = expect(crypto::parse_csr(expect(crypto::make_csr(key, "meter-1"))));
  CHECK(csr.key.spki() == key.public_key().spki());

  const auto said = expect(device->certify(first_key_handle, nonce));
  const auto area = expect(words::parse_public(key.area()));
  CHECK(words::verify_certify(ak, said.attest, said.signature, nonce, area, csr.key));
  CHECK_FALSE(words::verify_certify(ak, said.attest, said.signature, Bytes(32), area, csr.key));

  const auto again = expect(Device::open(maker.tcti()));  // as after a restart of the program
  CHECK(expect(again->key(first_key_handle)).public_key().spki() == key.public_key().spki());
  const auto second = expect(again->make_key(first_key_handle + 1));
  CHECK(second.public_key().spki() != key.public_key().spki());
  const auto replaced = expect(again->make_key(first_key_handle));
  CHECK(replaced.public_key().spki() != key.public_key().spki());
  CHECK_FALSE(key.public_key().verify(message, expect(key.sign(message))));

  REQUIRE(again->wipe());
  CHECK(again->key(first_key_handle).error().fault == Fault::missing);
  CHECK(again->quote(nonce, words::selection_of({0})).error().fault == Fault::missing);
  REQUIRE(again->wipe());
}

TEST_CASE("what a TPM cannot do is refused with a reason") {
  CHECK(Device::open("swtpm:host=127.0.0.1,port=1").error().fault == Fault::unavailable);
  CHECK(Device::open("nonsense").error().fault == Fault::unavailable);
  const Swtpm maker;
  const auto device = expect(Device::open(maker.tcti()));
  CHECK(device->make_key(0x81010001).error().fault == Fault::invalid);
  CHECK(device->evict(0x81010001).error().fault == Fault::invalid);
  CHECK(device->key(first_key_handle).error().message.find("no key") != std::string::npos);
  CHECK(device->activate({.id_object = Bytes(3), .encrypted_secret = {}})
            .error()
            .message.find("challenge") != std::string::npos);
  const auto key = expect(device->make_key(first_key_handle));
  CHECK(key.sign_digest(Bytes(48)).error().fault == Fault::invalid);
  CHECK(
      device->registers(expect(words::parse_selection("sha384:0"))).error().message.find("bank") !=
      std::string::npos);
}
