#include "agent/trust.h"

#include "crypto/hash.h"

namespace muster::agent {
namespace {

// A signature by a key we do not know proves nothing and does no harm; a wrong one by a key of ours
// means that what we hold is not what was signed.
Result<void> verify(const wire::Envelope& envelope, const std::vector<crypto::PublicKey>& keys,
                    const char* what) {
  bool signed_by_ours = false;
  for (const auto& key : keys) {
    const std::string id = to_hex(key.fingerprint());
    for (const auto& signature : envelope.signatures) {
      if (signature.keyid != id) continue;
      if (!key.verify(bytes_of(envelope.signed_bytes), signature.signature))
        return fail(Fault::unauthorized, std::string("the signature of the ") + what +
                                             " does not verify with key " + id.substr(0, 16));
      signed_by_ours = true;
    }
  }
  if (!signed_by_ours)
    return fail(Fault::unauthorized,
                std::string("the ") + what + " is not signed by a key this device trusts");
  return {};
}

}  // namespace

Result<wire::Assignment> check_assignment(const Trust& trust, const DeviceId& device,
                                          const wire::Offer& offer) {
  TRY(const auto envelope, wire::parse_envelope(offer.assignment));
  TRY_VOID(verify(envelope, trust.assignment_keys, "assignment"));
  TRY(auto assignment, wire::read_assignment(envelope.content));
  if (assignment.device != device)
    return fail(Fault::invalid, "the assignment is for " + assignment.device.text());
  return assignment;
}

Result<wire::ReleaseMetadata> check_release(const Trust& trust, const wire::Assignment& assignment,
                                            const wire::Offer& offer) {
  TRY(const auto envelope, wire::parse_envelope(offer.release));
  TRY_VOID(verify(envelope, trust.release_keys, "release"));
  if (to_hex(crypto::sha256(bytes_of(envelope.signed_bytes))) != assignment.release_id)
    return fail(Fault::invalid, "the release is not the one that the assignment names");
  return wire::read_release(envelope.content);
}

Result<wire::WipeOrder> check_wipe_order(const Trust& trust, const DeviceId& device,
                                         std::string_view text) {
  TRY(const auto envelope, wire::parse_envelope(text));
  TRY_VOID(verify(envelope, trust.assignment_keys, "wipe order"));
  TRY(auto order, wire::read_wipe_order(envelope.content));
  if (order.device != device)
    return fail(Fault::invalid, "the wipe order is for " + order.device.text());
  return order;
}

}  // namespace muster::agent
