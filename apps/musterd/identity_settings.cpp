#include "musterd/identity_settings.h"

#include <fstream>
#include <iterator>

namespace muster {

identity::Settings identity_settings(const Config& config) {
  return {.certificate_life = config.certificate_life,
          .token_life = config.token_life,
          .pki_url = config.pki_url};
}

Result<void> trust_vendors(const Config& config, identity::Attestation& attestation) {
  if (config.tpm_vendors.empty()) return {};
  std::ifstream in(config.tpm_vendors, std::ios::binary);
  if (!in) return fail(Fault::invalid, "cannot read " + config.tpm_vendors, "--tpm-vendors");
  const std::string pem{std::istreambuf_iterator<char>(in), {}};
  auto vendors = crypto::tpm::VendorAnchors::from_pem(pem);
  if (!vendors) return fail(Fault::invalid, vendors.error().message, "--tpm-vendors");
  attestation.trust_vendors(std::move(*vendors));
  return {};
}

}  // namespace muster
