// What is vulnerable, who runs it, and until when it has to be patched.
#include <algorithm>
#include <tuple>

#include "exposure/internal/register.h"

namespace muster::exposure {
namespace {

constexpr std::array state_names{"open", "not_affected", "fixed", "excepted"};

// The most urgent first: exploited, then reachable, then likely, then grave.
auto urgency(const Vulnerability& v) {
  return std::tuple(v.exploited, v.exposed > 0, v.permille, v.score, v.severity, v.devices);
}

// The newest statement about a package that still counts.
const advisory::Statement* statement_about(const std::vector<const advisory::Statement*>& all,
                                           const advisory::Package& package, Instant now,
                                           Duration counts) {
  const advisory::Statement* best = nullptr;
  for (const auto* each : all) {
    if (now >= each->at + counts) continue;
    // "Fixed" without saying in which version says nothing about this one.
    if (each->version.empty() && each->status == advisory::Status::fixed) continue;
    const auto about = [&](const advisory::Package::Named& named) {
      return each->package == named.coordinates &&
             (each->version.empty() || each->version == named.version);
    };
    const auto names = package.names();
    if (std::ranges::any_of(names, about) && (!best || best->at < each->at)) best = each;
  }
  return best;
}

}  // namespace

const char* name_of(State state) {
  return state_names[static_cast<std::size_t>(state)];
}

void Exposure::Register::sync(const std::string& vulnerability, store::Writer& writer) {
  const auto now = index.images_of(vulnerability);
  auto& before = found[vulnerability];
  for (auto at = before.begin(); at != before.end();) {
    if (now.contains(at->first)) {
      ++at;
      continue;
    }
    const Image& image = images[at->first];
    writer.write(
        "DELETE FROM exposure_finding WHERE vulnerability = ? AND model = ? AND version = ?",
        {vulnerability, image.model.text(), image.version});
    at = before.erase(at);
  }
  for (const auto& [number, packages] : now) {
    if (!before.try_emplace(number, clock.now()).second) continue;
    const Image& image = images[number];
    writer.write(
        "INSERT INTO exposure_finding(vulnerability, model, version, found) VALUES(?,?,?,?)",
        {vulnerability, image.model.text(), image.version, millis(before[number])});
  }
  if (before.empty()) found.erase(vulnerability);
}

void Exposure::Register::judge(Finding& out, const std::vector<PackageNumber>& packages) const {
  const auto& all = index.statements(out.vulnerability);
  const Duration counts = std::chrono::days(policy.statement_days);
  std::size_t cleared = 0;
  for (const PackageNumber number : packages) {
    const auto* said = statement_about(all, index.package(number), clock.now(), counts);
    if (!said) continue;
    out.investigated = out.investigated || said->status == advisory::Status::under_investigation;
    if (said->status != advisory::Status::not_affected && said->status != advisory::Status::fixed)
      continue;
    ++cleared;
    out.state = said->status == advisory::Status::fixed ? State::fixed : State::not_affected;
    out.author = said->author;
    out.why = said->justification;
    if (!out.ends || *out.ends > said->at + counts) out.ends = said->at + counts;
  }
  if (cleared == packages.size()) return;  // each package of it is spoken for
  out.state = State::open;
  out.why.clear();
  out.author.clear();
  out.ends.reset();
  for (const Exception& e : exceptions) {
    if (e.ended || e.vulnerability != out.vulnerability || clock.now() >= e.until ||
        (e.model && *e.model != out.model) || (out.ends && *out.ends > e.until))
      continue;
    out.state = State::excepted;
    out.why = e.reason;
    out.author = e.owner;
    out.ends = e.until;
  }
}

Finding Exposure::Register::finding(const std::string& vulnerability, ImageNumber number,
                                    Instant since,
                                    const std::vector<PackageNumber>& packages) const {
  const Image& image = images[number];
  const Known& known = *index.find(vulnerability);
  Finding out{.vulnerability = vulnerability,
              .model = image.model,
              .version = image.version,
              .found = since};
  for (const PackageNumber each : packages) {
    out.packages.push_back(index.purl(each));
    out.certain = out.certain || known.hits.at(each);
  }
  judge(out, packages);
  const auto* running = fleet.running(image.model, image.version);
  if (!running) return out;
  out.devices = running->devices.size();
  out.exposed = out.devices - running->isolated;
  out.risk = running->highest_risk();
  if (out.state != State::open) return out;
  const auto risk = static_cast<std::size_t>(out.risk);
  Severity severity = Severity::unknown;
  for (const auto* each : known.advisories) severity = std::max(severity, each->severity);
  int days = policy.days[static_cast<std::size_t>(severity)][risk];
  if (known.exploited) days = std::min(days, policy.exploited[risk]);
  out.due = since + std::chrono::days(days);
  out.overdue = clock.now() > *out.due;
  return out;
}

std::vector<Finding> Exposure::Register::findings(const std::string& vulnerability) const {
  std::vector<Finding> out;
  const auto of = found.find(vulnerability);
  if (of == found.end()) return out;
  for (const auto& [number, packages] : index.images_of(vulnerability))
    if (const auto since = of->second.find(number); since != of->second.end())
      out.push_back(finding(vulnerability, number, since->second, packages));
  return out;
}

Vulnerability Exposure::Register::summary(const std::string& id) const {
  const Known& known = *index.find(id);
  Vulnerability out{.id = id,
                    .exploited = known.exploited,
                    .ransomware = known.ransomware,
                    .permille = known.permille};
  for (const auto* each : known.advisories) {
    out.advisories.push_back(each->id);
    out.score = std::max(out.score, each->score);
    out.severity = std::max(out.severity, each->severity);
    if (out.summary.empty()) out.summary = each->summary;
    for (const auto& affected : each->affected)
      for (const auto& version : affected.fixed)
        if (out.fixed.size() < 64) out.fixed.push_back(affected.package + ' ' + version);
  }
  std::ranges::sort(out.fixed);
  out.fixed.erase(std::ranges::unique(out.fixed).begin(), out.fixed.end());
  for (const Finding& each : findings(id)) {
    if (each.state != State::open) continue;
    ++out.images;
    out.devices += each.devices;
    out.exposed += each.exposed;
    out.overdue += each.overdue;
    if (each.due && (!out.due || *each.due < *out.due)) out.due = each.due;
  }
  return out;
}

std::vector<Vulnerability> Exposure::vulnerabilities() const {
  std::vector<Vulnerability> out;
  for (const auto& [id, images] : register_->found) out.push_back(register_->summary(id));
  std::ranges::sort(out, [](const Vulnerability& a, const Vulnerability& b) {
    const auto x = urgency(a), y = urgency(b);
    return x != y ? x > y : a.id < b.id;
  });
  return out;
}

Result<Vulnerability> Exposure::vulnerability(const std::string& id) const {
  const auto* known = register_->index.find(id);
  if (!known || known->advisories.empty())
    return fail(Fault::missing, "no advisory that was imported speaks of it");
  return register_->summary(id);
}

std::vector<Finding> Exposure::findings(const std::string& vulnerability) const {
  return register_->findings(vulnerability);
}

std::vector<Finding> Exposure::overdue() const {
  std::vector<Finding> out;
  for (const auto& [id, images] : register_->found)
    for (auto& each : register_->findings(id))
      if (each.overdue) out.push_back(std::move(each));
  std::ranges::sort(out, [](const Finding& a, const Finding& b) {
    return std::tie(*a.due, a.vulnerability, a.model, a.version) <
           std::tie(*b.due, b.vulnerability, b.model, b.version);
  });
  return out;
}

bool Exposure::affected(const std::string& vulnerability, const ModelId& model,
                        std::string_view version) const {
  for (const Finding& each : register_->findings(vulnerability))
    if (each.model == model && each.version == version) return each.state == State::open;
  return false;
}

Exposure::Devices Exposure::devices(const std::string& vulnerability, std::string_view after,
                                    std::size_t limit) const {
  Devices out;
  std::vector<const inventory::Device*> all;
  for (const Finding& each : register_->findings(vulnerability)) {
    const auto* running = register_->fleet.running(each.model, each.version);
    if (each.state != State::open || !running) continue;
    out.total += running->devices.size();
    for (const auto* device : running->devices)
      if (device->id.text() > after) all.push_back(device);
  }
  const auto by_id = [](const auto* a, const auto* b) { return a->id < b->id; };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(limit, all.size()));
  std::ranges::partial_sort(all, end, by_id);
  if (end != all.end() && limit > 0) out.next = (*std::prev(end))->id.text();
  all.erase(end, all.end());
  out.page = std::move(all);
  return out;
}

}  // namespace muster::exposure
