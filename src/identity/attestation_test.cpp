#include "identity/attestation.h"

#include <catch2/catch.hpp>

#include "crypto/test_software_tpm.h"
#include "identity/internal/test_world.h"

using namespace muster;
using namespace muster::identity;
namespace words = muster::crypto::tpm;

namespace {

const auto three = words::selection_of({0, 1, 7});

// A device with a TPM in software; what it says of itself can be made wrong before it is sent.
struct Machine {
  explicit Machine(std::string name) : id(std::move(name)) {
    for (unsigned i = 0; i < words::registers_max; ++i) registers.emplace_back(32, 0x11);
  }
  words::PublicArea endorsement() const {
    return expect(words::parse_public(tpm.endorsement_area()));
  }
  Bytes ak_area() const {
    return words::signing_area(attestation_key.public_key(), words::attestation_attributes);
  }
  ChallengeRequest ask() const {
    return {.id = id,
            .ek_area = tpm.endorsement_area(),
            .ek_certificate = {},
            .ak_area = ak_area(),
            .from = "192.0.2.7:40000"};
  }
  BootEvidence boot(ByteView nonce, const words::Selection& selection) const {
    BootEvidence out;
    for (unsigned n = 0; n < words::registers_max; ++n)
      if (selection.registers >> n & 1) out.values.push_back(registers[n]);
    out.quote = words::quote_attest(nonce, selection,
                                    words::pcr_digest(out.values, words::HashAlgorithm::sha256));
    out.signature = words::tpm_signature(attestation_key, out.quote);
    return out;
  }
  TpmEnrolRequest answer(const TpmChallenge& challenge, const crypto::FileKey& key) const {
    const auto ak = expect(words::parse_public(ak_area()));
    const auto csr = expect(crypto::parse_csr(expect(crypto::make_csr(key, id))));
    TpmEnrolRequest out{
        .id = id,
        .secret = expect(tpm.activate(challenge.credential, ak.name)),
        .boot = boot(challenge.nonce, challenge.selection),
        .key_area = words::signing_area(key.public_key(), words::tls_attributes, false),
        .spki = csr.key.spki(),
        .csr_digest = csr.digest,
        .claimed_name = id,
        .from = "192.0.2.7:40000"};
    const auto area = expect(words::parse_public(out.key_area));
    out.certify = words::certify_attest(challenge.nonce, area.name);
    out.certify_signature = words::tpm_signature(attestation_key, out.certify);
    return out;
  }
  std::string id;
  words::SoftwareTpm tpm{words::Kind::ecc_p256};
  crypto::FileKey attestation_key = new_key();
  std::vector<Bytes> registers;
};

struct Floor : World {
  Floor() {
    expect_device("meter-1");
    expect(tpm().expect(device_id("meter-1"), machine.endorsement().fingerprint(), alice()));
  }
  Attestation& tpm() { return identity->attestation(); }
  TpmChallenge challenge() { return expect(tpm().challenge(machine.ask())); }
  Result<Bytes> send(const TpmEnrolRequest& request) { return issue(tpm().enrol(request)); }
  Verdict boots() {
    const auto wanted = expect(tpm().wanted(device_id("meter-1")));
    return expect(tpm().take(device_id("meter-1"), machine.boot(wanted.nonce, wanted.selection)));
  }
  Machine machine{"meter-1"};
};

template <class T>
std::string why(const Result<T>& result) {
  return result ? "accepted" : result.error().message;
}
bool has(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("a device enrols by its TPM, with the key that the TPM certifies and no other") {
  Floor w;
  const auto key = new_key();
  const auto request = w.machine.answer(w.challenge(), key);
  const auto der = expect(w.send(request));
  const auto certificate = expect(crypto::parse_certificate(der));
  CHECK(certificate.common_name == "meter-1");
  CHECK(certificate.key.spki() == key.public_key().spki());
  CHECK(w.state("meter-1") == inventory::Lifecycle::active);
  CHECK(w.tpm().in_tpm(device_id("meter-1")));
  CHECK(w.identity->authenticate(crypto::sha256(der)));

  SECTION("the answer that was lost is given again, to a new challenge") {
    const auto again = w.machine.answer(w.challenge(), key);
    auto same = again;
    same.csr_digest = request.csr_digest;
    CHECK(expect(w.send(same)) == der);
  }
  SECTION("it renews by its TPM, and without it is refused") {
    const auto next = new_key();
    const auto renewed = expect(w.send(w.machine.answer(w.challenge(), next)));
    CHECK(w.tpm().in_tpm(device_id("meter-1")));
    CHECK(has(why(w.renew(w.renewal(crypto::sha256(der), new_key()))), "TPM"));
    CHECK(w.last_cause() == "enrolment.refused: a renewal without its TPM");
    CHECK(w.identity->authenticate(crypto::sha256(renewed)));
  }
  SECTION("all of it is there after a restart, but the challenges") {
    const auto open = w.machine.answer(w.challenge(), new_key());
    w.restart();
    CHECK(w.tpm().in_tpm(device_id("meter-1")));
    CHECK(w.tpm().expected(device_id("meter-1")) == w.machine.endorsement().fingerprint());
    CHECK(has(why(w.send(open)), "no open challenge"));
    CHECK(w.boots().trust == Trust::unknown);
  }
}

TEST_CASE("a manifest names the TPM that is expected in a device, and no token is made for it") {
  World w;
  const Machine machine("meter-9");
  const auto maker = new_key();
  expect(w.identity->trust_manifest_key("maker", maker.public_key(), alice()));
  const auto import = [&](const std::string& rest, bool dry_run = false) {
    const auto text = R"({"format":"muster-manifest-1","owner":"City","devices":[{"id":"meter-9",)"
                      R"("model":"meter","ek_sha256":")" +
                      to_hex(machine.endorsement().fingerprint()) + "\"" + rest + "}]}";
    return w.identity->import_manifest(text, expect(maker.sign(bytes_of(text))), alice(), dry_run);
  };
  CHECK(has(why(import(",\"token_sha256\":\"" + std::string(64, 'a') + "\"")), "not by both"));
  CHECK(expect(import("")).tokens.empty());
  auto& tpm = w.identity->attestation();
  CHECK(tpm.expected(device_id("meter-9")) == machine.endorsement().fingerprint());
  const auto request = machine.answer(expect(tpm.challenge(machine.ask())), new_key());
  CHECK(w.issue(tpm.enrol(request)));
}

TEST_CASE("a token is taken back from a device whose TPM is expected") {
  Floor w;
  const auto token = w.expect_device("meter-2");
  const Machine other("meter-2");
  REQUIRE(w.tpm().expect(device_id("meter-2"), other.endorsement().fingerprint(), alice()));
  CHECK_FALSE(w.enrol(w.request("meter-2", token, new_key())));
  CHECK(
      has(why(w.tpm().expect(device_id("meter-2"), w.machine.endorsement().fingerprint(), alice())),
          "meter-1"));
  CHECK_FALSE(w.tpm().expect(device_id("nobody"), {}, alice()));
}

TEST_CASE("a challenge goes only to the TPM that is expected, for a key fit to attest") {
  Floor w;
  auto ask = w.machine.ask();
  ask.id = "meter-9";
  CHECK(has(why(w.tpm().challenge(ask)), "not accepted"));
  CHECK(w.last_cause() == "attestation.refused: unknown name meter-9");
  const Machine stranger("meter-1");
  CHECK(has(why(w.tpm().challenge(stranger.ask())), "not accepted"));
  CHECK(w.last_cause() == "attestation.refused: another TPM than the one expected");
  ask = w.machine.ask();
  ask.ak_area = words::signing_area(new_key().public_key(), words::tls_attributes);
  CHECK(has(why(w.tpm().challenge(ask)), "restricted"));
  w.expect_device("meter-3");
  ask = w.machine.ask();
  ask.id = "meter-3";
  CHECK(has(why(w.tpm().challenge(ask)), "not accepted"));
  CHECK(w.last_cause() == "attestation.refused: no TPM is expected in it");
}

TEST_CASE("each false statement is refused with its reason, and spends its challenge") {
  Floor w;
  const auto key = new_key();
  const auto refused = [&](auto&& spoil) {
    auto request = w.machine.answer(w.challenge(), key);
    const auto good = request;
    spoil(request);
    const auto text = why(w.send(request));
    CHECK(w.last_entry().entry.action == "attestation.refused");
    CHECK(has(why(w.send(good)), "no open challenge"));
    w.clock.pass(1min);
    return text;
  };
  const Machine other("meter-1");
  const auto wanted = words::selection_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14});
  CHECK(has(refused([&](auto& r) { r.boot = w.machine.boot(Bytes(32, 9), wanted); }),
            "another nonce"));
  CHECK(has(refused([&](auto& r) { r.boot.values[3][0] ^= 1; }), "not those"));
  CHECK(has(refused([&](auto& r) {
              r.boot.signature = words::tpm_signature(other.attestation_key, r.boot.quote);
            }),
            "not by the attestation key"));
  CHECK_FALSE(refused([&](auto& r) { r.boot.event_log = Bytes(40, 1); }).empty());
  CHECK(has(refused([&](auto& r) {
              r.certify = words::certify_attest(Bytes(32, 9), Bytes(34, 1));
              r.certify_signature = words::tpm_signature(w.machine.attestation_key, r.certify);
            }),
            "nonce"));
  CHECK(has(refused([&](auto& r) { r.spki = new_key().public_key().spki(); }),
            "not the key that the request"));
  CHECK(has(why(w.send([&] {
              auto request = w.machine.answer(w.challenge(), key);
              request.secret[0] ^= 1;
              return request;
            }())),
            "no open challenge"));
}

