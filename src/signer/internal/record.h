// record -- the issuance log as octets: records that are chained, and a reader that tells a torn
// tail from damage.
//
// A tail is torn when the file ends inside its last record, or when octets of that record were
// never written and read as zeros up to the file's end. Whatever else does not hold is damage.
// Exact octets: docs/formats/issuance-log.md. Pure; any thread.
#pragma once

#include <optional>

#include "signer/issuance_log.h"

namespace muster::signer {

inline constexpr std::size_t chain_octets = 32;
inline constexpr std::size_t log_head_octets = 8 + chain_octets;  // the mark, the log's random name
inline constexpr std::size_t record_head_octets = 8;              // its length, twice
inline constexpr std::size_t record_body_max = 64 * 1024;

Bytes log_head(const crypto::Hash& name);

// Appends the record to `out`, and moves `chain` on.
void pack_record(Bytes& out, const Issuance&, crypto::Hash& chain);
// What a record says, without its length and its chain value. Unpacking is strict.
Bytes pack_body(const Issuance&);
Result<Issuance> unpack_body(ByteView);

// The file from its beginning, in pieces of any size: feed(), next() until there is none, and at
// the end finish().
class LogReader {
 public:
  void feed(ByteView);
  Result<std::optional<Issuance>> next();  // none: it needs more octets
  Result<LogHead> finish() const;
  std::uint64_t offset() const { return head_.octets; }  // where the last record given ends

 private:
  ByteView unread() const { return ByteView(window_).subspan(read_); }
  void suspect(std::uint64_t reach);

  Bytes window_;
  std::size_t read_ = 0;
  std::uint64_t fed_ = 0, zeros_ = 0;   // octets of the file so far; of them zeros at the end
  std::optional<std::uint64_t> reach_;  // where a record that does not hold would end
  bool begun_ = false;
  LogHead head_;
};

}  // namespace muster::signer
