// wire/internal/sbom_formats -- the two formats of a bill of materials, each read from the root of
// its document. Pure; any thread.
#pragma once

#include "wire/place.h"
#include "wire/sbom.h"

namespace muster::wire {

constexpr std::size_t sbom_text_max = 4'096;  // bytes of a name, version, purl or reference

Result<Sbom> read_cyclonedx(const Json&, const SbomLimits&);
Result<Sbom> read_spdx(const Json&, const SbomLimits&);

// Everything about a component that does not say which one it is; the nesting of `place` is bounded
// by the document's own depth.
Result<void> check_cyclonedx_component(const Json&, const Place&, std::string_view spec_version);
// Licences, as a component, a service or the whole document has them.
Result<void> check_cyclonedx_licenses(const Json& owner, const Place&,
                                      std::string_view spec_version);

}  // namespace muster::wire
