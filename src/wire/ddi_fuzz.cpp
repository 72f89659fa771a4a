#include "wire/ddi.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"

using namespace muster;

namespace {

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

// Nothing that is read is longer than it may be, and what is written of it is JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of({data, size});
  if (const auto place = wire::parse_ddi_path(text)) {
    require(wire::is_ddi_path(text) && text.starts_with(place->base));
    const wire::DdiDeployment told{.action = place->number,
                                   .module = place->number,
                                   .name = place->controller,
                                   .version = "1",
                                   .file = place->file,
                                   .sha1 = {},
                                   .md5 = {},
                                   .sha256 = {}};
    require(wire::parse_json(wire::ddi_deployment_text(place->base, told)).has_value());
    require(wire::parse_json(wire::ddi_artifacts_text(place->base, told)).has_value());
  }
  if (const auto feedback = wire::parse_ddi_feedback(text))
    require(feedback->words.size() <= wire::word_max);
  if (const auto config = wire::parse_ddi_config(text))
    require(config->attributes.size() <= wire::attributes_max);
  if (const auto consent = wire::parse_ddi_consent(text))
    require(consent->words.size() <= wire::word_max);
  return 0;
}
