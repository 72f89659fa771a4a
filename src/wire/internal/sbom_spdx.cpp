// SPDX 2.3: packages, and which of them the document describes.
#include <algorithm>
#include <unordered_set>

#include "wire/internal/sbom_formats.h"

namespace muster::wire {
namespace {

bool is_spdx_id(std::string_view s) {
  if (!s.starts_with("SPDXRef-") || s.size() == 8) return false;
  return std::ranges::all_of(s.substr(8), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-';
  });
}

Result<void> take_references(SbomComponent& out, const Json& package, const Place& place) {
  const Place here = place.at("externalRefs");
  TRY(const auto* refs, items_at(package, "externalRefs", place));
  for (std::size_t i = 0; i < refs->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto type, text_at((*refs)[i], "referenceType", each, true, sbom_text_max));
    TRY_VOID(text_at((*refs)[i], "referenceCategory", each, true, sbom_text_max));
    TRY(auto locator, text_at((*refs)[i], "referenceLocator", each, true, sbom_text_max));
    if (type == "purl" && out.purl.empty())
      out.purl = std::move(locator);
    else if (type == "cpe23Type" && out.cpe.empty())
      out.cpe = std::move(locator);
  }
  return {};
}

Result<SbomComponent> package_of(const Json& in, const Place& place) {
  if (!in.members()) return place.refuse("must be an object");
  SbomComponent out;
  TRY(out.reference, text_at(in, "SPDXID", place, true, sbom_text_max));
  if (!is_spdx_id(out.reference))
    return place.at("SPDXID").refuse("must be SPDXRef- and then letters, digits, . and -");
  TRY(out.name, text_at(in, "name", place, true, sbom_text_max));
  TRY(out.version, text_at(in, "versionInfo", place, false, sbom_text_max));
  TRY_VOID(text_at(in, "downloadLocation", place, true, sbom_text_max));
  TRY(out.type, text_at(in, "primaryPackagePurpose", place, false, 64));
  std::ranges::transform(out.type, out.type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
  });
  TRY_VOID(take_references(out, in, place));
  return out;
}

// Told by documentDescribes, or by a relationship; the first one that is a package here.
Result<std::string> described(const Json& root, const Place& place) {
  TRY(const auto* named, items_at(root, "documentDescribes", place));
  if (!named->empty() && named->front().text()) return *named->front().text();
  TRY(const auto* relations, items_at(root, "relationships", place));
  const Place here = place.at("relationships");
  for (std::size_t i = 0; i < relations->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto type, text_at((*relations)[i], "relationshipType", each, true, 64));
    TRY(const auto from, text_at((*relations)[i], "spdxElementId", each, true, sbom_text_max));
    TRY(auto to, text_at((*relations)[i], "relatedSpdxElement", each, true, sbom_text_max));
    if (type == "DESCRIBES" && from == "SPDXRef-DOCUMENT") return to;
  }
  return std::string();
}

}  // namespace

Result<Sbom> read_spdx(const Json& root, const SbomLimits& limits) {
  const Place top;
  TRY_VOID(check_word(root, "spdxVersion", top, true, {"SPDX-2.3"}));
  TRY_VOID(check_word(root, "SPDXID", top, true, {"SPDXRef-DOCUMENT"}));
  TRY_VOID(text_at(root, "name", top, true, sbom_text_max));
  TRY_VOID(text_at(root, "dataLicense", top, true, 64));
  Sbom out{.format = SbomFormat::spdx, .spec_version = "2.3"};
  TRY(out.serial, text_at(root, "documentNamespace", top, true, sbom_text_max));
  const Json* creation = root.find("creationInfo");
  if (!creation) return top.at("creationInfo").refuse("is missing");
  TRY(out.created, text_at(*creation, "created", top.at("creationInfo"), true, 64));
  TRY(const auto* packages, items_at(root, "packages", top));
  const Place here = top.at("packages");
  if (packages->size() > limits.components)
    return here.refuse("more than " + std::to_string(limits.components) + " packages");
  TRY(const auto subject, described(root, top));
  std::unordered_set<std::string> ids;
  for (std::size_t i = 0; i < packages->size(); ++i) {
    const Place each = here.at(i);
    TRY(auto package, package_of((*packages)[i], each));
    if (!ids.insert(package.reference).second)
      return each.at("SPDXID").refuse("names two packages of this document");
    if (package.reference == subject)
      out.subject = std::move(package);
    else
      out.components.push_back(std::move(package));
  }
  return out;
}

}  // namespace muster::wire
