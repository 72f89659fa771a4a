#include "crypto/ocsp.h"

#include <openssl/ocsp.h>

#include "crypto/internal/openssl.h"
#include "crypto/internal/test_fleet_authority.h"
#include "crypto/internal/test_openssl_tool.h"
#include "crypto/internal/test_refusals.h"

using namespace muster;
using namespace muster::crypto;

namespace {

using ResponseHandle = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using BasicHandle = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using IdHandle = Owned<OCSP_CERTID, OCSP_CERTID_free>;

X509Handle x509_of(const Certificate& certificate) {
  const std::uint8_t* at = certificate.der.data();
  return X509Handle(d2i_X509(nullptr, &at, static_cast<long>(certificate.der.size())));
}

struct Responder {
  explicit Responder(Algorithm algorithm = Algorithm::ecdsa_p256)
      : fleet(algorithm),
        key(expect(FileKey::generate(algorithm))),
        certificate(fleet.leaf(profile(), key.public_key())),
        responder(expect(OcspResponder::make(fleet.issuing, certificate, key))),
        leaf(fleet.leaf(FleetAuthority::client("meter-7"), fleet.root_key.public_key())) {}

  static Profile profile() {
    return {.use = Use::ocsp_responder,
            .common_name = "Fleet OCSP",
            .not_before = test_time - 1h,
            .not_after = test_time + 24h * 14};
  }
  OcspAnswer answer(OcspStatus status, bool sha256 = false) const {
    return {.id = sha256 ? responder.sha256_id(leaf.serial) : responder.sha1_id(leaf.serial),
            .status = status,
            .revoked_at = test_time - 2h,
            .reason = RevocationReason::key_compromise,
            .this_update = test_time - 1min,
            .next_update = test_time + 24h};
  }

  FleetAuthority fleet;
  FileKey key;
  Certificate certificate;
  OcspResponder responder;
  Certificate leaf;
};

// What OpenSSL's own reader makes of a response, after it has verified it.
struct Reading {
  int status = -1, reason = -1;
  std::string revoked_at, this_update, next_update;
  std::string nonce;
};

std::string text_of_time(const ASN1_GENERALIZEDTIME* time) {
  return time ? std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                            static_cast<std::size_t>(ASN1_STRING_length(time)))
              : "";
}

Reading read(const Responder& r, const Bytes& der, const EVP_MD* digest) {
  const std::uint8_t* at = der.data();
  const ResponseHandle response{d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()))};
  REQUIRE(response);
  REQUIRE(at == der.data() + der.size());
  REQUIRE(OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL);
  const BasicHandle basic{OCSP_response_get1_basic(response.get())};
  REQUIRE(basic);
  const X509Handle root = x509_of(r.fleet.root), issuing = x509_of(r.fleet.issuing),
                   leaf = x509_of(r.leaf);
  const StoreHandle store{X509_STORE_new()};
  X509_STORE_add_cert(store.get(), root.get());
  X509_STORE_add_cert(store.get(), issuing.get());
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store.get()), millis(test_time) / 1000);
  REQUIRE(OCSP_basic_verify(basic.get(), nullptr, store.get(), 0) == 1);
  const IdHandle id{OCSP_cert_to_id(digest, leaf.get(), issuing.get())};
  Reading out;
  ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
  REQUIRE(OCSP_resp_find_status(basic.get(), id.get(), &out.status, &out.reason, &revoked, &from,
                                &until) == 1);
  out.revoked_at = text_of_time(revoked);
  out.this_update = text_of_time(from);
  out.next_update = text_of_time(until);
  const int nonce = OCSP_BASICRESP_get_ext_by_NID(basic.get(), NID_id_pkix_OCSP_Nonce, -1);
  if (nonce >= 0) {
    const ASN1_OCTET_STRING* value =
        X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic.get(), nonce));
    out.nonce =
        to_hex({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
  }
  return out;
}

Bytes hex(std::string_view text) {
  return expect(from_hex(text));
}

// What others' clients wrote for one serial, octet by octet.
constexpr std::string_view serial = "77bc0b8cb865731623b3af07219ada5aad5ba407";
constexpr std::string_view openssl_sha1_nonce =  // openssl ocsp -reqout
    "307a30783051304f304d300906052b0e03021a0500041411048cd20cb3592307d019fd0889562b62d364920414"
    "cda784646f44938e86f56b7236020e6d4b4c1155021477bc0b8cb865731623b3af07219ada5aad5ba407a22330"
    "21301f06092b060105050730010204120410e3e188e0434e183438ce7f316f3d26f5";
