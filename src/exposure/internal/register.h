// exposure/internal/register -- what Exposure keeps in memory: its tables, and the index that they
// make. Domain thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exposure/exposure.h"
#include "exposure/internal/fleet.h"
#include "exposure/internal/index.h"

namespace muster::exposure {

struct TrustedKey {
  Key key;
  crypto::PublicKey with;
};

struct Exposure::Register {
  Register(store::Store& s, ledger::Ledger& l, inventory::Inventory& i, const Clock& c)
      : store(s), ledger(l), inventory(i), clock(c) {}

  Result<void> load();
  Result<void> load_images();
  Result<void> load_feeds();
  Result<void> load_documents();
  Result<void> load_findings();
  Result<void> load_policy();
  void follow_fleet();

  ImageNumber number_of(const ModelId&, const std::string& version);  // a new one if need be
  Image shown(ImageNumber) const;
  Result<advisory::Bundle> verified(std::string_view envelope, std::string_view documents) const;

  // Brings the rows of a vulnerability's findings to what the index says.
  void sync(const std::string& vulnerability, store::Writer&);
  Finding finding(const std::string& vulnerability, ImageNumber, Instant found,
                  const std::vector<PackageNumber>&) const;
  void judge(Finding&, const std::vector<PackageNumber>&) const;  // statements and exceptions
  std::vector<Finding> findings(const std::string& vulnerability) const;
  Vulnerability summary(const std::string& id) const;

  store::Store& store;
  ledger::Ledger& ledger;
  inventory::Inventory& inventory;
  const Clock& clock;

  std::vector<Image> images;  // by number; never removed
  std::map<std::pair<ModelId, std::string>, ImageNumber> numbers;
  std::map<std::string, TrustedKey> keys;  // by id
  std::map<std::string, Feed> feeds;
  std::map<std::string, std::map<ImageNumber, Instant>> found;  // of each vulnerability
  std::vector<Exception> exceptions;                            // oldest first
  Policy policy;
  Index index;
  Fleet fleet;
};

}  // namespace muster::exposure
