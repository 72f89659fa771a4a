// Which devices are ready for the new CA, and whom to ask.

#include <unordered_set>

#include "identity/internal/registry.h"
#include "identity/rollover.h"

namespace muster::identity {
namespace {

constexpr Duration asked_again = 1h;
constexpr Duration listens_after = 5s;  // what is told before the subscription is lost
constexpr std::size_t asked_at_once = 200;
constexpr std::size_t named = 10;

}  // namespace

bool Rollover::spreading() const {
  return trusted_.other && status_.scope == signer::Scope::whole;
}

bool Rollover::ready(const DeviceId& device) const {
  return !spreading() || ready_.contains(device);
}

Rollover::Waits Rollover::waits(const Subject& subject, const Live& certificate) const {
  return {.anchor = subject.device && !ready(subject.device->id),
          .certificate =
              status_.switched != Instant{} && trusted_.other && certificate.issuer == other_};
}

// A subject may have two certificates for a while.
RolloverProgress Rollover::progress() const {
  RolloverProgress out;
  if (!trusted_.other) return out;
  std::unordered_set<const void*> seen, old;
  for (const auto& [fingerprint, certificate] : r_.live) {
    const Subject& subject = certificate.subject;
    const void* who = subject.device ? static_cast<const void*>(subject.device)
                                     : static_cast<const void*>(subject.application);
    const auto wait = waits(subject, certificate);
    const bool late = wait.certificate && old.insert(who).second;
    out.old_certificates += late;
    const bool first = seen.insert(who).second;
    if (first && subject.device) {
      ++out.devices;
      const auto at = ready_.find(subject.device->id);
      if (wait.anchor)
        ++out.without_anchor;
      else if (at != ready_.end())
        ++(at->second ? out.reported : out.fetched);
    }
    const bool new_name = (late && (first || !wait.anchor)) || (first && wait.anchor);
    if (new_name && out.waiting_for.size() < named) out.waiting_for.push_back(subject.id());
  }
  return out;
}

void Rollover::reported(const DeviceId& device, const std::vector<crypto::Hash>& anchors) {
  const auto roots = trusted_.roots();
  const auto holds = [&](const crypto::Hash& one) {
    return std::ranges::find(anchors, one) != anchors.end();
  };
  const bool all_given = std::ranges::all_of(anchors, [&](const crypto::Hash& one) {
    return std::ranges::find(roots, one, &crypto::Certificate::fingerprint) != roots.end();
  });
  if (all_given)
    stale_.erase(device);
  else
    stale_.insert(device);
  if (!spreading()) return;
  // Which of the two is the new one depends on whether the switch is over.
  const auto& to_come =
      status_.switched == Instant{} ? trusted_.other->root : trusted_.current.root;
  const auto at = ready_.find(device);
  if (holds(to_come.fingerprint)) {
    if (at != ready_.end() && at->second) return;
    ready_[device] = true;
    r_.ledger.observe().write("INSERT OR REPLACE INTO identity_ready(device, reported) VALUES(?,1)",
                              {device.text()});
  } else if (at != ready_.end()) {
    ready_.erase(at);
    r_.ledger.observe().write("DELETE FROM identity_ready WHERE device = ?", {device.text()});
  }
}

void Rollover::fetched(const DeviceId& device) {
  if (!spreading() || !ready_.emplace(device, false).second) return;
  r_.ledger.observe().write("INSERT OR REPLACE INTO identity_ready(device, reported) VALUES(?,0)",
                            {device.text()});
}

void Rollover::arrived(const DeviceId& device) {
  if (!trusted_.other && stale_.empty()) return;
  asked_[device] = r_.clock.now() - asked_again + listens_after;
}

std::vector<Rollover::Due> Rollover::due() {
  std::vector<Due> out;
  const Instant now = r_.clock.now();
  const auto consider = [&](const inventory::Device* device, bool renew) {
    if (!device || !device->online || out.size() >= asked_at_once) return;
    auto& asked = asked_[device->id];
    if (asked <= now && now - asked < asked_again) return;  // ahead: the clock went back
    asked = now;
    out.push_back({device->id, renew});
  };
  for (const DeviceId& id : stale_) consider(r_.inventory.find(id), false);
  if (!trusted_.other) return out;
  for (const auto& [fingerprint, certificate] : r_.live) {
    if (!certificate.subject.device || certificate.status != CertificateStatus::valid) continue;
    const auto wait = waits(certificate.subject, certificate);
    // Who renews fetches the roots as well.
    if (wait.anchor || wait.certificate) consider(certificate.subject.device, wait.certificate);
  }
  return out;
}

}  // namespace muster::identity
