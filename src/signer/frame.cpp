#include "signer/frame.h"

#include <algorithm>
#include <iterator>

#include "signer/internal/octets.h"
#include "signer/internal/record.h"

namespace muster::signer {
namespace {

constexpr std::size_t field_max = 255;
constexpr std::size_t message_max = 4096;
constexpr std::size_t chain_max = 8;
constexpr std::size_t compact_at = 256 * 1024;

// On the wire: the place in this list, from 1. New ones go to its end.
constexpr Fault faults[] = {Fault::invalid,     Fault::unauthorized, Fault::forbidden,
                            Fault::missing,     Fault::conflict,     Fault::exhausted,
                            Fault::unavailable, Fault::corrupt,      Fault::internal};

std::optional<std::size_t> longest(Side reads, std::uint8_t type) {
  if (reads == Side::controller) {
    if (type == static_cast<std::uint8_t>(FrameType::done))
      return crypto::crl_bytes_max + 64 * 1024;
    if (type == static_cast<std::uint8_t>(FrameType::refused)) return 8 + field_max + message_max;
    return std::nullopt;
  }
  switch (type) {
    case static_cast<std::uint8_t>(FrameType::issue):
      return order_bytes_max;
    case static_cast<std::uint8_t>(FrameType::make_list):
      return crl_order_bytes_max;
    case static_cast<std::uint8_t>(FrameType::since):
      return 12;
    case static_cast<std::uint8_t>(FrameType::roll_over):
      return rollover_order_octets;
    case static_cast<std::uint8_t>(FrameType::chain):
    case static_cast<std::uint8_t>(FrameType::authorities):
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

void FrameBuffer::append(ByteView more) {
  if (read_ == octets_.size() || read_ > compact_at) {
    octets_.erase(octets_.begin(), octets_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ = 0;
  }
  octets_.insert(octets_.end(), more.begin(), more.end());
}

Result<std::optional<Frame>> FrameBuffer::next() {
  const ByteView unread = ByteView(octets_).subspan(read_);
  if (unread.size() < frame_head_octets) return std::nullopt;
  Unpacker head(unread.first(frame_head_octets), "frame");
  TRY(const auto length, head.number<std::uint32_t>());
  TRY(const auto type, head.number<std::uint8_t>());
  TRY(const auto number, head.number<std::uint64_t>());
  const auto most = longest(reads_, type);
  if (!most) return head.refuse("of a type that does not exist");
  if (length > *most) return head.refuse("longer than its type allows");
  if (unread.size() - frame_head_octets < length) return std::nullopt;
  read_ += frame_head_octets + length;
  return Frame{static_cast<FrameType>(type), number, unread.subspan(frame_head_octets, length)};
}

void append_frame(Bytes& out, FrameType type, std::uint64_t number, ByteView content) {
  Packer head;
  head.number(static_cast<std::uint32_t>(content.size()));
  head.number(static_cast<std::uint8_t>(type));
  head.number(number);
  const Bytes octets = head.take();
  out.insert(out.end(), octets.begin(), octets.end());
  out.insert(out.end(), content.begin(), content.end());
}

Bytes encode_refusal(const Error& error) {
  Packer out;
  const auto at = std::ranges::find(faults, error.fault) - std::begin(faults);
  out.number(static_cast<std::uint8_t>(at + 1));
  out.counted<std::uint8_t>(std::string_view(error.field).substr(0, field_max));
  out.counted<std::uint16_t>(std::string_view(error.message).substr(0, message_max));
  return out.take();
}

Result<Error> decode_refusal(ByteView octets) {
  Unpacker in(octets, "refusal");
  TRY(const auto fault, in.number<std::uint8_t>());
  if (fault < 1 || fault > std::size(faults)) return in.refuse("of a fault that does not exist");
  Error error{.fault = faults[fault - 1], .message = {}, .field = {}};
  TRY(error.field, in.text<std::uint8_t>(field_max));
  TRY(error.message, in.text<std::uint16_t>(message_max));
  TRY_VOID(in.end());
  return error;
}

Bytes encode(const Since& since) {
  Packer out;
  out.number(since.index);
  out.number(since.limit);
  return out.take();
}

Result<Since> decode_since(ByteView octets) {
  Unpacker in(octets, "question");
  Since since;
  TRY(since.index, in.number<std::uint64_t>());
  TRY(since.limit, in.number<std::uint32_t>());
  TRY_VOID(in.end());
  return since;
}

Bytes encode(std::span<const Issuance> issuances) {
  Packer out;
  for (const Issuance& issuance : issuances) {
    const Bytes body = pack_body(issuance);
    if (out.size() + body.size() + 4 > issuances_bytes_max) break;
    out.counted<std::uint32_t>(body);
  }
  return out.take();
}

Result<std::vector<Issuance>> decode_issuances(ByteView octets) {
  Unpacker in(octets, "records");
  std::vector<Issuance> out;
  while (in.left() > 0) {
    if (out.size() == since_limit_max) return in.refuse("more than were asked for");
    TRY(const ByteView body, in.counted<std::uint32_t>(record_body_max));
    TRY(auto issuance, unpack_body(body));
    out.push_back(std::move(issuance));
  }
  return out;
}

Bytes encode_chain(std::span<const crypto::Certificate> chain) {
  Packer out;
  for (const auto& certificate : chain) out.counted<std::uint32_t>(certificate.der);
  return out.take();
}

Result<std::vector<crypto::Certificate>> decode_chain(ByteView octets) {
  Unpacker in(octets, "chain");
  std::vector<crypto::Certificate> out;
  while (in.left() > 0) {
    if (out.size() == chain_max) return in.refuse("too many certificates");
    TRY(const ByteView der, in.counted<std::uint32_t>(crypto::certificate_bytes_max));
    TRY(auto certificate, crypto::parse_certificate(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

}  // namespace muster::signer