TEST_CASE("a challenge opens once, for two minutes, and for its device") {
  Floor w;
  const auto key = new_key();
  const auto request = w.machine.answer(w.challenge(), key);
  REQUIRE(w.send(request));
  CHECK(has(why(w.send(request)), "no open challenge"));
  CHECK(has(w.last_cause(), "replayed"));
  const auto late = w.machine.answer(w.challenge(), new_key());
  w.clock.pass(2min);
  CHECK(has(why(w.send(late)), "no open challenge"));
  Machine second("meter-2");
  w.expect_device("meter-2");
  REQUIRE(w.tpm().expect(device_id("meter-2"), second.endorsement().fingerprint(), alice()));
  auto crossed = w.machine.answer(w.challenge(), new_key());
  crossed.id = "meter-2";
  CHECK(has(why(w.send(crossed)), "no open challenge"));
}

TEST_CASE("of one device's challenges the newest eight are open") {
  Floor w;
  const auto first = w.machine.answer(w.challenge(), new_key());
  TpmChallenge last;
  for (int i = 0; i < 8; ++i) last = w.challenge();
  CHECK(has(why(w.send(first)), "no open challenge"));
  CHECK(why(w.send(w.machine.answer(last, new_key()))) == "accepted");
}

TEST_CASE("what is expected may change while the signer is at it") {
  Floor w;
  auto enrolment = w.tpm().enrol(w.machine.answer(w.challenge(), new_key()));
  REQUIRE(enrolment);
  const Machine other("meter-1");
  REQUIRE(w.tpm().expect(device_id("meter-1"), other.endorsement().fingerprint(), alice()));
  CHECK(has(why(w.issue(std::move(enrolment))), "another TPM"));
  CHECK_FALSE(w.tpm().in_tpm(device_id("meter-1")));
}

