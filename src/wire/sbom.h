// wire/sbom -- bills of materials: CycloneDX 1.4 to 1.6 and SPDX 2.3, both as JSON.
//
// What a document says of its components is read: names, versions, package URLs, and how deep they
// were. All else is left, and need not be understood, but where it touches a component it has to
// keep to the specification: docs/formats/sbom.md has the table of rules. A fault names its place
// by JSON pointer. Sizes, counts and depths are bounded. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace muster::wire {

struct SbomLimits {
  std::size_t bytes = 32 << 20;      // of the document
  std::size_t components = 100'000;  // in all, however deep
  std::size_t nesting = 16;          // of components in components
};

enum class SbomFormat { cyclonedx, spdx };
const char* name_of(SbomFormat);

struct SbomComponent {
  std::string reference = {};  // bom-ref or SPDXID; empty if it has none
  std::string type = {};       // CycloneDX's type, SPDX's primary purpose in lower case; or empty
  std::string group = {}, name, version = {};
  std::string purl = {}, cpe = {};  // as written; empty if not told
  bool operator==(const SbomComponent&) const = default;
};

struct Sbom {
  SbomFormat format = SbomFormat::cyclonedx;
  std::string spec_version;    // "1.6", "2.3"
  std::string serial = {};     // serialNumber or documentNamespace
  std::string created = {};    // as written
  SbomComponent subject = {};  // what it is the bill of; without a name if it does not say
  std::vector<SbomComponent> components =
      {};  // in the document's order, the outer before the inner
};

Result<Sbom> read_sbom(std::string_view text, const SbomLimits& = {});

}  // namespace muster::wire
