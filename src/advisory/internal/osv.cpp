// OSV 1.x: packages and ranges of versions by events.
#include <algorithm>

#include "advisory/internal/constraints.h"
#include "advisory/internal/documents.h"
#include "advisory/package.h"
#include "advisory/purl.h"

namespace muster::advisory {
namespace {

using wire::items_at;
using wire::Json;
using wire::Place;
using wire::text_at;

// How OSV names a package, as purl coordinates. Maven's group and artifact stand with a colon
// between them; Go's, Composer's and npm's names have their slashes in the name.
Result<std::string> coordinates_of(const Ecosystem& ecosystem, std::string name) {
  Purl purl{.type = ecosystem.type, .namespace_ = ecosystem.namespace_, .name = std::move(name)};
  const auto mark = purl.type == "maven" ? purl.name.find(':') : purl.name.rfind('/');
  if (purl.namespace_.empty() && mark != std::string::npos) {
    purl.namespace_ = purl.name.substr(0, mark);
    purl.name = purl.name.substr(mark + 1);
  }
  TRY(const auto known, normalised(std::move(purl)));
  return known.coordinates();
}

// Events are a range's bounds in any order; "introduced": "0" is before every version.
Result<void> take_events(Affected& out, const Json& in, const Place& place) {
  const Place here = place.at("events");
  TRY(const auto* events, items_at(in, "events", place));
  if (events->size() > constraints_max)
    return here.refuse("more than " + std::to_string(constraints_max) + " events");
  Range range{.scheme_name = name_of(out.scheme), .scheme = out.scheme};
  bool from_first = false;
  for (std::size_t i = 0; i < events->size(); ++i) {
    const Json& event = (*events)[i];
    const Place each = here.at(i);
    if (!event.members() || event.members()->size() != 1)
      return each.refuse("must have one member");
    const auto& [kind, value] = event.members()->front();
    TRY(auto version, text_at(event, kind, each, true, id_max));
    if (kind == "introduced" && version == "0")
      from_first = true;
    else if (kind == "introduced")
      range.constraints.push_back({Comparator::at_least, std::move(version)});
    else if (kind == "fixed" || kind == "limit") {
      if (kind == "fixed") out.fixed.push_back(version);
      range.constraints.push_back({Comparator::less, std::move(version)});
    } else if (kind == "last_affected")
      range.constraints.push_back({Comparator::at_most, std::move(version)});
    else
      return each.refuse("must be introduced, fixed, last_affected or limit");
  }
  sort_by_version(range);
  if (range.constraints.empty()) range.all = from_first;
  if (from_first && !range.constraints.empty() &&
      range.constraints.front().comparator == Comparator::at_least)
    range.all = true;  // from the first, and again from later: nothing ends it in between
  if (range.all || !range.constraints.empty()) out.ranges.push_back(std::move(range));
  return {};
}

Result<void> take_ranges(Affected& out, const Json& in, const Place& place) {
  const Place here = place.at("ranges");
  TRY(const auto* ranges, items_at(in, "ranges", place));
  for (std::size_t i = 0; i < ranges->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto type, text_at((*ranges)[i], "type", each, true, 16));
    if (type == "GIT") continue;  // commits: no component tells its own
    if (type != "SEMVER" && type != "ECOSYSTEM")
      return each.at("type").refuse("must be SEMVER, ECOSYSTEM or GIT");
    TRY_VOID(take_events(out, (*ranges)[i], each));
  }
  TRY(const auto* versions, items_at(in, "versions", place));
  const Place list = place.at("versions");
  for (std::size_t i = 0; i < versions->size(); ++i) {
    const std::string* version = (*versions)[i].text();
    if (!version || version->size() > id_max) return list.at(i).refuse("must be a version");
    out.versions.push_back(*version);
  }
  std::ranges::sort(out.versions);
  return {};
}

Result<void> take_affected(Document& document, Advisory& out, const Json& in, const Place& place) {
  const Json* package = in.find("package");
  if (!package) return {};  // ranges of a repository alone
  const Place here = place.at("package");
  TRY(const auto ecosystem_name, text_at(*package, "ecosystem", here, true, id_max));
  TRY(auto name, text_at(*package, "name", here, true, purl_max));
  const auto ecosystem = ecosystem_of(ecosystem_name);
  if (!ecosystem.scheme) {
    note_unknown(document, ecosystem_name);
    return {};
  }
  auto coordinates = coordinates_of(ecosystem, std::move(name));
  if (!coordinates) return here.at("name").refuse(coordinates.error().message);
  Affected affected{.package = std::move(*coordinates),
                    .release = ecosystem.release,
                    .scheme = *ecosystem.scheme};
  TRY_VOID(take_ranges(affected, in, place));
  out.affected.push_back(std::move(affected));
  return {};
}

// The highest score that can be computed, and the word that is told where none can.
Result<void> take_severity(Advisory& out, const Json& in, const Place& place) {
  const Place here = place.at("severity");
  TRY(const auto* scores, items_at(in, "severity", place));
  for (std::size_t i = 0; i < scores->size(); ++i) {
    const Place each = here.at(i);
    TRY(const auto type, text_at((*scores)[i], "type", each, true, 32));
    TRY(const auto score, text_at((*scores)[i], "score", each, true, 512));
    if (type != "CVSS_V3") continue;
    auto tenths = cvss3_base_score(score);
    if (!tenths) return each.at("score").refuse(tenths.error().message);
    out.score = std::max(out.score, *tenths);
  }
  return {};
}

std::optional<Severity> word_of(const Json& in, std::string_view where) {
  const Json* specific = in.find(where);
  const Json* word = specific ? specific->find("severity") : nullptr;
  return word && word->text() ? severity_of(*word->text()) : std::nullopt;
}

Result<void> take_names(Advisory& out, const Json& root, const Place& place, std::string_view key) {
  TRY(const auto* names, items_at(root, key, place));
  const Place here = place.at(key);
  for (std::size_t i = 0; i < std::min<std::size_t>(names->size(), 64); ++i) {
    const std::string* name = (*names)[i].text();
    if (!name || name->size() > id_max) return here.at(i).refuse("must be an advisory's name");
    out.aliases.push_back(*name);
  }
  return {};
}

}  // namespace

