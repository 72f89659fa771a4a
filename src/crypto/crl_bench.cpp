#include "crypto/crl.h"

#include <benchmark/benchmark.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/internal/openssl.h"
#include "crypto/internal/test_fleet_authority.h"

using namespace muster;
using namespace muster::crypto;

// Lists of range(0) entries with serials of 16 octets: ours, and OpenSSL's own way to the same
// list.
namespace {

using ListHandle = Owned<X509_CRL, X509_CRL_free>;
using TimeHandle = Owned<ASN1_TIME, ASN1_TIME_free>;
using NumberHandle = Owned<ASN1_INTEGER, ASN1_INTEGER_free>;
using BigHandle = Owned<BIGNUM, BN_free>;

Serial serial_of(std::uint64_t i) {
  const Hash hash = sha256({reinterpret_cast<const std::uint8_t*>(&i), sizeof i});
  Serial out;
  std::copy(hash.begin(), hash.begin() + out.size(), out.begin());
  out[0] = static_cast<std::uint8_t>((out[0] & 0x7f) | 0x01);
  return out;
}

std::vector<Serial> serials(const benchmark::State& state) {
  std::vector<Serial> out;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    out.push_back(serial_of(static_cast<std::uint64_t>(i)));
  return out;
}

// Nobody revokes all at the same moment.
Instant revoked_at(std::size_t i) {
  return test_time - std::chrono::seconds(i / 10);
}

Bytes write_list(const FleetAuthority& fleet, const std::vector<Serial>& revoked) {
  auto list = expect(CrlWriter::open(
      {.number = 1, .this_update = test_time, .next_update = test_time + 24h, .scope = {}},
      fleet.issuing, fleet.issuing_key, revoked.size()));
  for (std::size_t i = 0; i < revoked.size(); ++i)
    expect(list.add(revoked[i], revoked_at(i), RevocationReason::unspecified));
  return expect(std::move(list).finish());
}

void revoke(benchmark::State& state) {
  const FleetAuthority fleet;
  const auto revoked = serials(state);
  std::size_t size = 0;
  for (auto _ : state) size = write_list(fleet, revoked).size();
  state.counters["octets"] = static_cast<double>(size);
}

void revoke_with_openssl(benchmark::State& state) {
  const FleetAuthority fleet;
  const auto revoked = serials(state);
  const std::string pem = fleet.issuing_key.private_pem();
  const BioHandle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  const KeyHandle key{PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)};
  int size = 0;
  for (auto _ : state) {
    const ListHandle list{X509_CRL_new()};
    X509_CRL_set_version(list.get(), 1);
    const TimeHandle now{ASN1_TIME_set(nullptr, millis(test_time) / 1000)};
    X509_CRL_set1_lastUpdate(list.get(), now.get());
    X509_CRL_set1_nextUpdate(list.get(), now.get());
    for (std::size_t i = 0; i < revoked.size(); ++i) {
      X509_REVOKED* entry = X509_REVOKED_new();
      const BigHandle big{
          BN_bin2bn(revoked[i].data(), static_cast<int>(revoked[i].size()), nullptr)};
      const NumberHandle serial{BN_to_ASN1_INTEGER(big.get(), nullptr)};
      const TimeHandle at{ASN1_TIME_set(nullptr, millis(revoked_at(i)) / 1000)};
      X509_REVOKED_set_serialNumber(entry, serial.get());
      X509_REVOKED_set_revocationDate(entry, at.get());
      X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_sort(list.get());
    X509_CRL_sign(list.get(), key.get(), EVP_sha256());
    std::uint8_t* der = nullptr;
    size = i2d_X509_CRL(list.get(), &der);
    OPENSSL_free(der);
  }
  state.counters["octets"] = size;
}

void read_list(benchmark::State& state) {
  const FleetAuthority fleet;
  const Bytes der = write_list(fleet, serials(state));
  for (auto _ : state) benchmark::DoNotOptimize(parse_crl(der, fleet.issuing));
}

void read_list_with_openssl(benchmark::State& state) {
  const FleetAuthority fleet;
  const Bytes der = write_list(fleet, serials(state));
  for (auto _ : state) {
    const std::uint8_t* at = der.data();
    const ListHandle list{d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size()))};
    benchmark::DoNotOptimize(list.get());
  }
}

#define SIZES Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond)
BENCHMARK(revoke)->SIZES;
BENCHMARK(revoke_with_openssl)->SIZES;
BENCHMARK(read_list)->SIZES;
BENCHMARK(read_list_with_openssl)->SIZES;
#undef SIZES

}  // namespace
