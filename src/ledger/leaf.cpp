#include "ledger/leaf.h"

#include <limits>
#include <stdexcept>

#include "crypto/hash.h"

namespace muster::ledger {
namespace {

bool deeper_than(const wire::Json& value, std::size_t depth) {
  if (const auto* items = value.items()) {
    if (depth == 0) return true;
    for (const auto& item : *items)
      if (deeper_than(item, depth - 1)) return true;
  }
  if (const auto* members = value.members()) {
    if (depth == 0) return true;
    for (const auto& [key, member] : *members)
      if (deeper_than(member, depth - 1)) return true;
  }
  return false;
}

std::string omitted(const std::string& detail) {
  return "{\"omitted\":{\"bytes\":" + std::to_string(detail.size()) + ",\"sha256\":\"" +
         to_hex(crypto::sha256(bytes_of(detail))) + "\"}}";
}

void add_text(std::string& out, std::string_view name, const std::string& text) {
  out += name;
  out += wire::canonical(wire::Json(text));
}

std::string with_detail(std::uint64_t index, Instant at, const Entry& entry,
                        const std::string& detail) {
  std::string out;
  out.reserve(256 + detail.size());
  add_text(out, "{\"action\":", entry.action);
  add_text(out, ",\"actor\":", entry.actor.name);
  out += ",\"at\":\"" + rfc3339(at) + "\",\"detail\":" + detail;
  out += ",\"index\":" + std::to_string(index);
  add_text(out, ",\"reason\":", entry.reason);
  add_text(out, ",\"role\":", entry.actor.role);
  add_text(out, ",\"target\":", entry.target);
  return out += '}';
}

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Fault::corrupt, "an entry of the ledger is damaged: " + std::string(why));
}

}  // namespace

std::string leaf_text(std::uint64_t index, Instant at, const Entry& entry) {
  auto detail = wire::canonical(entry.detail);
  if (deeper_than(entry.detail, detail_depth_max)) detail = omitted(detail);
  auto leaf = with_detail(index, at, entry, detail);
  if (leaf.size() > leaf_bytes_max) leaf = with_detail(index, at, entry, omitted(detail));
  if (leaf.size() > leaf_bytes_max)
    throw std::length_error(
        "a ledger entry's actor, action, target and reason exceed 65,535 bytes");
  return leaf;
}

Result<Recorded> parse_leaf(std::string_view text) {
  auto json = wire::parse_json(text, {.bytes = leaf_bytes_max, .depth = detail_depth_max + 2});
  if (!json) return damaged(json.error().message);
  wire::ObjectReader in(*json);
  Recorded out;
  out.entry.action = in.text("action", leaf_bytes_max);
  out.entry.actor.name = in.text("actor", leaf_bytes_max);
  const auto at = parse_rfc3339(in.text("at"));
  out.entry.detail = in.any("detail");
  out.index =
      static_cast<std::uint64_t>(in.integer("index", 0, std::numeric_limits<std::int64_t>::max()));
  out.entry.reason = in.text("reason", leaf_bytes_max);
  out.entry.actor.role = in.text("role", leaf_bytes_max);
  out.entry.target = in.text("target", leaf_bytes_max);
  if (const auto done = in.done(); !done) return damaged(done.error().message);
  if (!at) return damaged(at.error().message);
  out.at = *at;
  if (leaf_text(out.index, out.at, out.entry) != text) return damaged("it is not canonical");
  return out;
}

}  // namespace muster::ledger
