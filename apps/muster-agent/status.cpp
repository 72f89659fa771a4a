#include "muster-agent/status.h"

#include <cstdio>

#include "agent/credentials.h"
#include "agent/updater.h"
#include "agent/wipe.h"

namespace muster {
namespace {

wire::Json json_of(const agent::UpdateRecord& record) {
  auto waiting = wire::Json::array();
  for (const auto& report : record.reports) waiting.push(name_of(report.outcome));
  auto json = wire::Json::object({{"firmware", record.running.firmware},
                                  {"sequence", record.running.sequence},
                                  {"release_id", record.running.release_id},
                                  {"slot", std::string(1, record.active)},
                                  {"phase", name_of(record.phase)},
                                  {"assignment", record.number},
                                  {"floor", record.floor},
                                  {"reports_waiting", std::move(waiting)}});
  if (record.underway) json.set("updating_to", record.underway->release.version);
  return json;
}

Result<wire::Json> status_of(const std::filesystem::path& state) {
  if (!std::filesystem::is_directory(state))
    return fail(Fault::missing, "there is no " + state.string(), "--state");
  TRY(auto disk, agent::FolderDisk::open(state));
  TRY(const auto text, disk.read(agent::Updater::record_name));
  agent::UpdateRecord record;
  if (text) {
    TRY(record, agent::parse_update_record(*text));
  }
  wire::Json json = json_of(record);
  TRY(const auto credentials, agent::Credentials::open(disk, {}));
  json.set("enrolled", credentials.current().has_value());
  if (credentials.current()) {
    json.set("certificate_until", rfc3339(credentials.current()->not_after));
    json.set("renewal_at", rfc3339(agent::renewal_time(*credentials.current())));
  }
  TRY(const auto wipe, agent::Wipe::open(disk, {}));
  json.set("retirement", name_of(wipe.phase()));
  json.set("renewal_waits", credentials.next().has_value());
  return json;
}

}  // namespace

int show_status(const std::filesystem::path& state) {
  const auto json = expect(status_of(state));
  std::printf("%s\n", wire::to_text(json).c_str());
  return 0;
}

}  // namespace muster
