// exposure -- which devices run what is known to be vulnerable, and until when each has to be
// patched.
//
// An image is what a model runs in one version of its firmware; its bill of materials says what it
// is made of. Feeds of advisories come as signed bundles, whose sequence may not go back. Where an
// advisory speaks of a package of an image there is a finding, and its clock runs from the moment
// that it was first seen here. Statements (VEX) and exceptions take findings out of the count, each
// with an author and an end. It decides nothing about a device: who is patched is up to a rollout.
//
// Imports, keys, exceptions and the policy are ledger entries; a finding follows from an import,
// and is written with its entry.
//
// Domain thread only. Time comes from the Clock. Formats: docs/formats/sbom.md, advisories.md.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "advisory/advisory.h"
#include "advisory/bundle.h"
#include "base/clock.h"
#include "base/id.h"
#include "crypto/key.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace muster::exposure {

using advisory::Severity;

struct Image {
  ModelId model;
  std::string version;         // of the firmware, as devices report it
  std::string format, serial;  // of the bill of materials
  std::string sha256;          // of its text
  Instant imported;
  std::size_t components = 0;  // in the bill
  std::size_t unnamed = 0;     // of these, without a package URL that can be looked for
  std::size_t devices = 0;     // that run it now
};

struct Key {
  std::string feed, id, pem;
};

struct Feed {
  advisory::Bundle last;
  Instant imported;
  std::size_t documents = 0;  // held of it
  bool stale = false;         // published longer ago than the policy allows
};

struct Imported {
  advisory::Bundle bundle;
  std::size_t documents = 0, advisories = 0, statements = 0, exploited = 0, likelihoods = 0;
  std::size_t left_out = 0;          // packages without rules here
  std::vector<std::string> unknown;  // their ecosystems
  std::size_t findings = 0;          // that there are now, of all feeds
};

// Why a finding does not count, or that it does.
enum class State { open, not_affected, fixed, excepted };
const char* name_of(State);

struct Finding {
  std::string vulnerability;
  ModelId model;
  std::string version;
  std::vector<std::string> packages;  // the image's, by package URL
  bool certain = false;  // false: by a distribution whose release the bill does not tell
  State state = State::open;
  bool investigated = false;    // an author says that they are looking into it; it counts
  std::string why, author;      // of the statement or the exception; empty: it is open
  std::optional<Instant> ends;  // of the statement or the exception
  Instant found;
  std::optional<Instant> due;                   // none: it does not count, or nobody runs the image
  inventory::Risk risk = inventory::Risk::low;  // the highest of those that run it
  std::size_t devices = 0, exposed = 0;         // exposed: not isolated
  bool overdue = false;
};

struct Vulnerability {
  std::string id;
  std::vector<std::string> advisories;  // that speak of it
  std::vector<std::string> fixed;       // versions that end a range, for a person
  std::string summary;
  int score = 0;  // tenths of CVSS 3
  Severity severity = Severity::unknown;
  bool exploited = false, ransomware = false;                     // CISA's catalogue
  int permille = 0;                                               // EPSS
  std::size_t images = 0, devices = 0, exposed = 0, overdue = 0;  // of findings that count
  std::optional<Instant> due;                                     // the first of these
};

struct Exception {
  std::uint64_t id = 0;
  std::string vulnerability;
  std::optional<ModelId> model;  // none: every model
  std::string owner, reason;
  Instant until;
  Instant made;
  bool ended = false;
};

struct Policy {  // days from found to due; by severity, and the highest risk of who runs it
  std::array<std::array<int, 4>, 5> days{{{365, 180, 90, 90},
                                          {365, 180, 180, 90},
                                          {180, 90, 60, 30},
                                          {60, 30, 14, 7},
                                          {30, 14, 7, 3}}};
  std::array<int, 4> exploited{14, 7, 3, 1};  // instead, once it is in the catalogue
  int stale_days = 7;                         // a feed's bundle older than that is stale
  int statement_days = 365;                   // a statement counts that long after its date
  bool operator==(const Policy&) const = default;
};
wire::Json to_json(const Policy&);
Result<Policy> read_policy(const wire::Json&);

constexpr std::size_t sbom_max = 16 << 20;    // bytes of one bill's text
constexpr std::size_t bundle_max = 48 << 20;  // bytes of a bundle's documents
constexpr std::size_t images_max = 100'000;
constexpr std::size_t documents_max = 500'000;  // of all feeds

class Exposure {
 public:
  static Result<Exposure> open(store::Store&, ledger::Ledger&, inventory::Inventory&, const Clock&);
  Exposure(Exposure&&) noexcept;
  ~Exposure();

  // images
  Result<Image> put_bill(ModelId, std::string version, std::string_view text, ledger::Actor);
  std::vector<Image> images() const;                           // by model and version
  bool knows(const ModelId&, std::string_view version) const;  // has its bill

  // feeds
  Result<void> trust_key(std::string feed, crypto::PublicKey, ledger::Actor);
  std::vector<Key> keys() const;
  // A bundle of a feed without a trusted key, a wrong signature, a sequence that is not above the
  // last, and a document that does not read: refused whole; the first two leave a ledger entry.
  Result<Imported> import(std::string_view envelope, std::string_view documents, ledger::Actor);
  std::vector<Feed> feeds() const;

  // findings
  std::vector<Vulnerability> vulnerabilities() const;  // that have one; the most urgent first
  Result<Vulnerability> vulnerability(const std::string& id) const;
  std::vector<Finding> findings(const std::string& vulnerability) const;
  std::vector<Finding> overdue() const;  // the longest first
  bool affected(const std::string& vulnerability, const ModelId&, std::string_view version) const;
  struct Devices {
    std::vector<const inventory::Device*> page;  // by id; valid until the next change
    std::string next;
    std::size_t total = 0;
  };
  // That run an image with an open finding.
  Devices devices(const std::string& vulnerability, std::string_view after,
                  std::size_t limit) const;

  // policy
  const Policy& policy() const;
  Result<void> set_policy(const Policy&, ledger::Actor);
  Result<Exception> except(std::string vulnerability, std::optional<ModelId>, std::string owner,
                           std::string reason, Instant until, ledger::Actor);
  Result<void> end_exception(std::uint64_t id, ledger::Actor);
  std::vector<Exception> exceptions() const;  // newest first

 private:
  struct Register;
  explicit Exposure(std::unique_ptr<Register>);
  std::unique_ptr<Register> register_;
};

}  // namespace muster::exposure
