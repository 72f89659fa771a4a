// What a door refused, and signs that one identity is in two hands. What is done about them is not
// decided here.

#include <algorithm>
#include <set>

#include "base/peer.h"
#include "identity/internal/registry.h"

namespace muster::identity {
namespace {

constexpr Duration take_overs_within = 2min;
constexpr std::size_t take_overs_max = 3;        // and they are suspicious
constexpr std::size_t devices_watched = 10'000;  // at once; more take turns
// A client may have the old certificate in hand for a moment when the new one has been seen.
constexpr Duration superseded_grace = 1min;
constexpr std::size_t words_max = 512;  // of what a door refused: a stranger may have chosen them

}  // namespace

void Identity::refused_at_door(const std::string& who, const std::string& action,
                               std::string_view words) {
  auto& r = *registry_;
  const auto subject = r.find(who);
  r.note({.cause = std::string(words.substr(0, words_max)),
          .target = subject ? subject->target() : std::string(),
          .from = subject ? std::string() : who,
          .action = action},
         r.door_refusals);
}

void Identity::on_suspicion(std::function<void(const Suspicion&)> listener) {
  registry_->suspicious.push_back(std::move(listener));
}

void Identity::Registry::suspect(const DeviceId& device, const char* kind,
                                 std::string words) const {
  const Suspicion suspicion{device, kind, std::move(words), clock.now()};
  for (const auto& listener : suspicious) listener(suspicion);
}

void Identity::taken_over(const DeviceId& device, const std::string& before,
                          const std::string& after) {
  auto& r = *registry_;
  const auto now = r.clock.now();
  const auto over = [&](const Registry::TakeOver& each) {
    return each.at + take_overs_within <= now || each.at > now;
  };
  const auto from = host_of(before), to = host_of(after);
  if (from == to) return;
  if (r.take_overs.size() >= devices_watched && !r.take_overs.contains(device)) {
    std::erase_if(r.take_overs, [&](const auto& each) { return over(each.second.back()); });
    if (r.take_overs.size() >= devices_watched) r.take_overs.clear();
  }
  auto& seen = r.take_overs[device];
  std::erase_if(seen, over);
  seen.push_back({now, from, to});
  if (seen.size() < take_overs_max) return;
  std::set<std::string> hosts;
  for (const auto& each : seen) hosts.insert({each.before, each.after});
  const bool to_and_fro = hosts.size() == 2;
  if (to_and_fro) {
    const auto times = std::to_string(seen.size());
    r.take_overs.erase(device);
    return r.suspect(device, "identity-shared",
                     "two clients, at " + *hosts.begin() + " and " + *hosts.rbegin() +
                         ", took this device's session from each other " + times +
                         " times within two minutes");
  }
  seen.pop_front();
}

// Its new owner has been seen, and somebody still has the old one.
void Identity::Registry::suspect_superseded(const std::string& subject,
                                            Instant superseded_at) const {
  const auto* device = find(subject)->device;
  if (clock.now() < superseded_at + superseded_grace) return;
  auto seen =
      store.read("SELECT 1 FROM identity_certificate WHERE subject = ? AND status = 1", {subject});
  if (seen.next())
    suspect(device->id, "certificate-superseded",
            "a certificate of this device was used after its replacement had been seen");
}

void Identity::Registry::suspect_reuse(const Subject& subject, const std::string& from) const {
  if (!subject.device) return;
  auto rows =
      store.read("SELECT burned_from FROM identity_token WHERE subject = ?", {subject.id()});
  if (!rows.next()) return;
  const auto first = rows.text(0), now = host_of(from);
  if (first.empty() || now.empty() || first == now) return;
  suspect(subject.device->id, "token-reused",
          "the one-time token of this device, used from " + first +
              ", was tried again with another key from " + now);
}

// Whoever asks has proved to hold the key, so it is in two hands.
void Identity::Registry::suspect_shared_key(const Subject& asking, const std::string& owner) const {
  const auto other = find(owner);
  if (asking.device)
    suspect(asking.device->id, "key-shared",
            "this device asked for a certificate with the key of " + owner);
  if (other && other->device)
    suspect(other->device->id, "key-shared",
            asking.id() + " asked for a certificate with the key of this device");
}

}  // namespace muster::identity
