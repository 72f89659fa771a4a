#include "agent/anchors.h"

#include <algorithm>

#include "crypto/cross.h"

namespace muster::agent {
namespace {

using crypto::Certificate;

constexpr const char* name = "anchors.pem";
constexpr std::string_view mark = "# of ";
constexpr std::size_t anchors_max = 8;

std::string origin_of(std::span<const Certificate> provisioned) {
  crypto::Sha256 all;
  for (const auto& each : provisioned) all.update(each.fingerprint);
  return to_hex(all.finish());
}

bool holds(std::span<const Certificate> all, const Certificate& one) {
  return std::ranges::find(all, one.der, &Certificate::der) != all.end();
}

}  // namespace

Result<Anchors> Anchors::open(Disk& disk, std::span<const Certificate> provisioned) {
  Anchors out(disk, origin_of(provisioned), {provisioned.begin(), provisioned.end()});
  TRY(const auto text, disk.read(name));
  if (!text || !text->starts_with(std::string(mark) + out.origin_ + '\n')) return out;
  TRY(out.all_, crypto::parse_certificates_pem(*text));
  return out;
}

std::string Anchors::pem() const {
  std::string out;
  for (const auto& each : all_) out += crypto::certificate_pem(each.der);
  return out;
}

std::vector<std::string> Anchors::fingerprints() const {
  std::vector<std::string> out;
  for (const auto& each : all_) out.push_back(to_hex(each.fingerprint));
  return out;
}

Result<bool> Anchors::learn(std::span<const Certificate> given, Instant now) {
  std::vector<Certificate> next;
  for (const auto& one : given) {
    if (next.size() == anchors_max || holds(next, one)) continue;
    const bool certified =
        crypto::is_root(one) && std::ranges::any_of(given, [&](const Certificate& cross) {
          return crypto::verify_cross(cross, one, all_, now).has_value();
        });
    if (holds(all_, one) || certified) next.push_back(one);
  }
  const bool same = next.size() == all_.size() &&
                    std::ranges::all_of(next, [this](const auto& one) { return holds(all_, one); });
  if (next.empty() || same) return false;
  std::swap(all_, next);
  auto kept = disk_.write(name, std::string(mark) + origin_ + '\n' + pem());
  if (!kept) {
    std::swap(all_, next);
    return std::unexpected(kept.error());
  }
  return true;
}

}  // namespace muster::agent
