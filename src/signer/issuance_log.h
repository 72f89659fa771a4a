// signer/issuance_log -- everything the signer ever signed, in one file that only grows.
//
// append() writes the records of a batch with one write and one fdatasync; only then may what was
// signed leave the process. Each record is chained by SHA-256 to the one before it. What a power
// cut left unfinished at the end is cut off at open; any other damage refuses to open, and says
// where it is. One file has one writer (flock). About 80 octets of memory a record. Exact octets:
// docs/formats/issuance-log.md. One thread; times are the caller's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/descriptor.h"
#include "base/random.h"
#include "signer/order.h"

namespace muster::signer {

struct Issuance {
  std::uint64_t index = 0;  // from 0, without gaps; append() gives it
  Instant at;
  Template kind = Template::device;
  crypto::Serial serial{};  // of a revocation list: its number, big endian
  crypto::Hash order{};     // SHA-256 of the order's octets
  std::string subject;      // of a revocation list: its shard's URI
  Bytes document;           // the certificate, DER; of a revocation list: SHA-256 of its DER
  bool operator==(const Issuance&) const = default;
};

// Where a log stands. Kept elsewhere, it proves later that nothing before it was rewritten.
struct LogHead {
  std::uint64_t size = 0;  // records
  crypto::Hash chain{};    // of the last one; of an empty log: its random name
  std::uint64_t octets = 0;
  std::uint64_t torn = 0;  // octets of an unfinished record after them
  bool operator==(const LogHead&) const = default;
};

class IssuanceLog {
 public:
  // Made when it is not there. `visit` is shown every record once.
  static Result<IssuanceLog> open(const std::filesystem::path&, Random&,
                                  const std::function<void(const Issuance&)>& visit = {});

  // All or none. When the disk is full nothing is written and the next try may succeed
  // (unavailable); when it cannot be synced, or not be brought back to what it was, the log is
  // broken and refuses everything.
  Result<void> append(std::span<Issuance>);
  bool broken() const { return broken_; }

  Result<std::optional<Issuance>> find(const crypto::Serial&) const;  // certificates only
  Result<std::vector<Issuance>> since(std::uint64_t index, std::size_t limit) const;
  const LogHead& head() const { return head_; }

 private:
  struct SerialHash {
    std::size_t operator()(const crypto::Serial&) const;
  };
  IssuanceLog(std::filesystem::path path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Result<Issuance> read(std::uint64_t index) const;
  Result<void> write_whole(ByteView);
  void remember(const Issuance&, std::uint64_t offset);

  std::filesystem::path path_;
  Descriptor file_;
  LogHead head_;
  bool broken_ = false, failing_ = false;  // for good; at the last try
  std::vector<std::uint64_t> offsets_;
  std::unordered_map<crypto::Serial, std::uint64_t, SerialHash> by_serial_;
};

// Reads a log from its first octet to its last, also while a signer writes it: the chain, and that
// each certificate is the one its record speaks of. corrupt, with the place, when it does not hold.
Result<LogHead> verify_log(const std::filesystem::path&,
                           const std::function<void(const Issuance&)>& visit = {});

}  // namespace muster::signer
