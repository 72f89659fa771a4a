#include "ledger/search.h"

#include "ledger/leaf.h"

namespace muster::ledger {

// A leaf has one spelling, and its action stands first in it.
Result<std::vector<Recorded>> acts(const store::Store& store, std::string_view action,
                                   std::uint64_t among, std::size_t limit) {
  const auto begins =
      R"({"action":)" + wire::to_text(wire::Json(std::string(action))) + R"(,"actor":)";
  auto rows = store.read(
      "SELECT leaf FROM ledger_entry WHERE id > (SELECT max(id) FROM ledger_entry) - ?"
      " AND substr(leaf, 1, ?) = ? ORDER BY id DESC LIMIT ?",
      {static_cast<std::int64_t>(among), static_cast<std::int64_t>(begins.size()), begins,
       static_cast<std::int64_t>(limit)});
  std::vector<Recorded> out;
  while (rows.next()) {
    TRY(auto entry, parse_leaf(rows.text(0)));
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace muster::ledger
