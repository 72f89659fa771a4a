// agent/internal/test_maker -- for tests: who makes releases and assigns them, with keys of its
// own. The test's thread.
#pragma once

#include <string>

#include "agent/trust.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "wire/update.h"

namespace muster::agent {

struct Maker {
  crypto::FileKey release_key = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  crypto::FileKey assignment_key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));

  Trust trust() const {
    return {.release_keys = {release_key.public_key()},
            .assignment_keys = {assignment_key.public_key()}};
  }

  static std::string sign(const wire::Json& content, const crypto::SigningKey& key) {
    return wire::envelope_text(content, {{to_hex(key.public_key().fingerprint()),
                                          expect(key.sign(bytes_of(wire::canonical(content))))}});
  }
  static std::string id_of(const wire::ReleaseMetadata& release) {
    return to_hex(crypto::sha256(bytes_of(wire::canonical(wire::to_json(release)))));
  }

  static wire::ReleaseMetadata release(std::string version, std::uint64_t sequence,
                                       std::string_view artifact, std::uint64_t floor = 0) {
    return {.model = expect(ModelId::parse("meter")),
            .version = std::move(version),
            .sequence = sequence,
            .floor = floor,
            .artifact_sha256 = to_hex(crypto::sha256(bytes_of(artifact))),
            .artifact_size = artifact.size(),
            .published = instant(1'700'000'000'000)};
  }

  wire::Offer offer(const wire::ReleaseMetadata& release, std::uint64_t number, bool back = false,
                    std::string_view device = "meter-1") const {
    const wire::Assignment assignment{.device = expect(DeviceId::parse(device)),
                                      .number = number,
                                      .release_id = id_of(release),
                                      .back = back,
                                      .issued = instant(1'700'000'000'000)};
    return {.release = sign(wire::to_json(release), release_key),
            .assignment = sign(wire::to_json(assignment), assignment_key),
            .path = "/artifacts/sha256/" + release.artifact_sha256};
  }
};

}  // namespace muster::agent