Result<Document> read_osv(const Json& root, const DocumentLimits& limits) {
  const Place top;
  Document out;
  Advisory advisory;
  TRY(advisory.id, id_at(root, "id", top, true));
  out.name = advisory.id;
  TRY(advisory.modified, time_at(root, "modified", top, true));
  TRY(const auto withdrawn, time_at(root, "withdrawn", top, false));
  advisory.withdrawn = withdrawn != Instant{};
  TRY(const auto summary, text_at(root, "summary", top, false, limits.bytes));
  TRY(const auto details, text_at(root, "details", top, false, limits.bytes));
  advisory.summary = beginning(summary.empty() ? details : summary, summary_max);
  TRY_VOID(take_names(advisory, root, top, "aliases"));
  TRY_VOID(take_names(advisory, root, top, "upstream"));
  TRY_VOID(take_severity(advisory, root, top));
  TRY(const auto* affected, items_at(root, "affected", top));
  const Place here = top.at("affected");
  if (affected->size() > limits.affected)
    return here.refuse("more than " + std::to_string(limits.affected) + " packages");
  std::optional<Severity> word = word_of(root, "database_specific");
  for (std::size_t i = 0; i < affected->size(); ++i) {
    const Place each = here.at(i);
    TRY_VOID(take_affected(out, advisory, (*affected)[i], each));
    TRY_VOID(take_severity(advisory, (*affected)[i], each));
    if (!word) word = word_of((*affected)[i], "ecosystem_specific");
    if (!word) word = word_of((*affected)[i], "database_specific");
  }
  advisory.severity =
      advisory.score ? severity_of_score(advisory.score) : word.value_or(Severity::unknown);
  out.advisories.push_back(std::move(advisory));
  return out;
}

}  // namespace muster::advisory
