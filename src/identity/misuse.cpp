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
  registry_->misuse.listen(std::move(listener));
}

void Identity::taken_over(const DeviceId& device, const std::string& before,
                          const std::string& after) {
  registry_->misuse.taken_over(device, before, after);
}

void Misuse::listen(std::function<void(const Suspicion&)> listener) {
  listeners_.push_back(std::move(listener));
}

void Misuse::raise(const DeviceId& device, const char* kind, std::string words) const {
  const Suspicion suspicion{device, kind, std::move(words), clock_.now()};
  for (const auto& listener : listeners_) listener(suspicion);
}

void Misuse::taken_over(const DeviceId& device, const std::string& before,
                        const std::string& after) {
  const auto now = clock_.now();
  const auto over = [&](const TakeOver& each) {
    return each.at + take_overs_within <= now || each.at > now;
  };
  const auto from = host_of(before), to = host_of(after);
  if (from == to) return;
  if (take_overs_.size() >= devices_watched && !take_overs_.contains(device)) {
    std::erase_if(take_overs_, [&](const auto& each) { return over(each.second.back()); });
    if (take_overs_.size() >= devices_watched) take_overs_.clear();
  }
  auto& seen = take_overs_[device];
  std::erase_if(seen, over);
  seen.push_back({now, from, to});
  if (seen.size() < take_overs_max) return;
  std::set<std::string> hosts;
  for (const auto& each : seen) hosts.insert({each.before, each.after});
  const bool to_and_fro = hosts.size() == 2;
  if (to_and_fro) {
    const auto times = std::to_string(seen.size());
    take_overs_.erase(device);
    return raise(device, "identity-shared",
                 "two clients, at " + *hosts.begin() + " and " + *hosts.rbegin() +
                     ", took this device's session from each other " + times +
                     " times within two minutes");
  }
  seen.pop_front();
}

// Its new owner has been seen, and somebody still has the old one.
void Misuse::superseded(const inventory::Device& device, Instant superseded_at) const {
  if (clock_.now() < superseded_at + superseded_grace) return;
  auto seen = store_.read("SELECT 1 FROM identity_certificate WHERE subject = ? AND status = 1",
                          {device.id.text()});
  if (seen.next())
    raise(device.id, "certificate-superseded",
          "a certificate of this device was used after its replacement had been seen");
}

void Misuse::reuse(const Subject& subject, const std::string& from) const {
  if (!subject.device) return;
  auto rows =
      store_.read("SELECT burned_from FROM identity_token WHERE subject = ?", {subject.id()});
  if (!rows.next()) return;
  const auto first = rows.text(0), now = host_of(from);
  if (first.empty() || now.empty() || first == now) return;
  raise(subject.device->id, "token-reused",
        "the one-time token of this device, used from " + first +
            ", was tried again with another key from " + now);
}

void Misuse::shared_key(const Subject& asking, const std::string& owner,
                        const std::optional<Subject>& known) const {
  if (asking.device)
    raise(asking.device->id, "key-shared",
          "this device asked for a certificate with the key of " + owner);
  if (known && known->device)
    raise(known->device->id, "key-shared",
          asking.id() + " asked for a certificate with the key of this device");
}

}  // namespace muster::identity
