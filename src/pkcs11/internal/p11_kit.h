// pkcs11/internal/p11_kit -- what PKCS#11 is called in C, with owners.
//
// Any thread. Nothing here is seen outside pkcs11.
#pragma once

#define P11_KIT_FUTURE_UNSTABLE_API 1
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace muster::pkcs11 {

struct FreeUri {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using UriHandle = std::unique_ptr<P11KitUri, FreeUri>;

Result<UriHandle> parsed(const std::string& text);

}  // namespace muster::pkcs11
