#include "signer/internal/record.h"

#include <algorithm>

#include "base/fixed_bytes.h"
#include "signer/internal/octets.h"

namespace muster::signer {
namespace {

constexpr std::string_view mark = "MSTRISS1";
constexpr std::size_t subject_max = order_url_max;
// Fewer zeros than this at the end may be by chance a damaged record's own.
constexpr std::uint64_t zeros_of_a_tear = 32;

std::unexpected<Error> damaged(std::uint64_t at, const std::string& why) {
  return fail(Fault::corrupt, "damaged at octet " + std::to_string(at) + ": " + why);
}

}  // namespace

Bytes log_head(const crypto::Hash& name) {
  Packer out;
  out.raw(bytes_of(mark));
  out.raw(name);
  return out.take();
}

Bytes pack_body(const Issuance& issuance) {
  Packer body;
  body.reserve(128 + issuance.subject.size() + issuance.document.size());
  body.number(issuance.index);
  body.signed_number(millis(issuance.at));
  body.number(static_cast<std::uint8_t>(issuance.kind));
  body.raw(issuance.serial);
  body.raw(issuance.order);
  body.counted<std::uint16_t>(issuance.subject);
  body.counted<std::uint16_t>(issuance.document);
  return body.take();
}

void pack_record(Bytes& out, const Issuance& issuance, crypto::Hash& chain) {
  const Bytes body = pack_body(issuance);
  const auto length = static_cast<std::uint32_t>(body.size());
  Packer record;
  record.reserve(record_head_octets + length);
  record.number(length);
  record.number(~length);
  record.raw(body);
  const Bytes octets = record.take();
  chain = crypto::sha256(chain, octets);
  out.insert(out.end(), octets.begin(), octets.end());
  out.insert(out.end(), chain.begin(), chain.end());
}

Result<Issuance> unpack_body(ByteView octets) {
  Unpacker in(octets, "record");
  Issuance out;
  TRY(out.index, in.number<std::uint64_t>());
  TRY(const auto ms, in.signed_number());
  out.at = instant(ms);
  TRY(const auto kind, in.number<std::uint8_t>());
  if (kind < 1 || kind > static_cast<std::uint8_t>(Template::authority))
    return in.refuse("of a template that does not exist");
  out.kind = static_cast<Template>(kind);
  TRY(const auto serial, in.octets(out.serial.size()));
  out.serial = fixed<16>(serial);
  TRY(const auto order, in.octets(out.order.size()));
  out.order = fixed<32>(order);
  TRY(out.subject, in.text<std::uint16_t>(subject_max));
  TRY(const auto document, in.counted<std::uint16_t>(crypto::certificate_bytes_max));
  out.document.assign(document.begin(), document.end());
  TRY_VOID(in.end());
  return out;
}

void LogReader::feed(ByteView octets) {
  const auto last = std::ranges::find_if(octets.rbegin(), octets.rend(), std::identity{});
  const auto zeros = static_cast<std::uint64_t>(last - octets.rbegin());
  zeros_ = zeros == octets.size() ? zeros_ + zeros : zeros;
  fed_ += octets.size();
  if (reach_) return;
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(read_));
  read_ = 0;
  window_.insert(window_.end(), octets.begin(), octets.end());
}

void LogReader::suspect(std::uint64_t reach) {
  reach_ = reach;
  window_.clear();
  read_ = 0;
}

Result<std::optional<Issuance>> LogReader::next() {
  if (reach_) return std::nullopt;
  if (!begun_) {
    if (unread().size() < log_head_octets) return std::nullopt;
    if (text_of(unread().first(mark.size())) != mark)
      return fail(Fault::corrupt, "this is not an issuance log");
    head_.chain = fixed<chain_octets>(unread().subspan(mark.size(), chain_octets));
    head_.octets = read_ = log_head_octets;
    begun_ = true;
  }
  const ByteView in = unread();
  if (in.size() < record_head_octets) return std::nullopt;
  Unpacker numbers(in.first(record_head_octets), "record");
  TRY(const auto length, numbers.number<std::uint32_t>());
  TRY(const auto again, numbers.number<std::uint32_t>());
  if (again != ~length || length > record_body_max) {
    suspect(head_.octets + record_head_octets);
    return std::nullopt;
  }
  const std::size_t hashed = record_head_octets + length, whole = hashed + chain_octets;
  if (in.size() < whole) return std::nullopt;
  const crypto::Hash chain = crypto::sha256(head_.chain, in.first(hashed));
  if (!std::ranges::equal(chain, in.subspan(hashed, chain_octets))) {
    suspect(head_.octets + whole);
    return std::nullopt;
  }
  auto issuance = unpack_body(in.subspan(record_head_octets, length));
  if (!issuance) return damaged(head_.octets, issuance.error().message);
  if (issuance->index != head_.size) return damaged(head_.octets, "records are out of order");
  head_ = {.size = head_.size + 1, .chain = chain, .octets = head_.octets + whole};
  read_ += whole;
  return std::optional(std::move(*issuance));
}

Result<LogHead> LogReader::finish() const {
  if (!begun_) return fail(Fault::corrupt, "this is not an issuance log: too short for its head");
  LogHead out = head_;
  out.torn = fed_ - head_.octets;
  const bool torn = !reach_ || (zeros_ >= zeros_of_a_tear && fed_ - zeros_ <= *reach_);
  if (!torn) return damaged(head_.octets, "the record there fails its check");
  return out;
}

}  // namespace muster::signer
