#include "crypto/cms.h"

#include <cstdlib>

using namespace muster;
using namespace muster::crypto;

// What is read out of one CMS can be put into another and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)verify_detached(bytes_of("content"), input, {}, Instant());
  (void)verify_enveloping(input, voucher_content_type, {}, Instant());
  auto certificates = parse_certs_only(input);
  if (!certificates) return 0;
  std::vector<Bytes> ders;
  for (const Certificate& one : *certificates) ders.push_back(one.der);
  auto again = parse_certs_only(expect(make_certs_only(ders)));
  if (!again || again->size() != certificates->size()) std::abort();
  (void)verify_detached(bytes_of("content"), input, *certificates,
                        certificates->front().not_before);
  (void)verify_enveloping(input, voucher_content_type, *certificates,
                          certificates->front().not_before);
  return 0;
}