constexpr std::string_view openssl_sha256_two =  // openssl ocsp -sha256 -no_nonce, two -cert
    "3081e03081dd3081da306b3069300d0609608648016503040201050004206d55a0a38e5290f86e181e6a9c8e91"
    "f3aa5ee0e0ca89d5b77fff1495919332710420754187464b404d1dafeb9117dec186a4432dea4b742b320686eb"
    "3bc1204120c7021477bc0b8cb865731623b3af07219ada5aad5ba407306b3069300d0609608648016503040201"
    "050004206d55a0a38e5290f86e181e6a9c8e91f3aa5ee0e0ca89d5b77fff1495919332710420754187464b404d"
    "1dafeb9117dec186a4432dea4b742b320686eb3bc1204120c702145ff64eeb092f8ff14c1cf81f5d6c9d608d3c"
    "84e3";
constexpr std::string_view openssl_signed =  // openssl ocsp -signer
    "3082020b30818aa110a40e300c310a300806035504030c016c3051304f304d300906052b0e03021a0500041411"
    "048cd20cb3592307d019fd0889562b62d364920414cda784646f44938e86f56b7236020e6d4b4c1155021477bc"
    "0b8cb865731623b3af07219ada5aad5ba407a2233021301f06092b0601050507300102041204108e8d69a2f646"
    "ec010a1463908c02929ba082017a30820176300a06082a8648ce3d0403020348003045022100a65633754331a5"
    "2ea7214b9aeb92b1ab4ec950fc0b3c4e4ef4cef8bb34011a50022055e2c9692c673490891a0ceae04ed27d2016"
    "d15e321a4dacd912d7cd28955303a082011c30820118308201143081ba021477bc0b8cb865731623b3af07219a"
    "da5aad5ba407300a06082a8648ce3d040302300d310b300906035504030c026361301e170d3236313132323038"
    "333233395a170d3236313231323038333233395a300c310a300806035504030c016c3059301306072a8648ce3d"
    "020106082a8648ce3d030107034200044be752976cadc43369328e803bc0234df196684be5e2e8c69a0fd2d2bf"
    "f94f201bb5a9da84ca149936e55b4753a56a7d8124bffd21f857bc01e70a70833b1163300a06082a8648ce3d04"
    "03020349003046022100f4fac8595dcdfc9c6c95fccb0b0c3966613c09c6c6d2b51390942833d30b8eb1022100"
    "99d65b9ea16fa07e913e864f6142c2a131a0a1e41aae4321ee92b095257c2b81";
constexpr std::string_view gnutls_sha1 =  // ocsptool --generate-request
    "305530533051304f304d300906052b0e03021a0500041411048cd20cb3592307d019fd0889562b62d364920414"
    "cda784646f44938e86f56b7236020e6d4b4c1155021477bc0b8cb865731623b3af07219ada5aad5ba407";

}  // namespace

TEST_CASE("the requests that openssl and gnutls send are read") {
  const auto nonced = expect(parse_ocsp_request(hex(openssl_sha1_nonce)));
  REQUIRE(nonced.ids.size() == 1);
  CHECK(nonced.ids[0].serial == hex(serial));
  CHECK(nonced.ids[0].issuer_name_hash.size() == 20);
  CHECK(to_hex(nonced.nonce) == "e3e188e0434e183438ce7f316f3d26f5");

  const auto two = expect(parse_ocsp_request(hex(openssl_sha256_two)));
  REQUIRE(two.ids.size() == 2);
  CHECK(two.ids[0].serial == hex(serial));
  CHECK(two.ids[1].issuer_key_hash.size() == 32);
  CHECK(two.nonce.empty());

  CHECK(expect(parse_ocsp_request(hex(openssl_signed))).ids == nonced.ids);
  CHECK(expect(parse_ocsp_request(hex(gnutls_sha1))).ids == nonced.ids);
  for (const std::string_view text : {openssl_sha1_nonce, openssl_sha256_two, gnutls_sha1})
    CHECK(expect(make_ocsp_request(expect(parse_ocsp_request(hex(text))))) == hex(text));
}

