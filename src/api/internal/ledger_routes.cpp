// The ledger: as JSON for people, and as C2SP tlog-tiles for auditors' tools.
#include <algorithm>

#include "api/internal/listing.h"
#include "api/internal/route.h"
#include "api/internal/spelling.h"
#include "api/internal/views.h"
#include "ledger/search.h"

namespace muster::api {
namespace {

using wire::Json;

// An action is looked for among this many entries, the newest; those of one target are all seen.
constexpr std::uint64_t searched = 20'000;

Result<Reply> chosen_entries(Context& c, const std::string& target, const std::string& action) {
  std::vector<ledger::Recorded> found;
  if (target.empty()) {
    TRY(found, ledger::acts(c.domain.store, action, searched, listed_max));
  } else {
    TRY(found, c.domain.ledger.about(target, listed_max));
    if (!action.empty())
      std::erase_if(found, [&](const auto& each) { return each.entry.action != action; });
  }
  return page_newest_first(
      c, found, [](const ledger::Recorded& recorded) { return recorded.index; }, ledger::to_json);
}

Result<Reply> entries(Context& c) {
  const auto target = c.text("target"), action = c.text("action");
  if (!target.empty() || !action.empty()) return chosen_entries(c, target, action);
  TRY(auto first, c.number("from", 0, 0, INT64_MAX));
  TRY(auto limit, c.number("limit", 100, 1, 1000));
  TRY(auto from, cursor_number(c, static_cast<std::uint64_t>(first)));
  Json::Array items;
  TRY(const auto found, c.domain.ledger.entries(from, static_cast<std::size_t>(limit)));
  for (const auto& recorded : found) items.push_back(ledger::to_json(recorded));
  const bool more = !found.empty() && found.back().index + 1 < c.domain.ledger.size();
  return listing(std::move(items), more ? std::to_string(found.back().index + 1) : std::string(),
                 c.domain.ledger.size());
}

Result<Reply> checkpoint(Context& c) {
  const auto& head = c.domain.ledger.checkpoint();
  return Reply{.body = Json::object({{"note", head.note},
                                     {"size", head.size},
                                     {"root", to_hex(head.root)},
                                     {"verifier_key", c.domain.ledger.verifier_key()}})};
}

Reply proof(const std::vector<crypto::Hash>& hashes) {
  Json out = Json::array();
  for (const auto& hash : hashes) out.push(to_hex(hash));
  return {.body = Json::object({{"proof", std::move(out)}})};
}

Result<Reply> inclusion(Context& c) {
  const auto size = static_cast<std::int64_t>(c.domain.ledger.checkpoint().size);
  TRY(auto index, c.number("index", 0, 0, INT64_MAX));
  TRY(auto of, c.number("size", size, 0, size));
  TRY(auto hashes,
      c.domain.ledger.inclusion(static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(of)));
  return proof(hashes);
}

Result<Reply> consistency(Context& c) {
  const auto size = static_cast<std::int64_t>(c.domain.ledger.checkpoint().size);
  TRY(auto from, c.number("from", 0, 0, size));
  TRY(auto to, c.number("to", size, 0, size));
  TRY(auto hashes, c.domain.ledger.consistency(static_cast<std::uint64_t>(from),
                                               static_cast<std::uint64_t>(to)));
  return proof(hashes);
}

Result<Reply> note(Context& c) {
  return Reply{.headers = {{"Cache-Control", "no-cache"}},
               .text = c.domain.ledger.checkpoint().note,
               .content_type = "text/plain; charset=utf-8"};
}

Result<Reply> tile(Context& c) {
  TRY(const auto name, tile_name(c.path[0]));  // what follows /ledger/tile/
  TRY(const auto octets, name.entries ? c.domain.ledger.bundle(name.index, name.width)
                                      : c.domain.ledger.tile(name.level, name.index, name.width));
  return Reply{.headers = {{"Cache-Control", "max-age=31536000, immutable"}},
               .text = std::string(text_of(octets)),
               .content_type = "application/octet-stream"};
}

constexpr Route routes[] = {
    {"GET", "/api/v1/ledger/entries", Role::viewer, entries},
    {"GET", "/api/v1/ledger/checkpoint", Role::viewer, checkpoint},
    {"GET", "/api/v1/ledger/proofs/inclusion", Role::viewer, inclusion},
    {"GET", "/api/v1/ledger/proofs/consistency", Role::viewer, consistency},
    {"GET", "/ledger/checkpoint", Role::viewer, note},
    {"GET", "/ledger/tile/{rest...}", Role::viewer, tile},
};

}  // namespace

std::span<const Route> ledger_routes() {
  return routes;
}

}  // namespace muster::api
