// gateway/caller -- who comes to the device door with an update client that we did not write: its
// certificate is looked at anew for each request, and the address it knows us by goes into the
// links it is given. Loop thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/internal/questions.h"
#include "net/http.h"

namespace muster::gateway {

// "https://" and the Host header; none when that is no plain host and port.
std::optional<std::string> origin_of(const net::http::Head&);

// Asks whom the certificate stands for; `then` gets a device's caller (without client and secret),
// or why there is none.
void identify(Questions&, const net::http::Head&,
              std::move_only_function<void(Result<link::Caller>)> then);

}  // namespace muster::gateway
