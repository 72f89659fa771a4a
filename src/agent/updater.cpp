#include "agent/updater.h"

#include "crypto/hash.h"

namespace muster::agent {
namespace {

constexpr std::size_t reports_max = 32;  // unheard; the oldest goes beyond it
constexpr std::size_t detail_max = 1000;
constexpr std::size_t tag_max = 200;

std::string slot_file(char slot, const char* file) {
  return std::string(1, slot) + '/' + file;
}

char other(char slot) {
  return slot == 'a' ? 'b' : 'a';
}

void add(UpdateRecord& record, std::string release_id, wire::UpdateOutcome outcome,
         std::string detail = {}) {
  if (detail.size() > detail_max) detail.resize(detail_max);
  if (record.reports.size() >= reports_max) record.reports.erase(record.reports.begin());
  record.reports.push_back({std::move(release_id), outcome, std::move(detail)});
}

std::unexpected<Error> out_of_turn(const char* step, Phase phase) {
  return fail(Fault::conflict, std::string("cannot ") + step + " while " + name_of(phase));
}

}  // namespace

Updater::Updater(Disk& disk, const Trust& trust, DeviceId device, std::string model,
                 UpdateRecord record)
    : disk_(disk),
      trust_(trust),
      device_(std::move(device)),
      model_(std::move(model)),
      record_(std::move(record)) {}

Result<Updater> Updater::open(Disk& disk, const Trust& trust, DeviceId device, std::string model,
                              Running factory) {
  TRY(const auto text, disk.read(record_name));
  UpdateRecord record{.running = std::move(factory), .underway = {}, .reports = {}};
  if (!text) {
    TRY_VOID(disk.write(record_name, to_text(record)));
  } else {
    auto read = parse_update_record(*text);
    if (!read)
      return fail(Fault::corrupt, std::string(record_name) + " does not read: " +
                                      read.error().field + " " + read.error().message);
    record = std::move(*read);
  }
  return Updater(disk, trust, std::move(device), std::move(model), std::move(record));
}

Result<void> Updater::write(UpdateRecord next) {
  TRY_VOID(disk_.write(record_name, to_text(next)));
  record_ = std::move(next);
  return {};
}

std::string Updater::slot(const char* file) const {
  return slot_file(record_.active, file);
}

std::string Updater::other_slot(const char* file) const {
  return slot_file(other(record_.active), file);
}

std::string Updater::download_name() const {
  return "download-" + record_.underway->release.artifact_sha256;
}

std::string Updater::coded_name() const {
  return "coded-" + record_.underway->release.artifact_sha256;
}

bool Updater::comes_coded() const {
  const auto& coded = record_.underway->coded;
  return coded && coded->coding != delta::Coding::identity;
}

Result<void> Updater::drop_download() {
  TRY_VOID(disk_.remove(coded_name()));
  return disk_.remove(download_name());
}

UpdateRecord Updater::idle() const {
  UpdateRecord next = record_;
  next.phase = Phase::idle;
  next.tries = 0;
  next.underway.reset();
  return next;
}

// --- offers ---

Result<void> Updater::check_may_install(const wire::ReleaseMetadata& release,
                                        const wire::Assignment& assignment) const {
  const std::string& model = model_.empty() ? record_.running.model : model_;
  if (!model.empty() && release.model.text() != model)
    return fail(Fault::invalid,
                "the release is for model " + release.model.text() + ", this device is " + model);
  if (release.sequence < record_.floor)
    return fail(Fault::forbidden,
                "release " + release.version + " is below the floor, sequence " +
                    std::to_string(record_.floor) +
                    (record_.floor_reason.empty() ? "" : " (" + record_.floor_reason + ")"));
  if (release.sequence < record_.running.sequence && !assignment.back)
    return fail(Fault::forbidden, "release " + release.version + " is older than " +
                                      record_.running.firmware +
                                      " and the assignment does not lead back");
  return {};
}

Result<Taken> Updater::refuse(const wire::Assignment& assignment, std::string why) {
  UpdateRecord next = idle();
  next.number = assignment.number;
  add(next, assignment.release_id, wire::UpdateOutcome::failed, "refused: " + std::move(why));
  TRY_VOID(write(std::move(next)));
  return Taken::refused;
}

Result<Taken> Updater::take(const wire::Offer& offer) {
  TRY(const auto assignment, check_assignment(trust_, device_, offer));
  if (assignment.number == record_.number) return Taken::known;
  if (assignment.number < record_.number)
    return fail(Fault::conflict, "assignment " + std::to_string(assignment.number) +
                                     " is older than " + std::to_string(record_.number));
  if (record_.phase == Phase::activated || record_.phase == Phase::returning)
    return out_of_turn("take another offer", record_.phase);
  if (record_.underway) TRY_VOID(drop_download());
  auto release = check_release(trust_, assignment, offer);
  if (!release) return refuse(assignment, release.error().message);
  if (auto may = check_may_install(*release, assignment); !may)
    return refuse(assignment, may.error().message);

  UpdateRecord next = idle();
  next.number = assignment.number;
  if (assignment.release_id == record_.running.release_id) {
    add(next, assignment.release_id, wire::UpdateOutcome::installed);
    TRY_VOID(write(std::move(next)));
    return Taken::installed;
  }
  TRY(const bool here, slot_holds(*release));
  next.phase = here ? Phase::verified : Phase::downloading;
  next.underway = {std::move(*release), assignment.release_id, offer.release, offer.path};
  TRY_VOID(write(std::move(next)));
  return Taken::started;
}

Result<void> Updater::decline(const wire::Offer& offer, std::string why) {
  TRY(const auto assignment, check_assignment(trust_, device_, offer));
  if (assignment.number <= record_.number) return {};
  if (record_.phase == Phase::activated || record_.phase == Phase::returning)
    return out_of_turn("refuse an offer", record_.phase);
  if (record_.underway) TRY_VOID(disk_.remove(download_name()));
  TRY_VOID(refuse(assignment, std::move(why)));
  return {};
}

Result<bool> Updater::slot_holds(const wire::ReleaseMetadata& release) const {
  TRY(const auto size, disk_.size(other_slot("artifact")));
  if (size != release.artifact_size) return false;
  TRY(const auto digest, disk_.digest(other_slot("artifact")));
  return to_hex(digest) == release.artifact_sha256;
}

Result<void> Updater::withdraw() {
  if (record_.phase != Phase::downloading) return {};
  TRY_VOID(drop_download());
  return write(idle());
}

// --- the download ---

Result<std::optional<Wanted>> Updater::wanted() {
  if (record_.phase != Phase::downloading) return std::nullopt;
  const bool coded = comes_coded();
  const std::string name = coded ? coded_name() : download_name();
  const std::uint64_t size =
      coded ? record_.underway->coded->size : record_.underway->release.artifact_size;
  TRY(auto have, disk_.size(name));
  if (have > size) {
    TRY_VOID(disk_.remove(name));
    have = 0;
  }
  resumed_ = have > 0;
  return Wanted{record_.underway->path, have, size, record_.underway->coded.value_or(Coded{})};
}

Result<void> Updater::choose(Coded coded) {
  if (record_.phase != Phase::downloading) return out_of_turn("choose", record_.phase);
  const bool plain = coded.coding == delta::Coding::identity;
  if (!plain && (coded.tag.empty() || coded.tag.size() > tag_max || coded.size == 0 ||
                 coded.size >= record_.underway->release.artifact_size))
    return fail(Fault::invalid, "a coded download has a tag, and is smaller than the artifact");
  TRY_VOID(drop_download());
  UpdateRecord next = record_;
  next.underway->coded = std::move(coded);
  return write(std::move(next));
}

Result<void> Updater::piece(ByteView bytes) {
  if (record_.phase != Phase::downloading) return out_of_turn("download", record_.phase);
  if (comes_coded()) return append(coded_name(), bytes, record_.underway->coded->size);
  return append(download_name(), bytes, record_.underway->release.artifact_size);
}

Result<void> Updater::append(const std::string& name, ByteView bytes, std::uint64_t most) {
  TRY(const auto have, disk_.size(name));
  if (have + bytes.size() > most)
    return fail(Fault::corrupt, "the artifact is larger than its release says");
  return disk_.append(name, bytes);
}

Result<void> Updater::begin_unpacking() {
  if (record_.phase != Phase::downloading || !comes_coded())
    return out_of_turn("unpack", record_.phase);
  return disk_.remove(download_name());
}

Result<void> Updater::unpacked(ByteView bytes) {
  return append(download_name(), bytes, record_.underway->release.artifact_size);
}

Result<void> Updater::downloaded() {
  if (record_.phase != Phase::downloading) return out_of_turn("verify", record_.phase);
  TRY(const auto have, disk_.size(download_name()));
  if (have < record_.underway->release.artifact_size)
    return fail(Fault::unavailable, "the download ended early");
  TRY_VOID(disk_.sync(download_name()));
  TRY(const auto digest, disk_.digest(download_name()));
  if (to_hex(digest) != record_.underway->release.artifact_sha256) {
    const char* why = "the artifact's digest is not the one its release says";
    if (comes_coded())
      TRY_VOID(choose({}));
    else if (resumed_)
      TRY_VOID(disk_.remove(download_name()));
    else
      TRY_VOID(abandon(why));
    return fail(Fault::corrupt, why);
  }
  UpdateRecord next = record_;
  next.underway->coded.reset();
  next.phase = Phase::verified;
  return write(std::move(next));
}

Result<void> Updater::start_over() {
  if (record_.phase != Phase::downloading) return out_of_turn("start over", record_.phase);
  TRY_VOID(drop_download());
  if (!comes_coded()) return {};
  UpdateRecord next = record_;
  next.underway->coded.reset();  // chosen anew
  return write(std::move(next));
}

Result<void> Updater::abandon(std::string why) {
  if (record_.phase != Phase::downloading && record_.phase != Phase::verified &&
      record_.phase != Phase::staged)
    return out_of_turn("abandon", record_.phase);
  TRY_VOID(drop_download());
  UpdateRecord next = idle();
  add(next, record_.underway->release_id, wire::UpdateOutcome::failed, std::move(why));
  return write(std::move(next));
}

// --- the slots ---

Result<bool> Updater::shelve() {
  if (record_.phase != Phase::verified) return out_of_turn("stage", record_.phase);
  TRY_VOID(disk_.remove(coded_name()));
  TRY(const auto waiting, disk_.size(download_name()));
  if (waiting > 0) {
    TRY_VOID(disk_.remove(other_slot("release.json")));  // it would describe another artifact
    TRY_VOID(disk_.move(download_name(), other_slot("artifact")));
  }
  TRY(const bool here, slot_holds(record_.underway->release));
  if (here) {
    TRY_VOID(disk_.write(other_slot("release.json"), record_.underway->envelope));
    return true;
  }
  UpdateRecord next = record_;
  next.phase = Phase::downloading;
  TRY_VOID(write(std::move(next)));
  return false;
}

Result<void> Updater::place(Placement placement) {
  if (record_.phase != Phase::verified) return out_of_turn("place", record_.phase);
  if (placement == record_.underway->placement) return {};
  UpdateRecord next = record_;
  next.underway->placement = std::move(placement);
  return write(std::move(next));
}

Result<bool> Updater::begin_install() {
  if (record_.phase != Phase::verified) return out_of_turn("install", record_.phase);
  if (record_.underway->installs >= installs_max) return false;
  UpdateRecord next = record_;
  ++next.underway->installs;
  TRY_VOID(write(std::move(next)));
  return true;
}

Result<void> Updater::stage() {
  TRY(const bool here, shelve());
  if (!here) return {};
  UpdateRecord next = record_;
  next.phase = Phase::staged;
  next.underway->installs = 0;
  return write(std::move(next));
}

Result<void> Updater::activate() {
  if (record_.phase != Phase::staged) return out_of_turn("activate", record_.phase);
  UpdateRecord next = record_;
  next.phase = Phase::activated;
  next.active = other(record_.active);
  next.tries = tries_max;
  return write(std::move(next));
}

Job Updater::job() const {
  const bool switched = record_.phase == Phase::activated;
  const char to = switched ? record_.active : other(record_.active), from = other(to);
  const auto& underway = *record_.underway;
  const auto artifact = disk_.path(slot_file(to, "artifact"));
  return {.version = underway.release.version,
          .release_id = underway.release_id,
          .sequence = underway.release.sequence,
          .slot = to,
          .artifact = artifact,
          .release = disk_.path(slot_file(to, "release.json")),
          .folder = artifact.parent_path(),
          .former_folder = disk_.path(slot_file(from, "artifact")).parent_path(),
          .placement = underway.placement};
}

Result<bool> Updater::begin_trial() {
  if (record_.phase != Phase::activated) return out_of_turn("try", record_.phase);
  if (record_.tries == 0) return false;
  UpdateRecord next = record_;
  --next.tries;
  TRY_VOID(write(std::move(next)));
  return true;
}

Result<void> Updater::check_slot() const {
  if (!record_.underway) return {};
  TRY(const auto digest, disk_.digest(slot("artifact")));
  if (to_hex(digest) != record_.underway->release.artifact_sha256)
    return fail(Fault::corrupt, "the artifact in the slot has changed");
  return {};
}

Result<void> Updater::confirm() {
  if (record_.phase != Phase::activated) return out_of_turn("confirm", record_.phase);
  const auto& release = record_.underway->release;
  UpdateRecord next = idle();
  next.running = {.firmware = release.version,
                  .release_id = record_.underway->release_id,
                  .model = release.model.text(),
                  .sequence = release.sequence};
  if (release.floor > next.floor) {
    next.floor = release.floor;
    next.floor_reason = release.floor_reason;
  }
  add(next, record_.underway->release_id, wire::UpdateOutcome::installed);
  return write(std::move(next));
}

Result<void> Updater::go_back(std::string why) {
  if (record_.phase != Phase::activated) return out_of_turn("go back", record_.phase);
  UpdateRecord next = record_;
  next.phase = Phase::returning;
  next.active = other(record_.active);
  next.tries = 0;
  add(next, record_.underway->release_id, wire::UpdateOutcome::failed, std::move(why));
  return write(std::move(next));
}

Result<void> Updater::returned() {
  if (record_.phase != Phase::returning) return out_of_turn("return", record_.phase);
  UpdateRecord next = idle();
  add(next, record_.underway->release_id, wire::UpdateOutcome::reverted,
      "back on " + record_.running.firmware);
  return write(std::move(next));
}

Result<void> Updater::heard_report() {
  if (record_.reports.empty()) return {};
  UpdateRecord next = record_;
  next.reports.erase(next.reports.begin());
  return write(std::move(next));
}

}  // namespace muster::agent
