// release/forms -- the smaller forms that an artifact travels in: compressed, or as a patch against
// another one that devices run.
//
// A form is a file beside the artifact's. It can be made again from artifacts alone and is checked
// by who makes it and by every device that uses it, so it is no state of the fleet: no ledger
// entry, no row. Here is which forms there are and which one is worth making next; they are made
// elsewhere, outside the domain's thread (delta, musterd/packer). Values and a table; the domain's
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/id.h"
#include "base/result.h"
#include "delta/delta.h"

namespace muster::release {

struct Form {  // of an artifact, to be sent
  delta::Coding coding = delta::Coding::identity;
  std::string tag;  // entity tag of HTTP, with its quotes
  std::filesystem::path path;
  std::uint64_t size = 0;
};

struct Accepted {  // by who fetches
  bool zstd = false;
  std::string dictionary = {};  // SHA-256, hex, of what it has for dcz; empty: it takes no dcz
};

struct Packing {               // one form to be made
  std::string artifact, base;  // SHA-256, hex; without a base: compressed
  std::filesystem::path artifact_file, base_file;
  std::filesystem::path to;  // below the spool
};

struct InField {  // what devices say they run
  ModelId model;
  std::string version;
};

class Forms {
 public:
  // A form that is empty says that it was made and saves nothing.
  void add(const std::string& artifact, const std::string& base, std::uint64_t size);
  bool known(const std::string& artifact, const std::string& base) const;
  std::optional<std::uint64_t> size(const std::string& artifact, const std::string& base) const;

  static std::string name_of(const std::string& artifact, const std::string& base);
  // Of a file's name; none: it is no form of an artifact.
  static std::optional<std::pair<std::string, std::string>> parse_name(std::string_view);

 private:
  std::map<std::pair<std::string, std::string>, std::uint64_t> sizes_;  // artifact, base
};

}  // namespace muster::release
