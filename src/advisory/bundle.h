// advisory/bundle -- what a feed's publisher signs: which documents, of when, and after which.
//
// A bundle is an envelope (wire/update.h) beside a text of documents, one JSON document a line,
// each as its own publisher wrote it. The envelope holds the digest of the text. Formats alone:
// nothing is hashed or verified here. Pure functions; any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "wire/json.h"

namespace muster::advisory {

struct Bundle {                // "_type": "muster-advisories"
  std::string feed;            // a name, as devices have
  std::uint64_t sequence = 0;  // from 1; of a feed's bundles, each is above the one before
  Instant published;
  std::string sha256;      // of the text of documents, hex
  std::uint64_t size = 0;  // of it, in bytes
  bool operator==(const Bundle&) const = default;
};

wire::Json to_json(const Bundle&);
Result<Bundle> read_bundle(const wire::Json& content);

}  // namespace muster::advisory
