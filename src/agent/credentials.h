// agent/credentials -- a device's keys and certificates on its disk, in two phases.
//
// A request (a new key and its CSR) is written before it is sent, so that a retry after any failure
// is the same request and gets the same certificate. A first certificate becomes the current one. A
// renewed one waits as the next until a connection has been made with it; only then does it take
// the place of the current one, which worked until then. Key and chain are one file, so they cannot
// be of different generations. Keys never leave the disk but into TLS; with a KeyStore they are not
// on it at all, and in their place is a reference.
//
// One thread. Time is the caller's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/disk.h"
#include "agent/key_store.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace muster::agent {

struct Pair {             // key and certificate
  std::string key_pem;    // secret; with a KeyStore, the reference
  std::string chain_pem;  // leaf, then its issuer unless that is an anchor
  Instant not_before, not_after;
  std::shared_ptr<const net::PrivateKey> key = {};  // with a KeyStore
};

class Credentials {
 public:
  static Result<Credentials> open(Disk&, DeviceId, KeyStore* = nullptr);  // none: keys are files

  const std::optional<Pair>& current() const { return current_; }
  const std::optional<Pair>& next() const { return next_; }

  Result<Bytes> request();  // DER of the CSR under way; made, with its key, when there is none
  const char* kept_in(const Pair& pair) const {  // "file", or the name of the store
    return keys_ && pair.key ? keys_->name() : "file";
  }
  Result<std::string> requested_key() const;  // its reference, or the key itself
  Result<void> drop_request();
  Result<std::unique_ptr<crypto::SigningKey>> signing_key(const Pair&) const;
  static Result<void> destroy(Disk&);  // every key and certificate that is a file

  // The certificate for the request. Refused: another key's, another device's, or one that does not
  // lead to an anchor at `now` by way of `authorities`.
  Result<void> take(const crypto::Certificate& leaf,
                    std::span<const crypto::Certificate> authorities,
                    std::span<const crypto::Certificate> anchors, Instant now);
  Result<void> promote();    // the next has made a connection
  Result<void> drop_next();  // it is refused; the current one goes on

 private:
  Credentials(Disk& disk, DeviceId device, KeyStore* keys)
      : disk_(disk), device_(std::move(device)), keys_(keys) {}
  Result<std::optional<Pair>> read_pair(const char* name) const;
  Result<std::string> make_key() const;
  Result<std::vector<std::string>> references() const;  // of every key that is still wanted
  Result<void> forget_others() const;
  Result<std::unique_ptr<crypto::SigningKey>> open_key(const std::string&) const;
  Disk& disk_;
  DeviceId device_;
  KeyStore* keys_;
  std::optional<Pair> current_, next_;
};

Instant renewal_time(const Pair&);  // by the clock

}  // namespace muster::agent
