#include "wire/voucher.h"

#include <catch2/catch.hpp>

#include "wire/json.h"

using namespace muster;
using namespace muster::wire;

namespace {

// The members of a whole voucher, for taking one away or putting another in its place.
Json members() {
  return Json::object({{"created-on", "2026-11-22T00:00:00Z"},
                       {"expires-on", "2027-11-22T00:00:00.500Z"},
                       {"assertion", "logged"},
                       {"serial-number", "JADA123456789"},
                       {"idevid-issuer", "BBQ="},
                       {"pinned-domain-cert", "MAA="},
                       {"domain-cert-revocation-checks", true},
                       {"last-renewal-date", "2026-12-22T00:00:00Z"}});
}

Json without(const Json& object, std::string_view key) {
  Json out = Json::object();
  for (const auto& [name, value] : *object.members())
    if (name != key) out.set(name, value);
  return out;
}

std::string wrap(const Json& inner) {
  return to_text(Json::object({{"ietf-voucher:voucher", inner}}));
}

// The pointer of the member that is refused; empty when none is.
std::string refused(const Json& inner) {
  const auto voucher = parse_voucher(wrap(inner));
  return voucher ? "" : voucher.error().field;
}

}  // namespace

TEST_CASE("every member of a voucher is read") {
  const Voucher v = expect(parse_voucher(wrap(members())));
  CHECK(rfc3339(v.created_on) == "2026-11-22T00:00:00.000Z");
  CHECK(rfc3339(*v.expires_on) == "2027-11-22T00:00:00.500Z");
  CHECK(v.assertion == VoucherAssertion::logged);
  CHECK(v.serial_number == "JADA123456789");
  CHECK(v.idevid_issuer == Bytes{0x04, 0x14});
  CHECK(v.pinned_domain_cert == Bytes{0x30, 0x00});
  CHECK(v.revocation_checks);
  CHECK_FALSE(v.nonce);
  CHECK(rfc3339(*v.last_renewal) == "2026-12-22T00:00:00.000Z");
}

TEST_CASE("a voucher with no more than it must have is read, and one for a nonce") {
  const char* least = R"({"ietf-voucher:voucher": {
    "created-on": "2016-10-07T19:31:42Z", "assertion": "proximity",
    "serial-number": "JADA123456789", "pinned-domain-cert": "MAA=",
    "nonce": "AAECAwQFBgc="}})";
  const Voucher v = expect(parse_voucher(least));
  CHECK(v.assertion == VoucherAssertion::proximity);
  CHECK(v.nonce == Bytes{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK_FALSE(v.expires_on);
  CHECK(v.idevid_issuer.empty());
  CHECK_FALSE(v.revocation_checks);
}

TEST_CASE("what is read can be written, and read the same") {
  for (const Json& inner :
       {members(), without(without(members(), "expires-on"), "last-renewal-date"),
        without(without(members(), "expires-on"), "last-renewal-date")
            .set("nonce", "AAECAwQFBgc=")}) {
    const Voucher v = expect(parse_voucher(wrap(inner)));
    CHECK(expect(parse_voucher(to_text(v))) == v);
  }
}

TEST_CASE("a voucher without a member that it must have names the member") {
  for (const std::string key : {"created-on", "assertion", "serial-number", "pinned-domain-cert"})
    CHECK(refused(without(members(), key)) == "/ietf-voucher:voucher/" + key);
  CHECK(refused(without(members(), "expires-on")) == "/ietf-voucher:voucher/last-renewal-date");
}

TEST_CASE("a member that breaks its rule is refused by name") {
  const std::pair<const char*, Json> bad[] = {{"created-on", "2026-11-22"},
                                              {"created-on", 1},
                                              {"expires-on", "2026-11-22T00:00:00Z"},
                                              {"expires-on", nullptr},
                                              {"assertion", "guessed"},
                                              {"serial-number", ""},
                                              {"serial-number", "a\nb"},
                                              {"serial-number", std::string(129, 'x')},
                                              {"idevid-issuer", ""},
                                              {"idevid-issuer", "BB Q="},
                                              {"idevid-issuer", "BBQ"},
                                              {"pinned-domain-cert", "not base64"},
                                              {"pinned-domain-cert", ""},
                                              {"domain-cert-revocation-checks", "true"},
                                              {"last-renewal-date", "soon"},
                                              {"nonce", "AAECAwQFBg=="},
                                              {"nonce", to_base64(Bytes(33, 1))},
                                              {"owner", "me"}};
  for (const auto& [key, value] : bad) {
    INFO(key << " " << to_text(value));
    CHECK(refused(members().set(key, value)) == std::string("/ietf-voucher:voucher/") + key);
  }
  CHECK(refused(members().set("nonce", "AAECAwQFBgc=")) == "/ietf-voucher:voucher/expires-on");
}

TEST_CASE("what is no voucher at all is refused") {
  CHECK_FALSE(parse_voucher(""));
  CHECK_FALSE(parse_voucher("[]"));
  CHECK_FALSE(parse_voucher("{}"));
  CHECK_FALSE(parse_voucher(R"({"ietf-voucher:voucher":[]})"));
  CHECK_FALSE(parse_voucher(to_text(members())));
  CHECK_FALSE(
      parse_voucher(to_text(Json::object({{"ietf-voucher:voucher", members()}, {"more", 1}}))));
  CHECK_FALSE(parse_voucher(std::string(voucher_max + 1, ' ')));
}
