// inventory -- what is in the field: models and devices, their risk, groups, software, desired and
// reported state, and where each stands in its life.
//
// It keeps every device in memory, rebuilt from the store at start, and writes each change through
// the ledger. It never talks to a device and decides nothing about one: identity activates, segment
// quarantines, retirement takes out of service.
//
//   expected ──first certificate──▶ active ◀──release──▶ quarantined
//       │                             └───────┬──────────────┘
//       │                                     ▼
//       │                                 retiring ──no statement in time──▶ revoked-unsanitised
//       └──nothing to wipe──▶ retired ◀───────┘ wiped           destroyed      │
//                                ▲─────────────────────────────────────────────┘
// Retired is final, and nobody comes back from retiring.
//
// Domain thread only. Time comes from the Clock.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "inventory/selector.h"
#include "ledger/ledger.h"
#include "store/store.h"
#include "wire/json.h"

namespace muster::inventory {

enum class Lifecycle { expected, active, quarantined, retired, retiring, revoked_unsanitised };
inline constexpr std::size_t lifecycles = 6;
bool has_left(Lifecycle);    // retired or revoked_unsanitised: it has no certificate any more
bool is_leaving(Lifecycle);  // or retiring: it gets nothing new
enum class Risk { low, moderate, high, critical };
const char* name_of(Lifecycle);
const char* name_of(Risk);
Result<Lifecycle> parse_lifecycle(std::string_view);
Result<Risk> parse_risk(std::string_view);

struct Metric {
  std::string name, unit;          // SenML unit (RFC 8428 section 12)
  std::optional<double> min, max;  // what a healthy device may report, both inclusive
};

struct Model {
  ModelId id;
  Risk risk = Risk::moderate;        // of a device of this model, unless the device has its own
  Duration interval = 60s;           // between two readings; silence and rate are judged by it
  std::vector<Metric> metrics = {};  // at most 64
  bool second_operator = false;      // has to approve a retirement
  std::string one_operator_asked_by = {};      // who wants that no more; another has to want it too
  std::optional<Duration> retire_within = {};  // none: as the controller is set
  std::uint64_t revision = 0;
};

struct Device {
  DeviceId id;
  ModelId model;
  Lifecycle state = Lifecycle::expected;
  Risk risk = Risk::moderate;
  bool own_risk = false;            // the risk was set for this device; else it follows its model's
  std::vector<std::string> groups;  // sorted, unique, at most 32
  std::string serial;               // the maker's; empty if not told
  std::string firmware;             // version it says it runs; empty until it has
  std::string release_id;  // release it says it runs; empty when the firmware came from the factory
  std::string key_store;   // where it says its key is: file, tpm, pkcs11; empty until it has
  wire::Json desired, reported;  // objects; null until set
  std::optional<Instant> last_seen;
  bool online = false;         // has a session now; not stored
  Instant since;               // first expected
  std::uint64_t revision = 0;  // rises with each stored change; the ETag
};

enum class Change { added, updated, state_changed, desired_changed, presence };

struct NewDevice {
  DeviceId id = {};
  ModelId model = {};
  std::vector<std::string> groups = {};
  std::string serial = {};
  std::optional<Risk> risk = {};
};

struct DeviceEdit {  // what an operator may change; what is absent stays
  std::optional<std::vector<std::string>> groups = {};
  std::optional<Risk> risk = {};
  std::optional<wire::Json> desired = {};
};

struct Counts {
  std::size_t total = 0, online = 0;
  std::array<std::size_t, lifecycles> by_state{};  // both indexed by the enums
  std::array<std::size_t, 4> by_risk{};            // of those that have not left
};
struct FirmwareCount {
  ModelId model;
  std::string firmware;
  std::size_t count = 0;
};

struct Page {
  std::vector<const Device*> devices;  // in order of id; valid until the next change
  std::string next;                    // last id of the page when there is more; empty otherwise
  std::size_t total = 0;               // that match, on all pages
};

class Inventory {
 public:
  static Result<Inventory> open(store::Store&, ledger::Ledger&, const Clock&);
  Inventory(Inventory&&) noexcept;
  ~Inventory();

  // models
  // To take `second_operator` off a model takes two: of the first it is noted, and the model keeps
  // it; of the same again it is forbidden, and in the ledger.
  Result<void> put_model(Model, ledger::Actor,
                         std::optional<std::uint64_t> if_revision = {});  // makes or replaces
  const Model* model(const ModelId&) const;
  std::vector<const Model*> models() const;

  // life
  Result<void> may_expect(const NewDevice&) const;  // what expect() would answer; writes nothing
  Result<void> expect(NewDevice, ledger::Actor);    // conflict when the id or the serial is taken;
                                                    // missing model is made with defaults
  Result<void> activate(const DeviceId&, ledger::Actor);  // expected → active; no-op when active
  Result<void> quarantine(const DeviceId&, ledger::Actor, std::string reason);
  Result<void> release(const DeviceId&, ledger::Actor, std::string reason);
  // active or quarantined → retiring; conflict when it never enrolled
  Result<void> begin_retirement(const DeviceId&, ledger::Actor, std::string reason);
  Result<void> retire(const DeviceId&, ledger::Actor, std::string reason);  // from any state
  Result<void> give_up(const DeviceId&, ledger::Actor,
                       std::string reason);  // retiring → revoked-unsanitised

  // facts
  Result<void> edit(const DeviceId&, DeviceEdit, ledger::Actor,
                    std::optional<std::uint64_t> if_revision = {});
  // Where its key is, by its own word; nothing is decided by it, so it is no ledger entry.
  Result<void> key_kept(const DeviceId&, std::string store);
  Result<void> reported(const DeviceId&, std::string firmware, std::string release_id,
                        wire::Json config);  // ledger entry when the firmware changed. Empty
                                             // firmware or null config: not told, stays as it was
  void contact(
      const DeviceId&,
      bool online);  // presence and last contact; kept in memory, stored by save_contacts()
  void
  save_contacts();  // writes last_seen of who was heard since the last call; cheap when nobody was

  // A device is never removed: the pointer is good for as long as the Inventory.
  const Device* find(const DeviceId&) const;
  const Device* find_serial(std::string_view serial) const;
  std::vector<DeviceId> select(const Selector&) const;  // none that is leaving; in order of id
  Page page(const Selector&, std::optional<Lifecycle>, std::string_view containing,
            std::string_view after, std::size_t limit) const;
  Counts counts() const;
  std::vector<FirmwareCount> firmware() const;  // of those not gone that have said what they run

  void on_change(std::function<void(const Device&, Change)>);  // called inside the command
  void on_model(std::function<void(const Model&)>);            // made or replaced

 private:
  struct Field;
  explicit Inventory(std::unique_ptr<Field>);
  std::unique_ptr<Field> field_;
};

}  // namespace muster::inventory
