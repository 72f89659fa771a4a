// desk/domain -- the domain's modules as one value, to hand to a question. Built by main, used on
// the domain's thread.
#pragma once

#include "actions/actions.h"
#include "exposure/exposure.h"
#include "identity/identity.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "release/release.h"
#include "response/response.h"
#include "retirement/retirement.h"
#include "rollout/rollout.h"
#include "segment/segment.h"
#include "store/store.h"

namespace muster::desk {

struct Domain {
  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  identity::Identity& identity;
  release::Releases& releases;
  rollout::Rollouts& rollouts;
  segment::Segment& segment;
  response::Response& response;
  retirement::Retirements& retirements;
  actions::Actions& actions;
  exposure::Exposure& exposure;
};

}  // namespace muster::desk