TEST_CASE("a request cut short, grown, with an odd hash or asking after too many is refused") {
  const Bytes whole = hex(openssl_sha1_nonce);
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_FALSE(parse_ocsp_request(ByteView(whole).first(size)));
  Bytes grown = whole;
  grown.push_back(0);
  CHECK_FALSE(parse_ocsp_request(grown));
  CHECK_FALSE(parse_ocsp_request(Bytes(ocsp_request_bytes_max + 1, 0x30)));

  std::string odd(openssl_sha1_nonce);
  odd.replace(odd.find("052b0e03021a"), 12, "052b0e03021b");
  CHECK(mentions(parse_ocsp_request(hex(odd)).error().message, "1.3.14.3.2.27"));

  OcspRequest many = expect(parse_ocsp_request(hex(gnutls_sha1)));
  many.ids.resize(ocsp_ids_max, many.ids.front());
  CHECK(expect(parse_ocsp_request(expect(make_ocsp_request(many)))).ids.size() == ocsp_ids_max);
  many.ids.push_back(many.ids.front());
  CHECK_FALSE(make_ocsp_request(many));
  CHECK_FALSE(make_ocsp_request({}));
  many.ids.resize(1);
  many.nonce.assign(ocsp_nonce_bytes_max + 1, 7);
  CHECK_FALSE(make_ocsp_request(many));
  CHECK_FALSE(
      parse_ocsp_request(hex("30043002"
                             "3000")));  // asks after nothing
}

TEST_CASE("OpenSSL verifies our answers and reads good, revoked and unknown in them") {
  for (Algorithm algorithm : {Algorithm::ecdsa_p256, Algorithm::ecdsa_p384, Algorithm::ed25519}) {
    const Responder r(algorithm);
    const OcspAnswer good[] = {r.answer(OcspStatus::good)};
    const Reading a = read(r, expect(r.responder.respond(good, test_time)), EVP_sha1());
    CHECK(a.status == V_OCSP_CERTSTATUS_GOOD);
    CHECK(a.this_update == "20260921141220Z");
    CHECK(a.next_update == "20260922141320Z");
    CHECK(a.nonce.empty());

    const OcspAnswer revoked[] = {r.answer(OcspStatus::revoked, true)};
    const Reading b = read(r, expect(r.responder.respond(revoked, test_time)), EVP_sha256());
    CHECK(b.status == V_OCSP_CERTSTATUS_REVOKED);
    CHECK(b.reason == OCSP_REVOKED_STATUS_KEYCOMPROMISE);
    CHECK(b.revoked_at == "20260921121320Z");

    OcspAnswer unknown[] = {r.answer(OcspStatus::good), r.answer(OcspStatus::unknown, true)};
    unknown[0].id = r.responder.sha256_id(Bytes{1});
    const Reading c =
        read(r, expect(r.responder.respond(unknown, test_time, Bytes(16, 0xab))), EVP_sha256());
    CHECK(c.status == V_OCSP_CERTSTATUS_UNKNOWN);
    CHECK(c.nonce == "0410" + to_hex(Bytes(16, 0xab)));
  }
}

