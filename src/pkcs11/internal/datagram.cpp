#include "pkcs11/internal/datagram.h"

#include <algorithm>

namespace muster::pkcs11 {

void append_number(Datagram& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint64_t number_of(ByteView datagram) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : datagram.first(number_octets)) number = number << 8 | octet;
  return number;
}

Datagram answer_of(std::uint64_t number, const Result<Bytes>& result) {
  Datagram out;
  append_number(out, number);
  out.push_back(result ? 0 : static_cast<std::uint8_t>(static_cast<int>(result.error().fault) + 1));
  const ByteView rest = result ? ByteView(*result) : bytes_of(result.error().message);
  out.insert(out.end(), rest.begin(),
             rest.begin() + static_cast<std::ptrdiff_t>(std::min(rest.size(), message_max)));
  return out;
}

Result<Bytes> result_of(ByteView datagram) {
  const std::uint8_t verdict = datagram[number_octets];
  const ByteView rest = datagram.subspan(number_octets + 1);
  if (verdict == 0) return Bytes(rest.begin(), rest.end());
  return fail(static_cast<Fault>(std::min<int>(verdict - 1, static_cast<int>(Fault::internal))),
              std::string(text_of(rest)));
}

}  // namespace muster::pkcs11
