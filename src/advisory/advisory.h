// advisory/advisory -- what others publish about vulnerabilities, read from their own formats: OSV,
// CSAF 2.0 with VEX, CISA's catalogue of what is exploited, and EPSS scores. All of it offline.
//
// A Document is what one file says, in our terms. What speaks of packages that we have no rules for
// is left out and counted, so that nobody takes silence for safety. Sizes and counts are bounded.
// Pure functions; any thread. Format: docs/formats/advisories.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisory/cvss.h"
#include "advisory/vers.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster::advisory {

struct DocumentLimits {
  std::size_t bytes = 16 << 20;    // of one document
  std::size_t advisories = 1'000;  // vulnerabilities in one CSAF document
  std::size_t affected = 20'000;   // packages of one advisory
  std::size_t products = 50'000;   // of one CSAF document
  std::size_t entries = 500'000;   // of a catalogue or a list of scores
};

struct Affected {            // one package, and which of its versions
  std::string package;       // purl coordinates: "deb/debian/openssl"
  std::string release = {};  // of the distribution: "12", "3.18"; empty: of any
  Scheme scheme = Scheme::generic;
  std::vector<Range> ranges = {};
  std::vector<std::string> versions = {};  // sorted by octets
  std::vector<std::string> fixed = {};     // the versions that end a range: what to go to
};

struct Advisory {
  std::string id;                         // as its publisher counts: "DSA-5532-1", "CVE-2023-5363"
  std::vector<std::string> aliases = {};  // other names of the same, what it was made of too
  std::string summary = {};
  Instant modified = {};
  bool withdrawn = false;
  int score = 0;  // tenths of CVSS 3; 0: not told
  Severity severity = Severity::unknown;
  std::vector<Affected> affected = {};

  // The name under which several publishers' advisories meet: its CVE, or else its own.
  const std::string& vulnerability() const;
};

enum class Status { affected, not_affected, fixed, under_investigation };
const char* name_of(Status);
std::optional<Status> status_of(std::string_view);

struct Statement {  // VEX: what an author says of a product and a vulnerability
  std::string vulnerability, package;
  std::string version = {};  // empty: every version
  Status status = Status::under_investigation;
  std::string justification = {};  // "component_not_present", "vulnerable_code_not_in_execute_path"
  std::string author;
  Instant at = {};
};

struct Exploited {                    // in CISA's catalogue
  std::string cve, name, added, due;  // dates as written: "2025-09-15"
  bool ransomware = false;
};

struct Likelihood {  // EPSS
  std::string cve;
  int permille = 0;  // that it will be exploited within 30 days, of 1,000
};

struct Document {
  std::string name = {};  // one for each thing that is published again: an advisory, a catalogue
  std::vector<Advisory> advisories = {};
  std::vector<Statement> statements = {};
  std::vector<Exploited> exploited = {};
  std::vector<Likelihood> likelihoods = {};
  std::size_t left_out = 0;               // packages without rules here
  std::vector<std::string> unknown = {};  // their ecosystems, each once; at most 32
};

// Which of the formats it is shows by its members.
Result<Document> read_document(std::string_view text, const DocumentLimits& = {});

}  // namespace muster::advisory
