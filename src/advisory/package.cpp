#include "advisory/package.h"

#include <algorithm>
#include <array>

#include "advisory/internal/orders.h"
#include "advisory/purl.h"

namespace muster::advisory {
namespace {

struct Known {
  std::string_view ecosystem, type, namespace_;
  Scheme scheme;
};
constexpr std::array<Known, 28> known{{{"Debian", "deb", "debian", Scheme::deb},
                                       {"Ubuntu", "deb", "ubuntu", Scheme::deb},
                                       {"Alpine", "apk", "alpine", Scheme::apk},
                                       {"Wolfi", "apk", "wolfi", Scheme::apk},
                                       {"Chainguard", "apk", "chainguard", Scheme::apk},
                                       {"Alpaquita", "apk", "alpaquita", Scheme::apk},
                                       {"Red Hat", "rpm", "redhat", Scheme::rpm},
                                       {"Rocky Linux", "rpm", "rocky", Scheme::rpm},
                                       {"AlmaLinux", "rpm", "almalinux", Scheme::rpm},
                                       {"SUSE", "rpm", "suse", Scheme::rpm},
                                       {"openSUSE", "rpm", "opensuse", Scheme::rpm},
                                       {"Mageia", "rpm", "mageia", Scheme::rpm},
                                       {"openEuler", "rpm", "openeuler", Scheme::rpm},
                                       {"Photon OS", "rpm", "photon", Scheme::rpm},
                                       {"Azure Linux", "rpm", "azurelinux", Scheme::rpm},
                                       {"npm", "npm", "", Scheme::npm},
                                       {"PyPI", "pypi", "", Scheme::pypi},
                                       {"Go", "golang", "", Scheme::golang},
                                       {"crates.io", "cargo", "", Scheme::semver},
                                       {"Maven", "maven", "", Scheme::maven},
                                       {"RubyGems", "gem", "", Scheme::gem},
                                       {"NuGet", "nuget", "", Scheme::semver},
                                       {"Packagist", "composer", "", Scheme::generic},
                                       {"Hex", "hex", "", Scheme::semver},
                                       {"Pub", "pub", "", Scheme::semver},
                                       {"SwiftURL", "swift", "", Scheme::semver},
                                       {"ConanCenter", "conan", "", Scheme::generic},
                                       {"Arch Linux", "alpm", "arch", Scheme::alpm}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> codenames{
    {{"buster", "10"},
     {"bullseye", "11"},
     {"bookworm", "12"},
     {"trixie", "13"},
     {"forky", "14"},
     {"duke", "15"},
     {"xenial", "16.04"},
     {"bionic", "18.04"},
     {"focal", "20.04"},
     {"jammy", "22.04"},
     {"noble", "24.04"},
     {"resolute", "26.04"}}};

bool is_distribution(std::string_view type) {
  return type == "deb" || type == "apk" || type == "rpm";
}

// The first `parts` numbers of "3.18.4".
std::string numbers(std::string_view text, int parts) {
  std::string out;
  while (parts-- > 0 && !text.empty() && is_digit(text[0])) {
    if (!out.empty()) out += '.';
    out += take(text, is_digit);
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return out;
}

// "openssl@3.0.11-1", "openssl (3.0.11-1)" or "openssl".
Package::Named source_of(const Purl& purl, std::string_view text) {
  const auto mark = text.find_first_of("@ ");
  Purl source{
      .type = purl.type, .namespace_ = purl.namespace_, .name = std::string(text.substr(0, mark))};
  std::string version = purl.version;
  if (mark != std::string_view::npos) {
    const auto told = text.substr(mark + 1);
    version = told.starts_with('(') && told.ends_with(')') ? told.substr(1, told.size() - 2) : told;
  }
  return {source.coordinates(), std::move(version)};
}

}  // namespace

std::vector<Package::Named> Package::names() const {
  std::vector<Named> out{own};
  for (const Named& each : sources)
    if (each != own) out.push_back(each);
  return out;
}

std::string release_of(std::string_view distribution, std::string_view text) {
  if (text.starts_with(distribution) && text.size() > distribution.size() &&
      text[distribution.size()] == '-')
    text.remove_prefix(distribution.size() + 1);
  for (const auto& [name, release] : codenames)
    if (text == name) return std::string(release);
  if (text.starts_with('v')) text.remove_prefix(1);
  while (!text.empty() && !is_digit(text[0])) text.remove_prefix(1);
  return numbers(text, distribution == "ubuntu" || distribution == "alpine" ? 2 : 1);
}

Result<Package> package_of(std::string_view text) {
  TRY(const auto purl, parse_purl(text));
  if (purl.version.empty())
    return fail(Fault::invalid, "the package URL has no version: nothing can be said of it");
  Package out{.own = {purl.coordinates(), purl.version}};
  if (const auto* epoch = purl.qualifier("epoch"); epoch && purl.type == "rpm" && *epoch != "0")
    out.own.version = *epoch + ':' + purl.version;
  const auto* distro = purl.qualifier("distro");
  if (distro && is_distribution(purl.type)) out.release = release_of(purl.namespace_, *distro);
  if (const auto* upstream = purl.qualifier("upstream"); upstream && is_distribution(purl.type))
    out.sources.push_back(source_of(purl, *upstream));
  return out;
}

Ecosystem ecosystem_of(std::string_view name) {
  const auto colon = name.find(':');
  const auto family = name.substr(0, colon);
  for (const auto& [ecosystem, type, namespace_, scheme] : known) {
    if (family != ecosystem) continue;
    Ecosystem out{std::string(type), std::string(namespace_), {}, scheme};
    if (colon != std::string_view::npos && is_distribution(type))
      out.release = release_of(namespace_, name.substr(colon + 1));
    return out;
  }
  return {};
}

std::optional<Scheme> scheme_of_type(std::string_view purl_type) {
  for (const auto& each : known)
    if (purl_type == each.type) return each.scheme;
  if (purl_type == "generic" || purl_type == "github" || purl_type == "oci") return Scheme::generic;
  return std::nullopt;
}

Match match(const Affected& affected, const Package::Named& named, std::string_view release) {
  if (affected.package != named.coordinates) return Match::none;
  if (!affected.release.empty() && !release.empty() && affected.release != release)
    return Match::none;
  const bool listed =
      std::binary_search(affected.versions.begin(), affected.versions.end(), named.version);
  if (!listed && std::ranges::none_of(affected.ranges, [&](const Range& range) {
        return range.contains(named.version);
      }))
    return Match::none;
  return affected.release.empty() || !release.empty() ? Match::certain : Match::uncertain;
}

}  // namespace muster::advisory
