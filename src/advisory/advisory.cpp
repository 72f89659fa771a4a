#include "advisory/advisory.h"

#include <algorithm>
#include <array>

#include "advisory/internal/documents.h"
#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

constexpr std::array statuses{"affected", "not_affected", "fixed", "under_investigation"};

bool is_cve(std::string_view s) {
  if (!s.starts_with("CVE-") || s.size() < 13 || s[8] != '-') return false;
  const auto digits = [](std::string_view part) { return std::ranges::all_of(part, is_digit); };
  return digits(s.substr(4, 4)) && digits(s.substr(9));
}

bool may_be_name(std::string_view s) {
  const auto allowed = [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == ':';
  };
  return !s.empty() && s.size() <= id_max && std::ranges::all_of(s, allowed);
}

// "2025-08-25T17:04:19.9796Z" and "+02:00": to whole milliseconds of UTC.
Result<Instant> time_of(std::string_view text) {
  if (text.size() < 20 || text.size() > 40 || text[10] != 'T')
    return fail(Fault::invalid, "must be a date and time such as 2026-11-22T04:50:21Z");
  std::string_view rest = text.substr(19);
  std::string plain(text.substr(0, 19));
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto fraction = take(rest, is_digit).substr(0, 3);
    if (!fraction.empty())
      plain += '.' + std::string(fraction) + std::string(3 - fraction.size(), '0');
  }
  TRY(const auto at, parse_rfc3339(plain + 'Z'));
  if (rest == "Z" || rest == "z") return at;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':')
    return fail(Fault::invalid, "must end in Z or in an offset such as +02:00");
  const auto two = [&](std::size_t i) { return (rest[i] - '0') * 10 + (rest[i + 1] - '0'); };
  for (const std::size_t i : {1, 2, 4, 5})
    if (!is_digit(rest[i])) return fail(Fault::invalid, "must end in an offset such as +02:00");
  const Duration offset = std::chrono::hours(two(1)) + std::chrono::minutes(two(4));
  return rest[0] == '+' ? at - offset : at + offset;
}

}  // namespace

const std::string& Advisory::vulnerability() const {
  if (is_cve(id)) return id;
  const auto cve = std::ranges::find_if(aliases, [](const auto& alias) { return is_cve(alias); });
  return cve == aliases.end() ? id : *cve;
}

const char* name_of(Status status) {
  return statuses[static_cast<std::size_t>(status)];
}

std::optional<Status> status_of(std::string_view word) {
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (word == statuses[i]) return static_cast<Status>(i);
  return std::nullopt;
}

Result<std::string> id_at(const wire::Json& object, std::string_view key, const wire::Place& place,
                          bool required) {
  TRY(auto id, wire::text_at(object, key, place, required, id_max));
  if ((required || !id.empty()) && !may_be_name(id))
    return place.at(key).refuse("must be letters, digits, and - . _ : alone");
  return id;
}

Result<Instant> time_at(const wire::Json& object, std::string_view key, const wire::Place& place,
                        bool required) {
  TRY(const auto text, wire::text_at(object, key, place, required, 64));
  if (text.empty() && !required) return Instant{};
  auto at = time_of(text);
  if (!at) return place.at(key).refuse(at.error().message);
  return *at;
}

std::string beginning(const std::string& text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

void note_unknown(Document& out, const std::string& ecosystem) {
  ++out.left_out;
  const std::string shown = beginning(ecosystem, 64);
  if (out.unknown.size() < 32 && std::ranges::find(out.unknown, shown) == out.unknown.end())
    out.unknown.push_back(shown);
}

Result<Document> read_document(std::string_view text, const DocumentLimits& limits) {
  TRY(const auto root, wire::parse_json(text, {.bytes = limits.bytes, .depth = 64}));
  if (!root.members()) return fail(Fault::invalid, "an advisory is a JSON object");
  if (root.find("catalogVersion")) return read_kev(root, limits);
  if (root.find("document")) return read_csaf(root, limits);
  if (root.find("id") && root.find("modified")) return read_osv(root, limits);
  if (root.find("data")) return read_epss(root, limits);
  return fail(
      Fault::invalid,
      "neither OSV (id and modified), CSAF (document), CISA's catalogue (catalogVersion) nor "
      "EPSS scores (data)");
}

}  // namespace muster::advisory
