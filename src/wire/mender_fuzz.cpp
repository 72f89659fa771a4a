#include "wire/mender.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace muster;

namespace {

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

// Nothing that is read is longer than it may be, and a deployment's name leads back to its action.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of({data, size});
  if (const auto place = wire::parse_mender_path(text); place && place->number > 0)
    require(wire::action_of(wire::uuid_of(place->number)) == place->number);
  static_cast<void>(wire::parse_mender_auth(text));
  if (const auto attributes = wire::parse_mender_attributes(text)) {
    require(attributes->size() <= wire::attributes_max);
    for (const auto& each : *attributes) require(each.name.size() + each.value.size() <= 2048);
  }
  if (const auto next = wire::parse_mender_next(text))
    require(wire::parse_json(wire::mender_deployment_text({.action = 7,
                                                           .artifact_name = next->artifact_name,
                                                           .device_type = next->device_type,
                                                           .uri = "https://localhost/",
                                                           .expire = {},
                                                           .control_map = next->control_map}))
                .has_value());
  if (const auto report = wire::parse_mender_report(text))
    require(report->substate.size() <= wire::word_max);
  if (const auto log = wire::parse_mender_log(text)) require(log->size() <= wire::log_kept_max);
  return 0;
}
