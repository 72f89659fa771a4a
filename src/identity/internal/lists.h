// identity/lists -- the revocation lists: which shard a new certificate is on, and what each list
// is made of.
//
// A certificate's shard is chosen when it is commissioned and named in it; a shard is full at
// Settings::shard_certificates, and ends when the public address or the CA changes. A list is made
// when somebody asks, by the signer, and kept until something of it was revoked or it is old. One
// list, and the rows it is made of, are small enough to be read in one turn. Who is revoked is not
// decided here. Domain thread; time comes from the Clock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "identity/identity.h"

namespace muster::identity {

class Lists {
 public:
  Lists(store::Store& s, ledger::Ledger& l, const Clock& c, const Settings& x, const Rollover& r)
      : store_(s), ledger_(l), clock_(c), settings_(x), rollover_(r) {}
  Result<void> load();

  std::uint32_t take_place();  // in the shard that is filled now; 0 when nothing is published
  void close_shard() { in_open_shard_ = settings_.shard_certificates; }  // the next one is new
  std::string url_of(std::uint32_t shard) const;                         // empty for 0
  std::uint32_t shard_at(const std::string& url) const;                  // 0: none of ours
  void occupy(store::Writer&, std::uint32_t shard) const;
  void outdate(store::Writer&, std::uint32_t shard);  // something of it was revoked

  Result<RevocationList> whole(std::uint32_t issuer);  // a CA's generation
  Result<RevocationList> of_shard(std::uint32_t shard);
  void file(const signer::CrlOrder&, ByteView der);

 private:
  RevocationList order(crypto::CrlTerms, std::vector<crypto::Revoked>, std::uint32_t issuer);
  std::vector<crypto::Revoked> revoked_since(Instant, std::uint32_t issuer) const;
  std::vector<crypto::Revoked> revoked_in(std::uint32_t shard, Instant from) const;

  store::Store& store_;
  ledger::Ledger& ledger_;
  const Clock& clock_;
  const Settings& settings_;
  const Rollover& rollover_;
  std::uint32_t open_shard_ = 0;  // that is filled now
  std::size_t in_open_shard_ = 0;
  std::uint64_t revocations_ = 0;                // since start
  std::map<std::string, std::uint64_t> listed_;  // by shard URI: `revocations_` at the last order
  Instant whole_too_long_until_{};
};

}  // namespace muster::identity
