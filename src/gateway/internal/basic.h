// gateway/internal/basic -- the credentials of HTTP Basic (RFC 7617), with which a device shows its
// one-time token. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::gateway {

struct Credentials {
  std::string user, password;
};

// From an Authorization header of at most 512 octets; none: it is of another scheme, or broken.
std::optional<Credentials> credentials_of(std::string_view authorization);

}  // namespace muster::gateway
