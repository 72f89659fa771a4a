// base/peer -- who is at the other end of a connection, as text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace muster {

// An address without its port: "192.0.2.1:4000" and "[2001:db8::1]:4000" lose it, what has none
// ("2001:db8::1") stays as it is.
std::string host_of(std::string_view peer);

}  // namespace muster
