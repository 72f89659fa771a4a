// ledger -- the append-only record of every decision: an RFC 6962 Merkle tree whose head is signed
// at each commit.
//
// record() appends an entry and lends the Writer with which the change that the entry speaks of is
// made, so both are in one transaction. The domain takes no other way to a Writer for fleet state:
// the layer check sees to it. seal() signs the new head;
// whoever commits calls it first.
//
// Served in the shapes of C2SP tlog-tiles: checkpoint, tile(level, index, width), bundle(index,
// width). An entry is canonical JSON of at most 65,535 bytes (docs/formats/ledger.md): leaf.h. A
// detail that would make it longer is replaced by its size and SHA-256. Nothing is ever updated or
// deleted.
//
// After a rollback memory is ahead of the file: open anew. record() throws logic_error if it comes
// to it all the same, and Broken as any write does.
//
// Domain thread only. Time comes from the Clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/merkle.h"
#include "store/store.h"
#include "wire/json.h"

namespace muster::ledger {

// Who decided: "operator:alice", "device:meter-7", "system:rollout"; never a secret.
struct Actor {
  std::string name;
  std::string role;  // "admin", "operator", "viewer", "device", "system"
};
inline Actor system_actor(std::string part) {
  return {"system:" + std::move(part), "system"};
}
inline Actor device_actor(const std::string& id) {
  return {"device:" + id, "device"};
}

struct Entry {
  Actor actor;
  std::string action;      // "device.enrolled", "rollout.halted": noun.past-tense
  std::string target;      // "device/meter-7", "rollout/12"
  wire::Json detail = {};  // what changed; no personal data, no secret
  std::string reason = {};
};

struct Recorded {  // an entry as it stands in the log
  std::uint64_t index = 0;
  Instant at;
  Entry entry;
};

wire::Json to_json(const Recorded&);  // as operators and event streams see it

struct Checkpoint {
  std::uint64_t size = 0;
  crypto::Hash root;
  std::string note;  // the signed note (C2SP signed-note), Ed25519
};

class Ledger {
 public:
  // origin: the log's name, first line of each checkpoint; no white space, no plus. Recomputes the
  // right edge, of bounded work at any size, and refuses a file whose last checkpoint does not
  // match its entries or is not signed by this key (corrupt).
  static Result<Ledger> open(store::Store&, const crypto::SigningKey&, const Clock&,
                             std::string origin);
  Ledger(Ledger&&) noexcept;
  ~Ledger();

  store::Writer& record(Entry);  // valid until the command ends
  store::Writer&
  observe();  // for what was seen rather than decided: last contact, delivery attempts, counters

  bool seal();  // signs a checkpoint if entries came since the last one; throws Broken

  std::uint64_t size() const;
  const Checkpoint& checkpoint() const;  // the last sealed one
  std::string verifier_key() const;      // "origin+hash+base64", C2SP vkey

  Result<Recorded> entry(std::uint64_t index) const;
  Result<std::string> leaf(std::uint64_t index) const;  // exact bytes
  Result<std::vector<Recorded>> entries(std::uint64_t from,
                                        std::size_t limit) const;  // oldest first
  Result<std::vector<Recorded>> about(std::string_view target,
                                      std::size_t limit) const;  // newest first

  Result<std::vector<crypto::Hash>> inclusion(std::uint64_t index,
                                              std::uint64_t size) const;  // RFC 6962 2.1.1
  Result<std::vector<crypto::Hash>> consistency(std::uint64_t from,
                                                std::uint64_t to) const;          // RFC 6962 2.1.2
  Result<Bytes> tile(unsigned level, std::uint64_t index, unsigned width) const;  // width 1..256
  Result<Bytes> bundle(std::uint64_t index,
                       unsigned width) const;  // 16-bit length-prefixed entries

  // Recomputes everything from the entries: each leaf, each tile, root and signature. corrupt: what
  // is wrong first. Some 100,000 entries a second; for `doctor`.
  Result<void> verify_all() const;

 private:
  struct Tree;
  explicit Ledger(std::unique_ptr<Tree>);
  std::unique_ptr<Tree> tree_;
};

}  // namespace muster::ledger
