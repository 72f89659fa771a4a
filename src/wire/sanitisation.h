// wire/sanitisation -- how a device leaves for good: the order to wipe itself, what it says it has
// done, and the two of them on their way (docs/formats/sanitisation.md).
//
// An order is the signed part of an envelope (wire/update), by a key that devices trust for
// assignments. A statement is a JSON object whose exact octets are signed by the device's key, so
// it travels as text beside its signature. Reading bounds every size and refuses what is unknown by
// name; nothing is hashed or verified here. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "wire/json.h"

namespace muster::wire {

inline constexpr std::size_t statement_max = 16 * 1024;           // octets of a statement
inline constexpr std::size_t sanitisation_bytes_max = 32 * 1024;  // of one message, as text

struct WipeOrder {  // "_type": "muster-wipe-order"
  DeviceId device;
  std::uint64_t number = 0;  // its place in the ledger, from 1
  Bytes nonce;               // 32 octets
  Instant issued, deadline;  // a device that sees it later than that does not obey
  bool operator==(const WipeOrder&) const = default;
};
Json to_json(const WipeOrder&);
Result<WipeOrder> read_wipe_order(const Json& content);

// The words of NIST SP 800-88 Rev. 2, weakest first.
enum class Method { clear, purge, destroy };
const char* name_of(Method);
Result<Method> parse_method(std::string_view);

struct ErasedKey {
  std::string use;     // "data", "identity"
  std::string sha256;  // hex: of the key's octets, or of its SubjectPublicKeyInfo
  bool operator==(const ErasedKey&) const = default;
};

struct Statement {  // "_type": "muster-sanitisation-statement"
  DeviceId device;
  std::uint64_t order = 0;
  Bytes nonce;  // the order's
  Method method = Method::clear;
  std::string technique;           // for a person: what was done, and what it is not
  std::string tool, version;       // that did it
  std::vector<ErasedKey> keys;     // at most 16
  std::vector<std::string> wiped;  // what was removed, at most 64
  Instant at;
  bool operator==(const Statement&) const = default;
};
std::string to_text(const Statement&);  // canonical
Result<Statement> parse_statement(std::string_view);

struct SignedStatement {  // POST v1/devices/{id}/retirement
  std::string statement;  // exactly what was signed
  Bytes signature;        // by the key of the certificate it comes with
  bool operator==(const SignedStatement&) const = default;
};
std::string to_text(const SignedStatement&);
Result<SignedStatement> parse_signed_statement(std::string_view);

struct OrderRefusal {  // POST v1/devices/{id}/retirement/refusal
  std::string why;     // for a person, at most 512 octets
  bool operator==(const OrderRefusal&) const = default;
};
std::string to_text(const OrderRefusal&);
Result<OrderRefusal> parse_order_refusal(std::string_view);

// GET v1/devices/{id}/retirement: the envelope, or that there is none.
std::string no_order();  // "{}"
bool is_no_order(std::string_view);

}  // namespace muster::wire
