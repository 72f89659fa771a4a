// signer/issuer -- the seam between those who decide that a certificate shall be and the key that
// makes it so.
//
// Each question is answered exactly once, on whatever thread the implementation says. `unavailable`
// says only that no answer came in time: the signer may have signed, and has then logged it. Who is
// told so asks again with the same order, to the last octet, and gets what was signed or has it
// signed now; another order under its serial is refused. Or the order is let be, the next one has
// another serial, and since() tells what was signed all the same, to be withdrawn.
#pragma once

#include <functional>
#include <vector>

#include "signer/issuance_log.h"
#include "signer/order.h"
#include "signer/rollover.h"

namespace muster::signer {

class Issuer {
 public:
  template <class T>
  using Answer = std::move_only_function<void(Result<T>)>;

  virtual ~Issuer() = default;

  // An order is read before the call returns, and before its answer is called.
  virtual void issue(const Order&, Answer<Bytes>) = 0;         // the certificate, DER
  virtual void make_list(const CrlOrder&, Answer<Bytes>) = 0;  // the revocation list, DER

  // What the issuance log holds from `index` on: at most `limit` records, or a thousand, or fewer
  // when they are long; none when there are no more.
  virtual void since(std::uint64_t index, std::uint32_t limit, Answer<std::vector<Issuance>>) = 0;

  virtual void chain(Answer<std::vector<crypto::Certificate>>) = 0;  // issuing first, root last

  // Where the CA stands, after this step or as it is. A step that was taken is answered again.
  virtual void roll_over(RolloverOrder, Answer<Authorities>) = 0;
  virtual void authorities(Answer<Authorities>) = 0;
};

}  // namespace muster::signer
