#include "wire/logged.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/json.h"

namespace muster::wire {
namespace {

constexpr std::size_t leaf_max = 65'535;  // the ledger's own bound
constexpr std::size_t note_max = 4 * 1024;
constexpr std::size_t hashes_max = 64;  // of a tree of 2^63 entries

}  // namespace

std::string to_text(const Logged& logged) {
  Json proof = Json::array();
  for (const auto& hash : logged.proof) proof.push(to_base64(hash));
  return to_text(Json::object({{"leaf", logged.leaf},
                               {"index", logged.index},
                               {"checkpoint", logged.checkpoint},
                               {"proof", std::move(proof)}}));
}

Result<Logged> parse_logged(std::string_view text) {
  TRY(const Json json, parse_json(text, {.bytes = 2 * logged_max, .depth = 4}));
  ObjectReader in(json, "/logged");
  Logged out{.leaf = in.text("leaf", leaf_max),
             .index = static_cast<std::uint64_t>(in.integer("index", 0, INT64_MAX)),
             .checkpoint = in.text("checkpoint", note_max),
             .proof = {}};
  const Json::Array& hashes = in.array("proof", hashes_max);
  TRY_VOID(in.done());
  for (const Json& one : hashes) {
    auto bytes = one.text() ? from_base64(*one.text()) : Result<Bytes>(Bytes{});
    if (!bytes || bytes->size() != out.proof.emplace_back().size())
      return fail(Fault::invalid, "must be hashes of 32 octets in base64", "/logged/proof");
    std::copy(bytes->begin(), bytes->end(), out.proof.back().begin());
  }
  return out;
}

}  // namespace muster::wire
