// load/identities -- the devices that a run has enrolled: name, key and certificate of each, in one
// file of PEM blocks. Kept for the length of the run. The main thread.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace muster::load {

struct Identity {
  std::string name;
  std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })> key;
  std::unique_ptr<X509, decltype([](X509* c) { X509_free(c); })> certificate;
};

std::string identity_text(const std::string& name, const std::string& key_pem,
                          const std::string& certificate_pem);
// The first `count`; missing when the file holds fewer.
Result<std::vector<Identity>> read_identities(const std::filesystem::path&, std::size_t count);

}  // namespace muster::load
