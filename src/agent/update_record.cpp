// The updater's record as text.
#include "agent/updater.h"

namespace muster::agent {
namespace {

constexpr Phase phases[] = {Phase::idle,   Phase::downloading, Phase::verified,
                            Phase::staged, Phase::activated,   Phase::returning};

wire::Json json_of(const Running& running) {
  return wire::Json::object({{"firmware", running.firmware},
                             {"release_id", running.release_id},
                             {"model", running.model},
                             {"sequence", running.sequence}});
}

std::uint64_t count(wire::ObjectReader& in, std::string_view key) {
  return static_cast<std::uint64_t>(
      in.integer(key, 0, static_cast<std::int64_t>(wire::sequence_max)));
}

Result<Running> read_running(const wire::Json& json) {
  wire::ObjectReader in(json, "/running");
  Running running{.firmware = in.text("firmware", 64),
                  .release_id = in.text("release_id", 64),
                  .model = in.text("model", 64),
                  .sequence = count(in, "sequence")};
  TRY_VOID(in.done());
  return running;
}

Result<Coded> read_coded(const wire::Json& json) {
  wire::ObjectReader in(json, "/underway/coded");
  const auto coding = delta::parse_coding(in.text("coding", 16));
  if (!coding) in.refuse("coding", "is none of ours");
  Coded coded{.tag = in.text("tag", 200), .size = count(in, "size")};
  TRY_VOID(in.done());
  coded.coding = *coding;
  return coded;
}

// What has its usual value is left out, so that an agent that knew nothing of it, which a device
// may have to go back to, reads the record still.
wire::Json json_of(const Underway& underway) {
  auto json = wire::Json::object({{"release_id", underway.release_id},
                                  {"release", underway.envelope},
                                  {"path", underway.path}});
  if (!underway.placement.from.empty()) json.set("from", underway.placement.from);
  if (!underway.placement.to.empty()) json.set("to", underway.placement.to);
  if (underway.installs > 0) json.set("installs", underway.installs);
  if (underway.coded)
    json.set("coded", wire::Json::object({{"coding", name_of(underway.coded->coding)},
                                          {"tag", underway.coded->tag},
                                          {"size", underway.coded->size}}));
  return json;
}

// The envelope was verified before it was written; here it is only read again.
Result<Underway> read_underway(const wire::Json& json) {
  wire::ObjectReader in(json, "/underway");
  Underway underway{
      .release = {},
      .release_id = in.text("release_id", 64),
      .envelope = in.text("release", wire::envelope_max),
      .path = in.text("path", 256),
      .placement = {in.text_or("from", "", 64), in.text_or("to", "", 64)},
      .installs = static_cast<int>(in.integer_or("installs", 0, 0, Updater::installs_max))};
  const auto* coded = in.maybe("coded");
  TRY_VOID(in.done());
  if (coded) {
    TRY(underway.coded, read_coded(*coded));
  }
  TRY(const auto envelope, wire::parse_envelope(underway.envelope));
  TRY(underway.release, wire::read_release(envelope.content));
  return underway;
}

}  // namespace

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::idle:
      return "idle";
    case Phase::downloading:
      return "downloading";
    case Phase::verified:
      return "verified";
    case Phase::staged:
      return "staged";
    case Phase::activated:
      return "activated";
    case Phase::returning:
      return "returning";
  }
  return "idle";
}

std::string to_text(const UpdateRecord& record) {
  auto reports = wire::Json::array();
  for (const auto& report : record.reports) reports.push(wire::to_text(report));
  auto json = wire::Json::object({{"spec", 1},
                                  {"phase", name_of(record.phase)},
                                  {"active", std::string(1, record.active)},
                                  {"tries", record.tries},
                                  {"number", record.number},
                                  {"floor", record.floor},
                                  {"running", json_of(record.running)},
                                  {"reports", std::move(reports)}});
  if (!record.floor_reason.empty()) json.set("floor_reason", record.floor_reason);
  if (record.underway) json.set("underway", json_of(*record.underway));
  return wire::to_text(json) + "\n";
}

Result<UpdateRecord> parse_update_record(std::string_view text) {
  TRY(const auto json, wire::parse_json(text));
  wire::ObjectReader in(json);
  UpdateRecord record;
  if (in.integer("spec", 1, 1'000) != 1) in.refuse("spec", "is newer than this program");
  const std::string phase = in.text("phase", 16), active = in.text("active", 1);
  bool known = false;
  for (Phase each : phases)
    if (phase == name_of(each)) {
      record.phase = each;
      known = true;
    }
  if (!known) in.refuse("phase", "is none of ours");
  if (active != "a" && active != "b") in.refuse("active", "must be a or b");
  record.tries = static_cast<int>(in.integer("tries", 0, Updater::tries_max));
  record.number = count(in, "number");
  record.floor = count(in, "floor");
  record.floor_reason = in.text_or("floor_reason", "", wire::floor_reason_max);
  const auto& running = in.any("running");
  const auto* underway = in.maybe("underway");
  for (const auto& each : in.texts_or("reports", {}, 64, 8192)) {
    TRY(auto report, wire::parse_update_report(each));
    record.reports.push_back(std::move(report));
  }
  if ((record.phase == Phase::idle) != !underway) in.refuse("underway", "does not fit the phase");
  TRY_VOID(in.done());
  record.active = active[0];
  TRY(record.running, read_running(running));
  if (underway) {
    TRY(record.underway, read_underway(*underway));
  }
  return record;
}

}  // namespace muster::agent