TEST_CASE("a policy says what was booted well, and a change is told once") {
  Floor w;
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  std::vector<std::string> told;
  w.tpm().on_verdict([&](const auto& device, const Verdict& v, const AttestationPolicy* p) {
    told.push_back(device.id.text() + " " + name_of(v.trust) + (p && p->isolate ? " isolate" : ""));
  });
  const auto meter = expect(ModelId::parse("meter"));
  AttestationPolicy policy{.model = meter, .selection = three, .isolate = true};
  policy = expect(w.tpm().learn(policy, device_id("meter-1")));
  REQUIRE(w.tpm().set_policy(policy, alice()));
  CHECK(w.tpm().verdict(device_id("meter-1")).trust == Trust::trusted);
  CHECK(w.boots().trust == Trust::trusted);
  CHECK(told == std::vector<std::string>{"meter-1 trusted isolate"});

  w.machine.registers[8] = Bytes(32, 0x77);  // of no interest to the policy
  CHECK(w.boots().trust == Trust::trusted);
  w.machine.registers[7] = Bytes(32, 0x77);
  const auto failed = w.boots();
  CHECK(failed.trust == Trust::failed);
  CHECK(has(failed.why, "PCR 7"));
  CHECK(w.boots().trust == Trust::failed);
  CHECK(told.size() == 2);
  CHECK(w.count("attestation.failed") == 1);
  CHECK(has(why(w.send(w.machine.answer(w.challenge(), new_key()))), "PCR 7"));

  SECTION("it is there after a restart") {
    w.restart();
    CHECK(w.tpm().verdict(device_id("meter-1")) == failed);
    CHECK(w.tpm().policies().size() == 1);
  }
  SECTION("a release has a policy of its own") {
    policy.release_id = std::string(64, 'a');
    policy.values[2] = Bytes(32, 0x77);
    REQUIRE(w.tpm().set_policy(policy, alice()));
    CHECK(w.boots().trust == Trust::failed);
    REQUIRE(w.inventory->reported(device_id("meter-1"), "2.0", policy.release_id, {}));
    CHECK(w.boots().trust == Trust::trusted);
    REQUIRE(w.tpm().drop_policy(meter, policy.release_id, alice()));
    CHECK(w.boots().trust == Trust::failed);
    CHECK_FALSE(w.tpm().drop_policy(meter, policy.release_id, alice()));
  }
  SECTION("evidence grows old") {
    w.machine.registers[7] = Bytes(32, 0x11);
    CHECK(w.boots().trust == Trust::trusted);
    w.clock.pass(49h);
    CHECK(w.tpm().verdict(device_id("meter-1")).trust == Trust::unknown);
  }
}

