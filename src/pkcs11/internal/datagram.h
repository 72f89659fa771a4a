// pkcs11/internal/datagram -- what a token's process and the one that asks it say to each other: a
// datagram each way.
//
// A number of eight octets, then what is to be signed; the same number, one octet (0, or a fault
// and one), then the signature or the words that say why there is none. Pure; any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::pkcs11 {

inline constexpr std::size_t number_octets = 8, message_max = 64 * 1024;

using Datagram = Bytes;

void append_number(Datagram&, std::uint64_t);
std::uint64_t number_of(ByteView datagram);  // of number_octets at least

Datagram answer_of(std::uint64_t number, const Result<Bytes>&);  // cut off at message_max
Result<Bytes> result_of(ByteView datagram);  // of an answer, longer than number_octets

}  // namespace muster::pkcs11
