// CSAF 2.0: advisories and VEX statements about products, of which those count that say their purl.
#include <algorithm>
#include <unordered_map>

#include "advisory/internal/documents.h"
#include "advisory/package.h"
#include "advisory/purl.h"

namespace muster::advisory {
namespace {

using wire::items_at;
using wire::Json;
using wire::Place;
using wire::text_at;

struct Product {
  std::optional<Purl> purl = {};
  std::optional<Range> range = {};  // of a branch that is a range of versions
};

struct Reading {
  const DocumentLimits& limits;
  Document out = {};
  std::unordered_map<std::string, Product> products = {};
  std::string author = {};
  Instant at = {};

  Result<void> product(const Json&, const Place&, const std::optional<Range>&);
  Result<void> branches(const Json& owner, const Place&, const std::optional<Range>&);
  Result<void> relationships(const Json& tree, const Place&);
  Result<void> vulnerability(const Json&, const Place&);
  Result<void> status(const Json&, const Place&, Advisory&);
  Result<void> state(std::string_view group, const std::string& product, const Json& vulnerability,
                     Advisory&);
};

Result<void> Reading::product(const Json& in, const Place& place,
                              const std::optional<Range>& range) {
  TRY(auto id, text_at(in, "product_id", place, true, 1'024));
  if (products.size() == limits.products)
    return place.refuse("more than " + std::to_string(limits.products) + " products");
  Product product{.range = range};
  if (const Json* helper = in.find("product_identification_helper")) {
    const Place here = place.at("product_identification_helper");
    TRY(const auto text, text_at(*helper, "purl", here, false, purl_max));
    if (!text.empty()) {
      auto purl = parse_purl(text);
      if (!purl) return here.at("purl").refuse(purl.error().message);
      product.purl = std::move(*purl);
    }
  }
  if (!products.try_emplace(std::move(id), std::move(product)).second)
    return place.at("product_id").refuse("names two products of this document");
  return {};
}

// The document's own depth bounds the recursion.
Result<void> Reading::branches(const Json& owner, const Place& place,
                               const std::optional<Range>& range) {
  TRY(const auto* items, items_at(owner, "branches", place));
  const Place here = place.at("branches");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json& branch = (*items)[i];
    const Place each = here.at(i);
    TRY(const auto category, text_at(branch, "category", each, true, 64));
    TRY(const auto name, text_at(branch, "name", each, true, vers_max));
    std::optional<Range> inner = range;
    if (category == "product_version_range" && name.starts_with("vers:")) {
      auto read = read_vers(name);
      if (!read) return each.at("name").refuse(read.error().message);
      inner = std::move(*read);
    }
    if (const Json* found = branch.find("product"))
      TRY_VOID(product(*found, each.at("product"), inner));
    TRY_VOID(branches(branch, each, inner));
  }
  return {};
}

// A component of a product is spoken of by the purl of the component.
Result<void> Reading::relationships(const Json& tree, const Place& place) {
  TRY(const auto* items, items_at(tree, "relationships", place));
  const Place here = place.at("relationships");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto part, text_at((*items)[i], "product_reference", each, true, 1'024));
    const Json* whole = (*items)[i].find("full_product_name");
    if (!whole) return each.at("full_product_name").refuse("is missing");
    TRY_VOID(product(*whole, each.at("full_product_name"), {}));
    const auto named = products.find(part);
    if (named == products.end()) return each.at("product_reference").refuse("names no product");
    Product& made = products.at(*whole->find("product_id")->text());
    if (!made.purl) made = named->second;
  }
  return {};
}

std::string justification_of(const Json& vulnerability, const std::string& product) {
  const Json* flags = vulnerability.find("flags");
  if (!flags || !flags->items()) return {};
  for (const Json& flag : *flags->items()) {
    const Json *label = flag.find("label"), *ids = flag.find("product_ids");
    if (!label || !label->text() || !ids || !ids->items()) continue;
    if (std::ranges::find(*ids->items(), Json(product)) != ids->items()->end())
      return beginning(*label->text(), 128);
  }
  return {};
}

Result<void> Reading::state(std::string_view group, const std::string& name,
                            const Json& vulnerability, Advisory& advisory) {
  const Product& product = products.at(name);
  if (!product.purl) {
    note_unknown(out, "products without a purl");
    return {};
  }
  const Purl& purl = *product.purl;
  const std::string package = purl.coordinates();
  if (group == "known_affected" || group == "last_affected" || group == "first_affected") {
    const auto scheme = scheme_of_type(purl.type);
    if (!scheme) {
      note_unknown(out, purl.type);
      return {};
    }
    Affected affected{.package = package, .scheme = *scheme};
    if (const auto* distro = purl.qualifier("distro"))
      affected.release = release_of(purl.namespace_, *distro);
    if (product.range)
      affected.ranges.push_back(*product.range);
    else if (purl.version.empty())
      affected.ranges.push_back({.scheme_name = name_of(*scheme), .scheme = *scheme, .all = true});
    else
      affected.ranges.push_back({.scheme_name = name_of(*scheme),
                                 .scheme = *scheme,
                                 .constraints = {{Comparator::equal, purl.version}}});
    if (advisory.affected.size() < limits.affected)
      advisory.affected.push_back(std::move(affected));
    return {};
  }
  const Status said = group == "known_not_affected"    ? Status::not_affected
                      : group == "under_investigation" ? Status::under_investigation
                                                       : Status::fixed;
  out.statements.push_back({.vulnerability = advisory.id,
                            .package = package,
                            .version = purl.version,
                            .status = said,
                            .justification = justification_of(vulnerability, name),
                            .author = author,
                            .at = at});
  return {};
}

Result<void> Reading::status(const Json& in, const Place& place, Advisory& advisory) {
  const Json* groups = in.find("product_status");
  if (!groups) return {};
  const Place here = place.at("product_status");
  for (const std::string_view group :
       {"known_affected", "first_affected", "last_affected", "known_not_affected", "fixed",
        "first_fixed", "under_investigation"}) {
    TRY(const auto* names, items_at(*groups, group, here));
    const Place list = here.at(group);
    for (std::size_t i = 0; i < names->size(); ++i) {
      const std::string* name = (*names)[i].text();
      if (!name || !products.contains(*name)) return list.at(i).refuse("names no product");
      if (out.statements.size() >= limits.products)
        return list.refuse("more than " + std::to_string(limits.products) + " statements");
      TRY_VOID(state(group, *name, in, advisory));
    }
  }
  return {};
}

Result<void> take_scores(Advisory& out, const Json& in, const Place& place) {
  TRY(const auto* scores, items_at(in, "scores", place));
  const Place here = place.at("scores");
  for (std::size_t i = 0; i < scores->size(); ++i) {
    const Json* cvss = (*scores)[i].find("cvss_v3");
    if (!cvss) continue;
    const Place each = here.at(i), inner = each.at("cvss_v3");
    TRY(const auto vector, text_at(*cvss, "vectorString", inner, true, 256));
    auto tenths = cvss3_base_score(vector);
    if (!tenths) return inner.at("vectorString").refuse(tenths.error().message);
    out.score = std::max(out.score, *tenths);
  }
  out.severity = severity_of_score(out.score);
  return {};
}

Result<void> Reading::vulnerability(const Json& in, const Place& place) {
  Advisory advisory{.modified = at};
  TRY(advisory.id, id_at(in, "cve", place, false));
  if (advisory.id.empty()) return {};  // without a name nothing can be matched to it
  TRY(const auto title, text_at(in, "title", place, false, limits.bytes));
  advisory.summary = beginning(title, summary_max);
  TRY_VOID(take_scores(advisory, in, place));
  TRY_VOID(status(in, place, advisory));
  out.advisories.push_back(std::move(advisory));
  return {};
}

Result<void> read_header(Reading& in, const Json& root, const Place& top) {
  const Json& document = *root.find("document");
  const Place here = top.at("document");
  TRY_VOID(wire::check_word(document, "csaf_version", here, true, {"2.0"}));
  const Json *publisher = document.find("publisher"), *tracking = document.find("tracking");
  if (!publisher) return here.at("publisher").refuse("is missing");
  if (!tracking) return here.at("tracking").refuse("is missing");
  TRY(in.author, text_at(*publisher, "name", here.at("publisher"), true, 512));
  const Place there = here.at("tracking");
  TRY(in.out.name, id_at(*tracking, "id", there, true));
  TRY(in.at, time_at(*tracking, "current_release_date", there, true));
  return {};
}

}  // namespace

Result<Document> read_csaf(const Json& root, const DocumentLimits& limits) {
  const Place top;
  Reading in{limits};
  TRY_VOID(read_header(in, root, top));
  if (const Json* tree = root.find("product_tree")) {
    const Place here = top.at("product_tree"), names = here.at("full_product_names");
    TRY_VOID(in.branches(*tree, here, {}));
    TRY(const auto* items, items_at(*tree, "full_product_names", here));
    for (std::size_t i = 0; i < items->size(); ++i)
      TRY_VOID(in.product((*items)[i], names.at(i), {}));
    TRY_VOID(in.relationships(*tree, here));
  }
  TRY(const auto* vulnerabilities, items_at(root, "vulnerabilities", top));
  const Place list = top.at("vulnerabilities");
  if (vulnerabilities->size() > limits.advisories)
    return list.refuse("more than " + std::to_string(limits.advisories) + " vulnerabilities");
  for (std::size_t i = 0; i < vulnerabilities->size(); ++i)
    TRY_VOID(in.vulnerability((*vulnerabilities)[i], list.at(i)));
  return std::move(in.out);
}

}  // namespace muster::advisory
