// crypto/certificate_file -- a certificate that is kept in a file. Blocks; any thread.
#pragma once

#include <filesystem>

#include "crypto/certificate.h"

namespace muster::crypto {

// The first one of a PEM file of at most 1 MiB. What cannot be read is told of with the path.
Result<Certificate> read_certificate(const std::filesystem::path&);

}  // namespace muster::crypto