TEST_CASE(
    "an update is no failure: the release on its way counts, and the new one is asked about") {
  Floor w;
  const auto id = device_id("meter-1");
  const std::string next(64, 'a');
  std::string offered;
  w.tpm().on_its_way([&](const DeviceId&) { return offered; });
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  w.inventory->contact(id, true);
  AttestationPolicy policy{.model = expect(ModelId::parse("meter")), .selection = three};
  policy = expect(w.tpm().learn(policy, id));
  REQUIRE(w.tpm().set_policy(policy, alice()));
  const auto report = [&](const std::string& release) {
    REQUIRE(w.inventory->reported(id, release.substr(0, 1), release, {}));
    w.tpm().release_told(*w.inventory->find(id));
  };
  auto updated = policy;
  updated.release_id = next;
  updated.values[2] = Bytes(32, 0x77);

  SECTION("between its first start and its report") {
    REQUIRE(w.tpm().set_policy(updated, alice()));
    w.machine.registers[7] = Bytes(32, 0x77);
    offered = next;
    CHECK(w.boots().trust == Trust::trusted);
    offered.clear();
    report(next);
    CHECK(w.tpm().verdict(id).trust == Trust::trusted);
    CHECK(w.tpm().due() == std::vector{id});
    CHECK(w.boots().trust == Trust::trusted);
    CHECK(w.tpm().due().empty());
    CHECK(w.count("attestation.failed") == 0);
  }
  SECTION("an offer excuses nothing but its own release") {
    REQUIRE(w.tpm().set_policy(updated, alice()));
    offered = next;
    w.machine.registers[7] = Bytes(32, 0x66);
    CHECK(w.boots().trust == Trust::failed);
    report(next);
    CHECK(w.tpm().verdict(id).trust == Trust::failed);  // words alone do not mend it
  }
  SECTION("what was shown before says nothing of a release with other values") {
    REQUIRE(w.tpm().set_policy(updated, alice()));
    report(next);
    CHECK(w.tpm().verdict(id).trust == Trust::unknown);
    CHECK(has(w.tpm().verdict(id).why, "another release"));
    CHECK(w.tpm().due() == std::vector{id});
  }
  SECTION("a policy that is set later does not make old evidence young") {
    w.clock.pass(25h);
    REQUIRE(w.tpm().set_policy(policy, alice()));
    w.clock.pass(24h);
    CHECK(w.tpm().verdict(id).trust == Trust::unknown);
  }
}

