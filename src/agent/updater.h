// agent/updater -- how a device gets from one release to the next and survives every step of it.
//
//   idle ─take─▶ downloading ─▶ verified ─stage─▶ staged ─activate─▶ activated ─confirm─▶ idle
//                     │             │                │                   │ go_back
//                     └──abandon────┴────────────────┘                   ▼
//                              idle                                  returning ─returned─▶ idle
//
// Each step is written to the disk, whole, before what it leads to is done, so that a device that
// loses power anywhere goes on from its record: the same step again, never a step too many. Two
// slots hold an artifact and its signed release each; the pointer to the active one, and how many
// tries a new one has left, are in the same record as the step, so they cannot disagree with it.
// What else the device has to do to run a slot is an Installer's, which agent/course calls.
//
// It installs only what both envelopes agree on (agent/trust), with an assignment number above all
// before it, a release not older than what runs unless the assignment leads back, and never below
// the highest floor of a release that was installed here. What it has to say to the controller is
// kept until it was heard.
//
// It downloads nothing, starts nothing and knows no clock: who drives it does. Each failing call
// leaves the record as it was on the disk; repeat it, or open anew. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/disk.h"
#include "agent/installer.h"
#include "agent/trust.h"
#include "base/id.h"
#include "base/result.h"
#include "delta/delta.h"
#include "wire/json.h"
#include "wire/update.h"

namespace muster::agent {

enum class Phase { idle, downloading, verified, staged, activated, returning };
const char* name_of(Phase);

struct Running {  // what a slot holds, once it has proved itself
  std::string firmware;
  std::string release_id = {};  // empty: the factory's
  std::string model = {};       // of the release; empty: not known
  std::uint64_t sequence = 0;   // 0: the factory's
  bool operator==(const Running&) const = default;
};

struct Coded {  // how a download comes: as it is (identity), compressed, or as a patch
  delta::Coding coding = delta::Coding::identity;
  std::string tag = {};    // its ETag: what is resumed has to be the same
  std::uint64_t size = 0;  // of what comes; unless as it is
  bool operator==(const Coded&) const = default;
};

struct Underway {  // the release that is on its way in
  wire::ReleaseMetadata release;
  std::string release_id, envelope, path;
  Placement placement = {};         // told by the installer before it began
  int installs = 0;                 // that were begun
  std::optional<Coded> coded = {};  // none: not decided, so as it is
};

struct UpdateRecord {  // what is on the disk; docs/formats/agent.md
  Phase phase = Phase::idle;
  char active = 'a';  // slot
  int tries = 0;      // of what is activated, left
  std::uint64_t number = 0, floor = 0;
  std::string floor_reason = {};  // what was mended there, as the release that set it says
  Running running;
  std::optional<Underway> underway;  // unless idle
  std::vector<wire::UpdateReport> reports;
};
Result<UpdateRecord> parse_update_record(std::string_view);
std::string to_text(const UpdateRecord&);

struct Wanted {  // what is left to download
  std::string path;
  std::uint64_t have = 0, size = 0;
  Coded coded = {};
};

enum class Taken { known, started, refused, installed };

class Updater {
 public:
  static constexpr const char* record_name = "update.json";
  static constexpr int tries_max = 3, installs_max = 3;

  // `factory`: what runs when the disk holds no record. `model`: empty when it is not known; then
  // the first release installed tells it.
  static Result<Updater> open(Disk&, const Trust&, DeviceId, std::string model, Running factory);

  Phase phase() const { return record_.phase; }
  const UpdateRecord& record() const { return record_; }
  const Running& running() const { return record_.running; }

  // Conflict: an older assignment, or one that comes while another is on trial; ask again then.
  // Known: this very offer, under way or done. Refused: signed by the controller, but not to be
  // installed; a report says why. Other failures are of offers that are not ours to answer.
  Result<Taken> take(const wire::Offer&);
  // Refuses an offer that is signed by the controller, for a reason that is not ours to know.
  Result<void> decline(const wire::Offer&, std::string why);
  Result<void> withdraw();  // the offer is no more; only a download is dropped for it

  // While downloading. piece() refuses more than the release's size, or the coded one's;
  // downloaded() fails with corrupt when the digest differs: what was resumed is then wanted anew,
  // what was coded is wanted as it is, and else it is abandoned with a report.
  Result<std::optional<Wanted>> wanted();
  Result<void> choose(Coded);  // before the first piece, or to begin anew
  Result<void> piece(ByteView);
  Result<void> downloaded();
  Result<void> start_over();  // what is here of the download is wrong
  bool comes_coded() const;
  // What came coded is made whole (agent/unpacking): first nothing is there, then pieces come.
  Result<void> begin_unpacking();
  Result<void> unpacked(ByteView);
  bool resumed() const { return resumed_; }  // part of it is from before wanted()
  Result<void> abandon(std::string why);     // before activation: back to idle with a report

  // From verified to staged: into the inactive slot's folder, from where an installer takes it.
  Result<bool> shelve();                  // false: it is lost, and wanted again
  Result<void> place(Placement);          // kept with the record
  Result<bool> begin_install();           // takes one of its tries; false: none is left, abandon
  Result<void> stage();                   // installed. Shelves first
  Result<void> activate();                // the pointer moves; then the device is told to switch
  Result<bool> begin_trial();             // takes one try; false: none is left, go back
  Result<void> check_slot() const;        // the active slot's artifact is readable and right
  Result<void> confirm();                 // healthy, and the controller was reached
  Result<void> go_back(std::string why);  // the pointer moves back; then the device is told
  Result<void> returned();

  const std::vector<wire::UpdateReport>& reports() const { return record_.reports; }
  Result<void> heard_report();  // the first one has reached the controller, or is refused for good

  Job job() const;                           // for the installer; while something is under way
  std::string slot(const char* file) const;  // "b/artifact" of the active slot
  std::string other_slot(const char* file) const;  // and of the other
  std::string coded_name() const;                  // file of a coded download

 private:
  Updater(Disk&, const Trust&, DeviceId, std::string model, UpdateRecord);
  Result<void> write(UpdateRecord next);  // then it is what we are
  Result<void> check_may_install(const wire::ReleaseMetadata&, const wire::Assignment&) const;
  Result<Taken> refuse(const wire::Assignment&, std::string why);
  Result<bool> slot_holds(const wire::ReleaseMetadata&) const;  // the inactive one
  std::string download_name() const;
  Result<void> append(const std::string& name, ByteView, std::uint64_t most);
  Result<void> drop_download();
  UpdateRecord idle() const;

  Disk& disk_;
  const Trust& trust_;
  DeviceId device_;
  std::string model_;
  UpdateRecord record_;
  bool resumed_ = false;  // part of the download is from before a cut
};

}  // namespace muster::agent
