// crypto/internal/test_maker -- for tests only: a maker of devices, whose CA gives each a birth
// certificate (IEEE 802.1AR) with the serial number in its subject, as no profile of ours has it.
// The test's thread.
#pragma once

#include "crypto/certificate.h"
#include "crypto/internal/der.h"
#include "crypto/internal/x509.h"

namespace muster::crypto {

struct BornDevice {
  FileKey key;
  std::vector<Bytes> chain;  // DER, leaf first, without the root
};

class TestMaker {
 public:
  static constexpr Instant begins = Instant(Duration(1'790'000'000'000));  // 2026-09-21

  struct Birth {
    Instant not_after = Instant(Duration(253'402'300'799'000));  // 99991231235959Z
    bool intermediate = false;
  };

  TestMaker()
      : root_key_(made()),
        issuing_key_(made()),
        root(authority("Acme Root", root_key_, nullptr, 1)) {}

  BornDevice bear(std::string_view serial) const { return bear(serial, Birth()); }
  BornDevice bear(std::string_view serial, Birth birth) const {
    const auto issuing = authority("Acme Devices", issuing_key_, &root, 2);
    const auto& issuer = birth.intermediate ? issuing : root;
    BornDevice out{.key = made(), .chain = {}};
    out.chain.push_back(expect(signed_by(birth.intermediate ? issuing_key_ : root_key_,
                                         body(serial, birth, issuer, out.key.public_key()))));
    if (birth.intermediate) out.chain.push_back(issuing.der);
    return out;
  }

 private:
  static FileKey made() { return expect(FileKey::generate(Algorithm::ecdsa_p256)); }

  Certificate authority(std::string name, const FileKey& key, const Certificate* issuer,
                        std::uint8_t number) const {
    const Profile profile{.use = issuer ? Use::issuing_ca : Use::root_ca,
                          .common_name = std::move(name),
                          .not_before = begins,
                          .not_after = begins + 24h * 18250};
    return expect(
        parse_certificate(expect(issue(profile, key.public_key(), {number}, issuer, root_key_))));
  }

  static void write_subject(der::Writer& out, std::string_view serial) {
    const auto attribute = [&](std::uint8_t id, std::string_view value) {
      out.nest(der::set, [&] {
        out.nest(der::sequence, [&] {
          const std::uint8_t oid[] = {0x55, 0x04, id};
          out.object(oid);
          out.text(der::printable_string, value);
        });
      });
    };
    out.nest(der::sequence, [&] {
      attribute(3, "Acme device");
      attribute(5, serial);
    });
  }

  static Bytes body(std::string_view serial, const Birth& birth, const Certificate& issuer,
                    const PublicKey& key) {
    der::Writer out;
    out.nest(der::sequence, [&] {
      out.nest(der::context_constructed(0), [&] { out.number(2); });
      out.number(ByteView(key.fingerprint()).first(8));
      out.nest(der::sequence, [&] {  // ecdsa-with-SHA256
        const std::uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
        out.object(oid);
      });
      out.raw(issuer.subject_der);
      out.nest(der::sequence, [&] {
        out.time(begins);
        out.time(birth.not_after);
      });
      write_subject(out, serial);
      out.raw(key.spki());
      out.nest(der::context_constructed(3), [&] {
        out.nest(der::sequence, [&] {
          write_extension(out, ExtensionId::authority_key_identifier, false, [&] {
            out.nest(der::sequence, [&] { out.element(der::context(0), issuer.subject_key_id); });
          });
        });
      });
    });
    return out.take();
  }

  FileKey root_key_, issuing_key_;

 public:
  Certificate root;
};

}  // namespace muster::crypto
