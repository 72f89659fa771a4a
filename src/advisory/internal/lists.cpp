// CISA's catalogue of known exploited vulnerabilities, and FIRST's EPSS scores.
#include <charconv>

#include "advisory/internal/documents.h"

namespace muster::advisory {
namespace {

using wire::items_at;
using wire::Json;
using wire::Place;
using wire::text_at;

// "0.04210" in thousandths, rounded down.
Result<int> permille_of(const std::string& text) {
  double value = -1;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1))
    return fail(Fault::invalid, "must be a probability from 0 to 1");
  return static_cast<int>(value * 1'000);
}

}  // namespace

Result<Document> read_kev(const Json& root, const DocumentLimits& limits) {
  const Place top;
  Document out{.name = "known-exploited"};
  TRY(const auto* items, items_at(root, "vulnerabilities", top));
  const Place here = top.at("vulnerabilities");
  if (items->size() > limits.entries)
    return here.refuse("more than " + std::to_string(limits.entries) + " entries");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json& in = (*items)[i];
    const Place each = here.at(i);
    Exploited entry;
    TRY(entry.cve, id_at(in, "cveID", each, true));
    TRY(const auto name, text_at(in, "vulnerabilityName", each, false, 4'096));
    entry.name = beginning(name, 256);
    TRY(entry.added, text_at(in, "dateAdded", each, true, 10));
    TRY(entry.due, text_at(in, "dueDate", each, false, 10));
    TRY(const auto ransomware, text_at(in, "knownRansomwareCampaignUse", each, false, 64));
    entry.ransomware = ransomware == "Known";
    out.exploited.push_back(std::move(entry));
  }
  return out;
}

Result<Document> read_epss(const Json& root, const DocumentLimits& limits) {
  const Place top;
  Document out{.name = "epss"};
  TRY(const auto* items, items_at(root, "data", top));
  const Place here = top.at("data");
  if (items->size() > limits.entries)
    return here.refuse("more than " + std::to_string(limits.entries) + " scores");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Place each = here.at(i);
    Likelihood score;
    TRY(score.cve, id_at((*items)[i], "cve", each, true));
    TRY(const auto text, text_at((*items)[i], "epss", each, true, 32));
    auto permille = permille_of(text);
    if (!permille) return each.at("epss").refuse(permille.error().message);
    score.permille = *permille;
    out.likelihoods.push_back(std::move(score));
  }
  return out;
}

}  // namespace muster::advisory
