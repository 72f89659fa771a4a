// tree -- what a Ledger is made of. One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ledger/internal/tile_tree.h"
#include "ledger/ledger.h"

namespace muster::ledger {

struct Ledger::Tree {
  Tree(store::Store& where, const crypto::SigningKey& signing_key, const Clock& time,
       std::string name)
      : store(where), key(signing_key), clock(time), origin(std::move(name)), tiles(where) {}

  Result<void> load();
  Result<void> check_checkpoint() const;  // signature, size and root against the tiles
  Result<Checkpoint> sign() const;
  void refuse_after_rollback() const;
  Result<std::vector<Recorded>> parsed(store::Rows, std::size_t limit) const;

  store::Store& store;
  const crypto::SigningKey& key;
  const Clock& clock;
  std::string origin;
  TileTree tiles;
  Checkpoint checkpoint;
};

}  // namespace muster::ledger
