#include "crypto/tpm.h"

#include <cstdlib>

#include "crypto/internal/test_tpm_recorded.h"
#include "crypto/internal/tpm_attest.h"

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

namespace {

// An area that passes has one key, one name, and is again what it was.
void read_area(ByteView input) {
  const auto area = parse_public(input);
  if (!area) return;
  if (area->octets.size() + 2 != input.size()) std::abort();
  if (area->name.size() != 2 + digest_octets(area->name_algorithm)) std::abort();
  if (const auto key = area->signing_key(); key && key->spki() != area->spki()) std::abort();
  SeededRandom random(1);
  if (const auto made = make_credential(*area, area->name, area->policy, random);
      made && made->id_object.size() < 2 * area->policy.size())
    std::abort();
}

void read_statements(ByteView input) {
  for (const Statement type : {Statement::quote, Statement::certify}) {
    const auto attest = parse_attest(input, type);
    if (attest && attest->extra.size() > input.size()) std::abort();
  }
  (void)parse_signature(input);
  if (const auto selection = parse_selection(text_of(input));
      selection && show(*selection) != text_of(input))
    std::abort();
}

// The input is an attest and its signature: nobody can forge one for the recorded key, so nothing
// passes but what was recorded.
void verify(ByteView attest, ByteView signature) {
  static const PublicArea key = expect(parse_public(recorded::octets(recorded::p256_area)));
  static const PublicArea tls = expect(parse_public(recorded::octets(recorded::tls_area)));
  static const PublicKey asked = expect(tls.signing_key());
  static const Bytes quote = recorded::octets(recorded::p256_quote),
                     certify = recorded::octets(recorded::p256_certify),
                     nonce = expect(from_hex(recorded::quote_nonce)),
                     certify_nonce = expect(from_hex(recorded::certify_nonce));
  if (verify_quote(key, attest, signature, nonce, selection_of({0, 1, 7, 8})) &&
      text_of(attest) != text_of(quote))
    std::abort();
  if (verify_certify(key, attest, signature, certify_nonce, tls, asked) &&
      text_of(attest) != text_of(certify))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  read_area(input);
  read_statements(input);
  if (size >= 1 && std::size_t{data[0]} < size)
    verify(input.subspan(1, data[0]), input.subspan(1 + std::size_t{data[0]}));
  return 0;
}
