// pkcs11/uri -- where a key in a token is, as RFC 7512 writes it:
//
//   pkcs11:token=fleet;object=issuing?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/muster/pin
//
// A PIN never stands in a URI: command lines and logs are read by others. It names a file that
// holds it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::pkcs11 {

struct Uri {
  std::string text;                      // as given
  std::string name;                      // without the query, for messages
  std::string module_path, module_name;  // both empty: whatever this machine has configured
  std::string pin_file;                  // empty: none is given
  std::string object;                    // CKA_LABEL; empty: any
  Bytes id;                              // CKA_ID; empty: any
};

bool is_uri(std::string_view);  // says that it is one: begins with "pkcs11:"

// Refused: what RFC 7512 does not know, pin-value, and a pin-source that is not a file.
Result<Uri> parse_uri(std::string_view);

}  // namespace muster::pkcs11
