#include <algorithm>
#include <cstdlib>

#include "crypto/hash.h"
#include "signer/internal/journal_record.h"

using namespace muster;
using namespace muster::signer;

namespace {

// What was read, written again, is what it was read from.
void read_journal(ByteView file) {
  const auto read = read_entries(file);
  if (!read) return;
  const auto& [entries, whole] = *read;
  Bytes again;
  for (const Entry& entry : entries) {
    const Bytes octets = pack_entry(entry);
    again.insert(again.end(), octets.begin(), octets.end());
  }
  if (whole > file.size() || !std::ranges::equal(again, file.first(whole))) std::abort();
}

// The input as an entry's content, under a length and a digest that hold.
Bytes framed(ByteView content) {
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(content.size() >> shift));
  out.insert(out.end(), content.begin(), content.end());
  const crypto::Hash digest = crypto::sha256(out);
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  read_journal(input);
  Bytes twice = framed(input);
  const Bytes once = twice;
  read_journal(once);
  twice.insert(twice.end(), once.begin(), once.end());
  read_journal(twice);
  read_journal(ByteView(twice).first(twice.size() - 1));  // its end was cut
  return 0;
}
