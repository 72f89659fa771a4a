#include "crypto/ocsp.h"

#include <benchmark/benchmark.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "crypto/internal/openssl.h"
#include "crypto/internal/test_fleet_authority.h"

using namespace muster;
using namespace muster::crypto;

// One answer to one question, ours and OpenSSL's own way to the same octets; and the signature
// alone, which neither can go below.
namespace {

using ResponseHandle = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using BasicHandle = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using IdHandle = Owned<OCSP_CERTID, OCSP_CERTID_free>;
using TimeHandle = Owned<ASN1_TIME, ASN1_TIME_free>;

struct World {
  World()
      : key(expect(FileKey::generate(Algorithm::ecdsa_p256))),
        certificate(fleet.leaf({.use = Use::ocsp_responder,
                                .common_name = "Fleet OCSP",
                                .not_before = test_time - 1h,
                                .not_after = test_time + 24h},
                               key.public_key())),
        responder(expect(OcspResponder::make(fleet.issuing, certificate, key))),
        request(expect(make_ocsp_request({.ids = {responder.sha1_id(Serial{1, 2, 3})}}))) {}
  FleetAuthority fleet;
  FileKey key;
  Certificate certificate;
  OcspResponder responder;
  Bytes request;
};

void read_request(benchmark::State& state) {
  const World w;
  for (auto _ : state) benchmark::DoNotOptimize(parse_ocsp_request(w.request));
  state.SetItemsProcessed(state.iterations());
}

void answer(benchmark::State& state) {
  const World w;
  for (auto _ : state) {
    auto request = expect(parse_ocsp_request(w.request));
    const OcspAnswer answers[] = {{.id = std::move(request.ids[0]),
                                   .status = OcspStatus::good,
                                   .this_update = test_time,
                                   .next_update = test_time + 24h}};
    benchmark::DoNotOptimize(w.responder.respond(answers, test_time));
  }
  state.SetItemsProcessed(state.iterations());
}

void answer_with_openssl(benchmark::State& state) {
  const World w;
  const std::string pem = w.key.private_pem();
  const BioHandle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  const KeyHandle key{PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)};
  const std::uint8_t* der = w.certificate.der.data();
  const X509Handle signer{d2i_X509(nullptr, &der, static_cast<long>(w.certificate.der.size()))};
  const TimeHandle from{ASN1_TIME_set(nullptr, millis(test_time) / 1000)},
      until{ASN1_TIME_set(nullptr, millis(test_time) / 1000 + 86'400)};
  const Bytes id_der = expect(parse_ocsp_request(w.request)).ids[0].der;
  const std::uint8_t* at = id_der.data();
  const IdHandle id{d2i_OCSP_CERTID(nullptr, &at, static_cast<long>(id_der.size()))};
  for (auto _ : state) {
    const BasicHandle basic{OCSP_BASICRESP_new()};
    OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from.get(),
                           until.get());
    OCSP_basic_sign(basic.get(), signer.get(), key.get(), EVP_sha256(), nullptr, OCSP_RESPID_KEY);
    const ResponseHandle response{
        OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())};
    std::uint8_t* out = nullptr;
    i2d_OCSP_RESPONSE(response.get(), &out);
    OPENSSL_free(out);
  }
  state.SetItemsProcessed(state.iterations());
}

void signature_alone(benchmark::State& state) {
  const World w;
  const Bytes message(200, 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(w.key.sign(message));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(read_request);
BENCHMARK(answer);
BENCHMARK(answer_with_openssl);
BENCHMARK(signature_alone);

}  // namespace
