#include "wire/sbom.h"

#include "wire/internal/sbom_formats.h"

namespace muster::wire {

const char* name_of(SbomFormat format) {
  return format == SbomFormat::cyclonedx ? "cyclonedx" : "spdx";
}

Result<Sbom> read_sbom(std::string_view text, const SbomLimits& limits) {
  TRY(const auto root, parse_json(text, {.bytes = limits.bytes, .depth = 64}));
  if (!root.members()) return fail(Fault::invalid, "a bill of materials is a JSON object");
  if (root.find("bomFormat")) return read_cyclonedx(root, limits);
  if (root.find("spdxVersion")) return read_spdx(root, limits);
  return fail(Fault::invalid,
              "neither CycloneDX (it has no bomFormat) nor SPDX 2.3 (it has no spdxVersion); other "
              "formats are not read");
}

}  // namespace muster::wire