TEST_CASE("the openssl program asks, and takes our answer for its question, nonce and all") {
  OpensslTool tool;
  const Responder r;
  tool.put("root.pem", certificate_pem(r.fleet.root.der));
  tool.put("issuing.pem", certificate_pem(r.fleet.issuing.der));
  tool.put("leaf.pem", certificate_pem(r.leaf.der));
  REQUIRE(tool.run({"ocsp", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-reqout", "q.der"}));
  const auto request = expect(parse_ocsp_request(tool.get_bytes("q.der")));
  REQUIRE(request.ids.size() == 1);
  CHECK(r.responder.is_for(request.ids[0]));
  CHECK(request.ids[0] == r.responder.sha1_id(r.leaf.serial));
  CHECK_FALSE(Responder().responder.is_for(request.ids[0]));

  const auto ask = [&](OcspStatus status) {
    OcspAnswer answers[] = {r.answer(status)};
    answers[0].id = request.ids[0];
    tool.put("a.der", expect(r.responder.respond(answers, test_time, request.nonce)));
    return tool.run({"ocsp", "-no_nonce", "-reqin", "q.der", "-respin", "a.der", "-issuer",
                     "issuing.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-verify_other",
                     "issuing.pem", "-attime", std::to_string(millis(test_time) / 1000),
                     "-validity_period", "1000000000"});
  };
  CHECK(ask(OcspStatus::good));
  INFO(tool.output());
  CHECK(mentions(tool.output(), "Response verify OK"));
  CHECK(mentions(tool.output(), "leaf.pem: good"));
  CHECK_FALSE(mentions(tool.output(), "no nonce"));
  ask(OcspStatus::revoked);
  CHECK(mentions(tool.output(), "leaf.pem: revoked"));
  CHECK(mentions(tool.output(), "keyCompromise"));

  tool.put("a.der", make_ocsp_refusal(OcspRefusal::try_later));
  tool.run({"ocsp", "-respin", "a.der"});
  CHECK(mentions(tool.output(), "trylater"));
  CHECK(make_ocsp_refusal(OcspRefusal::malformed_request) == hex("30030a0101"));
  CHECK(make_ocsp_refusal(OcspRefusal::unauthorized) == hex("30030a0106"));
}

TEST_CASE("a responder's certificate is for signing answers only, and nobody asks after it") {
  OpensslTool tool;
  const Responder r;
  CHECK(r.certificate.ocsp_signing);
  CHECK_FALSE(r.certificate.client_auth);
  CHECK_FALSE(r.certificate.server_auth);
  tool.put("r.pem", certificate_pem(r.certificate.der));
  tool.put("root.pem", certificate_pem(r.fleet.root.der));
  tool.put("issuing.pem", certificate_pem(r.fleet.issuing.der));
  REQUIRE(tool.run({"x509", "-in", "r.pem", "-noout", "-text"}));
  CHECK(mentions(tool.output(), "OCSP Signing"));
  CHECK(mentions(tool.output(), "OCSP No Check"));
  CHECK(tool.run({"verify", "-x509_strict", "-purpose", "ocsphelper", "-attime",
                  std::to_string(millis(test_time) / 1000), "-CAfile", "root.pem", "-untrusted",
                  "issuing.pem", "r.pem"}));
  Profile named = Responder::profile();
  named.dns_names = {"ocsp.example"};
  CHECK_FALSE(issue(named, r.key.public_key(), Serial{1}, &r.fleet.issuing, r.fleet.issuing_key));
}

TEST_CASE("a leaf says where to ask after it") {
  OpensslTool tool;
  const Responder r;
  Profile profile = FleetAuthority::client("meter-8");
  profile.ocsp_url = "http://muster.example/ocsp";
  tool.put("l.pem", certificate_pem(r.fleet.leaf(profile, r.key.public_key()).der));
  REQUIRE(tool.run({"x509", "-in", "l.pem", "-noout", "-ocsp_uri"}));
  CHECK(mentions(tool.output(), "http://muster.example/ocsp"));
  profile.ocsp_url = "not a uri";
  CHECK_FALSE(issue(profile, r.key.public_key(), Serial{1}, &r.fleet.issuing, r.fleet.issuing_key));
}

TEST_CASE("nobody answers but the issuer's own delegate, with its own key") {
  const Responder r, other;
  CHECK_FALSE(OcspResponder::make(r.fleet.issuing, r.leaf, r.fleet.root_key));
  CHECK_FALSE(OcspResponder::make(r.fleet.issuing, r.certificate, other.key));
  CHECK_FALSE(OcspResponder::make(r.fleet.root, r.certificate, r.key));
  CHECK_FALSE(OcspResponder::make(r.leaf, r.certificate, r.key));
  CHECK_FALSE(OcspResponder::make(r.fleet.issuing, r.fleet.issuing, r.fleet.issuing_key));
}

TEST_CASE("an answer about nothing, without a future, or a response without answers is refused") {
  const Responder r;
  CHECK_FALSE(r.responder.respond({}, test_time));
  OcspAnswer answer = r.answer(OcspStatus::good);
  CHECK(r.responder.respond({&answer, 1}, test_time));
  CHECK_FALSE(r.responder.respond(std::vector<OcspAnswer>(ocsp_ids_max + 1, answer), test_time));
  CHECK_FALSE(r.responder.respond({&answer, 1}, test_time, Bytes(129, 1)));
  answer.next_update = answer.this_update;
  CHECK_FALSE(r.responder.respond({&answer, 1}, test_time));
  answer = {.id = {}, .this_update = test_time, .next_update = test_time + 1h};
  CHECK_FALSE(r.responder.respond({&answer, 1}, test_time));
}
