#include "musterd/identity_settings.h"

#include <fstream>
#include <iterator>

namespace muster {

namespace {

// Refused: a longer life than the signer gives.
Result<identity::Settings> identity_settings(const Config& config, Duration life_max) {
  if (config.certificate_life > life_max)
    return fail(Fault::invalid,
                "is longer than the signer gives: at most " + show(life_max) +
                    "; choose a shorter life, or start muster-signer with a longer --life-max",
                "--certificate-life");
  return identity::Settings{.certificate_life = config.certificate_life,
                            .token_life = config.token_life,
                            .pki_url = config.pki_url,
                            .life_max = life_max};
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

}  // namespace

Result<identity::Identity> open_identity(const Config& config, const Folder& folder,
                                         store::Store& store, ledger::Ledger& ledger,
                                         inventory::Inventory& inventory, const Clock& clock,
                                         Random& random) {
  TRY(auto settings, identity_settings(config, folder.device_life_max));
  TRY(auto identity, identity::Identity::open(store, ledger, inventory, folder.chain(), clock,
                                              random, std::move(settings)));
  TRY_VOID(trust_vendors(config, identity.attestation()));
  return identity;
}

}  // namespace muster
