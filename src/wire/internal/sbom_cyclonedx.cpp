// CycloneDX 1.4 to 1.6: the document and its tree of components.
#include <algorithm>
#include <unordered_set>

#include "wire/internal/sbom_formats.h"

namespace muster::wire {
namespace {

bool is_hex(std::string_view s) {
  return !s.empty() && s.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_serial(std::string_view s) {
  if (!s.starts_with("urn:uuid:") || s.size() != 45) return false;
  s.remove_prefix(9);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (s[i] == '-') || (!dash && !is_hex(s.substr(i, 1)))) return false;
  }
  return true;
}

// "2020-04-13T20:20:39+00:00" (RFC 3339 section 5.6), any offset.
bool is_date_time(std::string_view s) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (s.size() < 20) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = s[i] >= '0' && s[i] <= '9';
    if (shape[i] == '0' ? !digit : s[i] != shape[i] && !(shape[i] == 'T' && s[i] == 't'))
      return false;
  }
  return s.ends_with('Z') || s.ends_with('z') || s[s.size() - 6] == '+' || s[s.size() - 6] == '-';
}

struct Reading {
  const SbomLimits& limits;
  Sbom out;
  std::unordered_set<std::string> references;

  Result<SbomComponent> component(const Json&, const Place&);
  Result<void> components(const Json& owner, const Place&, std::size_t depth);
};

Result<SbomComponent> Reading::component(const Json& in, const Place& place) {
  if (!in.members()) return place.refuse("must be an object");
  TRY_VOID(check_cyclonedx_component(in, place, out.spec_version));
  SbomComponent c;
  TRY(c.type, text_at(in, "type", place, true, sbom_text_max));
  TRY(c.name, text_at(in, "name", place, true, sbom_text_max));
  TRY(c.group, text_at(in, "group", place, false, sbom_text_max));
  TRY(c.version, text_at(in, "version", place, false, sbom_text_max));
  TRY(c.purl, text_at(in, "purl", place, false, sbom_text_max));
  TRY(c.cpe, text_at(in, "cpe", place, false, sbom_text_max));
  TRY(c.reference, text_at(in, "bom-ref", place, false, sbom_text_max));
  if (in.find("bom-ref") && c.reference.empty())
    return place.at("bom-ref").refuse("must have at least one character");
  if (!c.reference.empty() && !references.insert(c.reference).second)
    return place.at("bom-ref").refuse("names two components of this document");
  return c;
}

Result<void> Reading::components(const Json& owner, const Place& place, std::size_t depth) {
  const Place here = place.at("components");
  TRY(const auto* items, items_at(owner, "components", place));
  if (items->empty()) return {};
  if (depth == limits.nesting)
    return here.refuse("components lie deeper than " + std::to_string(limits.nesting));
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (out.components.size() == limits.components)
      return here.refuse("more than " + std::to_string(limits.components) + " components");
    const Place each = here.at(i);
    TRY(auto read, component((*items)[i], each));
    out.components.push_back(std::move(read));
    TRY_VOID(components((*items)[i], each, depth + 1));
  }
  return {};
}

Result<void> check_dependencies(const Json& root, const Place& place) {
  const Place here = place.at("dependencies");
  TRY(const auto* items, items_at(root, "dependencies", place));
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto ref, text_at((*items)[i], "ref", each, true, sbom_text_max));
    if (ref.empty()) return each.at("ref").refuse("must have at least one character");
    TRY(const auto* on, items_at((*items)[i], "dependsOn", each));
    const Place list = each.at("dependsOn");
    for (std::size_t k = 0; k < on->size(); ++k)
      if (!(*on)[k].text() || (*on)[k].text()->empty())
        return list.at(k).refuse("must be the reference of a component");
  }
  return {};
}

Result<void> check_services(const Json& root, const Place& place) {
  const Place here = place.at("services");
  TRY(const auto* items, items_at(root, "services", place));
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Place each = here.at(i), list = each.at("data");
    TRY_VOID(text_at((*items)[i], "name", each, true, sbom_text_max));
    TRY(const auto* data, items_at((*items)[i], "data", each));
    for (std::size_t k = 0; k < data->size(); ++k)
      TRY_VOID(check_word((*data)[k], "flow", list.at(k), true,
                          {"inbound", "outbound", "bi-directional", "unknown"}));
  }
  return {};
}

Result<void> read_metadata(Reading& in, const Json& root, const Place& place) {
  const Json* metadata = root.find("metadata");
  if (!metadata) return {};
  const Place here = place.at("metadata");
  if (!metadata->members()) return here.refuse("must be an object");
  TRY(in.out.created, text_at(*metadata, "timestamp", here, false, 64));
  if (metadata->find("timestamp") && !is_date_time(in.out.created))
    return here.at("timestamp").refuse("must be a date and time such as 2026-11-22T04:50:21Z");
  TRY_VOID(check_cyclonedx_licenses(*metadata, here, in.out.spec_version));
  if (const Json* subject = metadata->find("component")) {
    const Place there = here.at("component");
    TRY(in.out.subject, in.component(*subject, there));
    TRY_VOID(in.components(*subject, there, 0));
  }
  return {};
}

}  // namespace

Result<Sbom> read_cyclonedx(const Json& root, const SbomLimits& limits) {
  const Place top;
  TRY_VOID(check_word(root, "bomFormat", top, true, {"CycloneDX"}));
  TRY_VOID(check_word(root, "specVersion", top, true, {"1.4", "1.5", "1.6"}));
  Reading in{limits, {.format = SbomFormat::cyclonedx}, {}};
  TRY(in.out.spec_version, text_at(root, "specVersion", top, true, 8));
  TRY(in.out.serial, text_at(root, "serialNumber", top, false, 64));
  if (!in.out.serial.empty() && !is_serial(in.out.serial))
    return top.at("serialNumber").refuse("must be urn:uuid: and a UUID");
  if (const Json* version = root.find("version");
      version && (!version->integer() || *version->integer() < 1))
    return top.at("version").refuse("must be a whole number of at least 1");
  TRY_VOID(read_metadata(in, root, top));
  TRY_VOID(in.components(root, top, 0));
  TRY_VOID(check_dependencies(root, top));
  TRY_VOID(check_services(root, top));
  return std::move(in.out);
}

}  // namespace muster::wire