TEST_CASE("registers that systemd's stub extends are learnt as well") {
  Floor w;
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  const AttestationPolicy policy{.model = expect(ModelId::parse("meter")),
                                 .selection = words::selection_of({4, 11, 12, 13})};
  CHECK(w.tpm().learn(policy, device_id("meter-1")));
}

TEST_CASE("each register is told beside what the policy expects in it") {
  Floor w;
  CHECK(w.tpm().registers(device_id("meter-1")).empty());
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  const auto meter = expect(ModelId::parse("meter"));
  AttestationPolicy policy{.model = meter,
                           .selection = words::selection_of({7, 20}),
                           .values = {Bytes(32, 0x22), Bytes(32, 0x33)}};
  REQUIRE(w.tpm().set_policy(policy, alice()));
  const auto registers = w.tpm().registers(device_id("meter-1"));
  const auto at = [&](unsigned number) {
    return *std::ranges::find(registers, number, &Register::number);
  };
  CHECK(at(0).shown == Bytes(32, 0x11));
  CHECK_FALSE(at(0).expected);
  CHECK(at(7).shown == Bytes(32, 0x11));
  CHECK(at(7).expected == Bytes(32, 0x22));
  CHECK_FALSE(at(20).shown);
  CHECK(at(20).expected == Bytes(32, 0x33));
  CHECK(registers.back().number == 20);
}

TEST_CASE("evidence counts once, and only when it was asked for") {
  Floor w;
  CHECK(has(why(w.tpm().wanted(device_id("meter-1"))), "no attestation key"));
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  const auto id = device_id("meter-1");
  const auto wanted = expect(w.tpm().wanted(id));
  const auto boot = w.machine.boot(wanted.nonce, wanted.selection);
  CHECK(w.tpm().take(id, boot));
  CHECK(has(why(w.tpm().take(id, boot)), "no evidence is asked for"));
  const auto late = expect(w.tpm().wanted(id));
  w.clock.pass(2min);
  CHECK_FALSE(w.tpm().take(id, w.machine.boot(late.nonce, late.selection)));
  const auto again = expect(w.tpm().wanted(id));
  const auto replayed = expect(w.tpm().take(id, w.machine.boot(late.nonce, again.selection)));
  CHECK(replayed.trust == Trust::failed);
  CHECK(has(replayed.why, "another nonce"));
}

TEST_CASE("devices that are here are asked in time, and at once when an operator wants to know") {
  Floor w;
  const auto id = device_id("meter-1");
  CHECK_FALSE(w.tpm().ask_again(id, alice()));
  REQUIRE(w.send(w.machine.answer(w.challenge(), new_key())));
  CHECK(w.tpm().due().empty());
  REQUIRE(w.tpm().ask_again(id, alice()));
  CHECK(w.tpm().due().empty());  // it is not here
  w.inventory->contact(id, true);
  CHECK(w.tpm().due() == std::vector{id});
  CHECK(w.tpm().due().empty());
  w.boots();
  w.clock.pass(23h);
  CHECK(w.tpm().due().empty());
  w.clock.pass(1h);
  CHECK(w.tpm().due() == std::vector{id});
  w.clock.pass(1h);
  CHECK(w.tpm().due() == std::vector{id});  // it did not answer
}

TEST_CASE("policies that make no sense are refused") {
  Floor w;
  const auto meter = expect(ModelId::parse("meter"));
  AttestationPolicy policy{.model = meter, .selection = three, .values = {Bytes(32)}};
  CHECK(has(why(w.tpm().set_policy(policy, alice())), "one SHA-256 value for each"));
  policy.values.assign(3, Bytes(31));
  CHECK_FALSE(w.tpm().set_policy(policy, alice()));
  policy.values.assign(3, Bytes(32));
  policy.every = 1s;
  CHECK(has(why(w.tpm().set_policy(policy, alice())), "minute"));
  policy.every = 1h;
  policy.selection.bank = words::HashAlgorithm::sha384;
  CHECK(has(why(w.tpm().set_policy(policy, alice())), "sha256"));
  CHECK_FALSE(w.tpm().learn(policy, device_id("meter-1")));
}
