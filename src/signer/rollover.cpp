#include "signer/rollover.h"

#include <algorithm>

#include "signer/internal/octets.h"

namespace muster::signer {
namespace {

void pack(Packer& out, const std::optional<crypto::Certificate>& certificate) {
  out.counted<std::uint16_t>(certificate ? ByteView(certificate->der) : ByteView());
}

Result<std::optional<crypto::Certificate>> unpack_optional(Unpacker& in) {
  TRY(const ByteView der, in.counted<std::uint16_t>(crypto::certificate_bytes_max));
  if (der.empty()) return std::nullopt;
  TRY(auto certificate, crypto::parse_certificate(der));
  return std::optional(std::move(certificate));
}

Result<std::optional<Generation>> unpack_generation(Unpacker& in) {
  TRY(auto issuing, unpack_optional(in));
  TRY(auto root, unpack_optional(in));
  if (issuing.has_value() != root.has_value()) return in.refuse("half a generation");
  if (!issuing) return std::nullopt;
  return std::optional(Generation{std::move(*issuing), std::move(*root)});
}

template <class Enum>
Result<Enum> unpack_enum(Unpacker& in, Enum last) {
  TRY(const auto octet, in.number<std::uint8_t>());
  if (octet < 1 || octet > static_cast<std::uint8_t>(last))
    return in.refuse("a step, scope or phase that does not exist");
  return static_cast<Enum>(octet);
}

Result<crypto::Serial> unpack_id(Unpacker& in) {
  crypto::Serial id{};
  TRY(const ByteView octets, in.octets(id.size()));
  std::ranges::copy(octets, id.begin());
  return id;
}

}  // namespace

const char* name_of(Scope scope) {
  return scope == Scope::whole ? "root" : "issuing";
}

const char* name_of(Step step) {
  switch (step) {
    case Step::begin:
      return "begin";
    case Step::switch_over:
      return "switch";
    case Step::finish:
      return "finish";
    case Step::abort:
      return "abort";
  }
  return "unknown";
}

Bytes encode(const RolloverOrder& order) {
  Packer out;
  out.raw(order.id);
  out.number(static_cast<std::uint8_t>(order.step));
  out.number(static_cast<std::uint8_t>(order.scope));
  return out.take();
}

Result<RolloverOrder> decode_rollover_order(ByteView octets) {
  Unpacker in(octets, "order of a rollover");
  RolloverOrder order;
  TRY(order.id, unpack_id(in));
  TRY(order.step, unpack_enum(in, Step::abort));
  TRY(order.scope, unpack_enum(in, Scope::issuing));
  TRY_VOID(in.end());
  return order;
}

Bytes encode(const Authorities& a) {
  Packer out;
  out.number(static_cast<std::uint8_t>(a.phase));
  out.raw(a.rollover);
  out.number(static_cast<std::uint8_t>(a.scope));
  out.counted<std::uint16_t>(a.current.issuing.der);
  out.counted<std::uint16_t>(a.current.root.der);
  out.counted<std::uint16_t>(a.other ? ByteView(a.other->issuing.der) : ByteView());
  out.counted<std::uint16_t>(a.other ? ByteView(a.other->root.der) : ByteView());
  pack(out, a.new_with_old);
  pack(out, a.old_with_new);
  out.signed_number(a.device_life_max.count());
  return out.take();
}

Result<Authorities> decode_authorities(ByteView octets) {
  Unpacker in(octets, "state of the CA");
  TRY(const auto phase, unpack_enum(in, Phase::switched));
  TRY(const auto id, unpack_id(in));
  TRY(const auto scope, unpack_enum(in, Scope::issuing));
  TRY(auto current, unpack_generation(in));
  if (!current) return in.refuse("without a CA");
  TRY(auto other, unpack_generation(in));
  TRY(auto new_with_old, unpack_optional(in));
  TRY(auto old_with_new, unpack_optional(in));
  TRY(const auto life, in.signed_number());
  TRY_VOID(in.end());
  if ((phase == Phase::settled) == other.has_value()) return in.refuse("of two minds");
  return Authorities{.phase = phase,
                     .rollover = id,
                     .scope = scope,
                     .current = std::move(*current),
                     .other = std::move(other),
                     .new_with_old = std::move(new_with_old),
                     .old_with_new = std::move(old_with_new),
                     .device_life_max = Duration(life)};
}

}  // namespace muster::signer
