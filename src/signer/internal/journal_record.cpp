#include "signer/internal/journal_record.h"

#include <algorithm>

#include "crypto/hash.h"
#include "signer/internal/octets.h"

namespace muster::signer {
namespace {

constexpr std::size_t pem_max = 4096, certificates_max = 4, digest_octets = 32;

Result<Entry> unpack(ByteView content) {
  Unpacker in(content, "step of a rollover");
  Entry entry;
  TRY(const auto mark, in.number<std::uint8_t>());
  if (mark < 1 || mark > static_cast<std::uint8_t>(Mark::settled))
    return in.refuse("a mark that does not exist");
  entry.mark = static_cast<Mark>(mark);
  TRY(const ByteView id, in.octets(entry.rollover.size()));
  std::ranges::copy(id, entry.rollover.begin());
  TRY(const auto scope, in.number<std::uint8_t>());
  if (scope < 1 || scope > 2) return in.refuse("a scope that does not exist");
  entry.scope = static_cast<Scope>(scope);
  TRY(entry.root_key_pem, in.text<std::uint16_t>(pem_max));
  TRY(entry.issuing_key_pem, in.text<std::uint16_t>(pem_max));
  TRY(const auto count, in.number<std::uint8_t>());
  if (count > certificates_max) return in.refuse("too many certificates");
  for (std::uint8_t i = 0; i < count; ++i) {
    TRY(const ByteView der, in.counted<std::uint16_t>(crypto::certificate_bytes_max));
    entry.certificates.emplace_back(der.begin(), der.end());
  }
  TRY_VOID(in.end());
  return entry;
}

}  // namespace

// Length, content, SHA-256 of both.
Bytes pack_entry(const Entry& entry) {
  Packer body;
  body.number(static_cast<std::uint8_t>(entry.mark));
  body.raw(entry.rollover);
  body.number(static_cast<std::uint8_t>(entry.scope));
  body.counted<std::uint16_t>(entry.root_key_pem);
  body.counted<std::uint16_t>(entry.issuing_key_pem);
  body.number(static_cast<std::uint8_t>(entry.certificates.size()));
  for (const Bytes& der : entry.certificates) body.counted<std::uint16_t>(der);
  const Bytes content = body.take();
  Packer out;
  out.counted<std::uint32_t>(content);
  Bytes octets = out.take();
  const crypto::Hash digest = crypto::sha256(octets);
  octets.insert(octets.end(), digest.begin(), digest.end());
  return octets;
}

Result<std::pair<std::vector<Entry>, std::uint64_t>> read_entries(ByteView all) {
  std::vector<Entry> entries;
  std::size_t at = 0;
  while (all.size() - at >= 4) {
    Unpacker head(all.subspan(at, 4), "length");
    TRY(const auto length, head.number<std::uint32_t>());
    const std::size_t whole = 4 + std::size_t{length} + digest_octets;
    if (whole > all.size() - at) break;
    const ByteView hashed = all.subspan(at, 4 + length);
    const ByteView digest = all.subspan(at + 4 + length, digest_octets);
    const bool last = at + whole == all.size();
    if (!std::ranges::equal(crypto::sha256(hashed), digest)) {
      if (last) break;  // its octets were not all written
      return fail(Fault::corrupt, "damaged at octet " + std::to_string(at));
    }
    TRY(auto entry, unpack(hashed.subspan(4)));
    entries.push_back(std::move(entry));
    at += whole;
  }
  return std::pair(std::move(entries), std::uint64_t{at});
}

}  // namespace muster::signer
