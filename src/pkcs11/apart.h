// pkcs11/apart -- a key in a token, behind a process of its own.
//
// A module is a stranger's library: it opens files, takes its time, and may crash. Here it runs in
// a child that was forked for it, which answers nothing but "sign these octets" on one socket. Who
// asks needs no module, no file and no PIN, may be confined, and waits for so long and no longer.
// The child ends with its parent's end of the line, by SIGKILL if it does not in 2 s. When it ends
// before, it is not made again: the program is to be started anew.
//
// start() before the first thread of the program. sign() from any thread, one at a time. Reads the
// monotonic clock alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "crypto/key.h"

namespace muster::pkcs11 {

struct Apart {
  std::string uri;
  std::optional<crypto::Algorithm> make = {};  // when the token has no such key
  std::function<Result<void>()> confine = {};  // in the child, when the key has been found
  Duration limit = 10s;                        // for an answer
  // Of the child, when the key is given up. Not for a parent that has confined itself by then: its
  // filter leaves it neither wait4 nor kill, and it ends with its key.
  bool await_end = true;
};

class ApartKey final : public crypto::SigningKey {
 public:
  static Result<std::unique_ptr<ApartKey>> start(const Apart&);
  ApartKey(const ApartKey&) = delete;
  ~ApartKey() override;

  const crypto::PublicKey& public_key() const override;
  // unavailable: the token did not answer in time, or its process has ended.
  Result<Bytes> sign(ByteView message) const override;
  bool ended() const;

 private:
  struct State;
  explicit ApartKey(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace muster::pkcs11
