// Who may take a release, and why others may not.
#include <algorithm>

#include "rollout/internal/book.h"
#include "wire/update.h"

namespace muster::rollout {
namespace {

constexpr std::size_t named_max = 1'000;

std::string reported_text(const inventory::Device& d, std::string_view member) {
  const auto* value = d.reported.find(member);
  return value && value->text() ? *value->text() : std::string();
}

bool is_older(const std::string& version, const std::string& least) {
  return !wire::is_version(version) || wire::compare_versions(version, least) < 0;
}

// Completes "meter-7 …"; empty when the device has what the release needs.
std::string lacks(const Needs& needs, const inventory::Device& d) {
  if (!needs.minimum.empty() && is_older(d.firmware, needs.minimum))
    return "runs " + (d.firmware.empty() ? "what it has not told" : d.firmware) +
           "; the release needs " + needs.minimum + " first";
  for (const auto& [member, least] : needs.versions) {
    const auto has = reported_text(d, member);
    if (is_older(has, least))
      return "has " + member + " " + (has.empty() ? "unknown" : has) + "; the release needs " +
             least + " or later";
  }
  if (needs.hardware.empty()) return {};
  const auto hardware = reported_text(d, "hardware");
  if (std::find(needs.hardware.begin(), needs.hardware.end(), hardware) != needs.hardware.end())
    return {};
  return "is hardware " + (hardware.empty() ? "unknown" : hardware) +
         ", which the release is not for";
}

}  // namespace

// Completes "meter-7 …"; empty when nothing speaks against it.
std::string Rollouts::Book::why_not(const Plan& plan, const release::Release& release,
                                    const inventory::Device& d) const {
  using inventory::Lifecycle;
  if (d.model != release.metadata.model)
    return "is of model " + d.model.text() + "; the release is for " +
           release.metadata.model.text();
  if (inventory::is_leaving(d.state)) return std::string("is ") + name_of(d.state);
  if (d.state == Lifecycle::expected) return "has not enrolled yet";
  if (d.state == Lifecycle::quarantined && !plan.quarantined) return "is in quarantine";
  if (d.release_id == release.id) return "runs it already";
  const auto* runs = releases.find(d.release_id);
  if (runs && runs->metadata.sequence > release.metadata.sequence)
    return "runs " + runs->metadata.version + ", which is newer";
  return plan.needs.empty() ? std::string() : lacks(plan.needs, d);
}

Result<Chosen> Rollouts::Book::choose(const Plan& plan) const {
  TRY_VOID(check_plan(plan));
  const auto* release = releases.find(plan.release);
  if (!release)
    return fail(Fault::missing, "there is no release " + plan.release + "; publish it first",
                "/release");
  std::vector<std::string> retried;
  if (plan.retry_of) {
    const auto earlier = courses.find(*plan.retry_of);
    if (earlier == courses.end() || earlier->second.live())
      return fail(earlier == courses.end() ? Fault::missing : Fault::conflict,
                  "rollout " + std::to_string(plan.retry_of->number) +
                      (earlier == courses.end() ? " is not there" : " has not ended yet"),
                  "/retry_of");
    retried = failed_in(*plan.retry_of);
  }
  Chosen out;
  for (auto& id : inventory.select(plan.selector)) {
    if (plan.retry_of && !std::binary_search(retried.begin(), retried.end(), id.text())) continue;
    if (auto why = why_not(plan, *release, *inventory.find(id)); !why.empty()) {
      if (out.left_out.size() < named_max) out.left_out.emplace_back(std::move(id), why);
      continue;
    }
    if (const auto at = places.find(id.text()); at != places.end() && at->second.course->live()) {
      const Course& other = *at->second.course;
      if (!plan.emergency || other.plan.emergency)
        return fail(Fault::conflict,
                    "device " + id.text() + " is in rollout " + std::to_string(other.id.number) +
                        ", which is " + name_of(other.state) +
                        "; halt that one, wait for it, or select other devices",
                    "/selector");
      out.overtaken.emplace_back(id, other.id);
    }
    out.targets.push_back(std::move(id));
  }
  return out;
}

}  // namespace muster::rollout
