// CycloneDX 1.4 to 1.6: what a component may say of itself.
#include <algorithm>
#include <array>

#include "wire/internal/sbom_formats.h"

namespace muster::wire {
namespace {

constexpr std::array<std::string_view, 12> algorithms{
    "MD5",      "SHA-1",    "SHA-256",     "SHA-384",     "SHA-512",     "SHA3-256",
    "SHA3-384", "SHA3-512", "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3"};

Result<void> check_hash(const Json& hash, const Place& place) {
  TRY(const auto alg, text_at(hash, "alg", place, true, 32));
  TRY(const auto content, text_at(hash, "content", place, true, 128));
  if (std::ranges::find(algorithms, alg) == algorithms.end())
    return place.at("alg").refuse("is not a hash algorithm that CycloneDX names");
  // The schema lets any of these lengths stand for any algorithm.
  const bool length = content.size() == 32 || content.size() == 40 || content.size() == 64 ||
                      content.size() == 96 || content.size() == 128;
  if (!length || content.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    return place.at("content").refuse("must be a digest in hexadecimal");
  return {};
}

Result<void> check_attachment(const Json& owner, std::string_view key, const Place& place) {
  if (const Json* text = owner.find(key))
    TRY_VOID(check_word(*text, "encoding", place.at(key), false, {"base64"}));
  return {};
}

Result<void> check_license(const Json& license, const Place& place) {
  const bool id = license.find("id"), name = license.find("name");
  if (id == name) return place.refuse("a licence has an id or a name, and not both");
  TRY_VOID(text_at(license, id ? "id" : "name", place, true, sbom_text_max));
  return check_attachment(license, "text", place);
}

Result<void> check_properties(const Json& owner, const Place& place, std::string_view version) {
  if (version < "1.6") return {};  // the name is required since then
  TRY(const auto* items, items_at(owner, "properties", place));
  const Place here = place.at("properties");
  for (std::size_t i = 0; i < items->size(); ++i)
    TRY_VOID(text_at((*items)[i], "name", here.at(i), true, 64 * 1024));
  return {};
}

Result<void> check_patches(const Json& component, const Place& place) {
  const Json* pedigree = component.find("pedigree");
  if (!pedigree) return {};
  const Place from = place.at("pedigree"), here = from.at("patches");
  TRY(const auto* patches, items_at(*pedigree, "patches", from));
  for (std::size_t i = 0; i < patches->size(); ++i) {
    const Place each = here.at(i), list = each.at("resolves");
    TRY_VOID(check_word((*patches)[i], "type", each, true,
                        {"unofficial", "monkey", "backport", "cherry-pick"}));
    TRY(const auto* resolves, items_at((*patches)[i], "resolves", each));
    for (std::size_t k = 0; k < resolves->size(); ++k)
      TRY_VOID(check_word((*resolves)[k], "type", list.at(k), true,
                          {"defect", "enhancement", "security"}));
  }
  return {};
}

Result<void> check_swid(const Json& component, const Place& place) {
  const Json* swid = component.find("swid");
  if (!swid) return {};
  const Place here = place.at("swid");
  TRY_VOID(text_at(*swid, "tagId", here, true, sbom_text_max));
  TRY_VOID(text_at(*swid, "name", here, true, sbom_text_max));
  return check_attachment(*swid, "text", here);
}

Result<void> check_type(const Json& component, const Place& place, std::string_view version) {
  if (version == "1.4")
    return check_word(component, "type", place, true,
                      {"application", "framework", "library", "container", "operating-system",
                       "device", "firmware", "file"});
  if (version == "1.5")
    return check_word(
        component, "type", place, true,
        {"application", "framework", "library", "container", "platform", "operating-system",
         "device", "device-driver", "firmware", "file", "machine-learning-model", "data"});
  return check_word(component, "type", place, true,
                    {"application", "framework", "library", "container", "platform",
                     "operating-system", "device", "device-driver", "firmware", "file",
                     "machine-learning-model", "data", "cryptographic-asset"});
}

}  // namespace

Result<void> check_cyclonedx_licenses(const Json& owner, const Place& place,
                                      std::string_view version) {
  const Place here = place.at("licenses");
  TRY(const auto* items, items_at(owner, "licenses", place));
  std::size_t expressions = 0;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json& item = (*items)[i];
    const Place each = here.at(i);
    const Json* license = item.find("license");
    const bool expression = item.find("expression");
    if (expression == (license != nullptr))
      return each.refuse("must have a license or an expression, and not both");
    if (license) TRY_VOID(check_license(*license, each.at("license")));
    if (expression) TRY_VOID(text_at(item, "expression", each, true, 64 * 1024));
    expressions += expression;
  }
  if (version != "1.4" && expressions && items->size() > 1)
    return here.refuse("an expression stands alone: it speaks for all licences");
  return {};
}

Result<void> check_cyclonedx_component(const Json& component, const Place& place,
                                       std::string_view version) {
  TRY_VOID(check_type(component, place, version));
  TRY_VOID(check_word(component, "scope", place, false, {"required", "optional", "excluded"}));
  const Place here = place.at("hashes");
  TRY(const auto* hashes, items_at(component, "hashes", place));
  for (std::size_t i = 0; i < hashes->size(); ++i) TRY_VOID(check_hash((*hashes)[i], here.at(i)));
  TRY_VOID(check_cyclonedx_licenses(component, place, version));
  TRY_VOID(check_swid(component, place));
  TRY_VOID(check_patches(component, place));
  return check_properties(component, place, version);
}

}  // namespace muster::wire
