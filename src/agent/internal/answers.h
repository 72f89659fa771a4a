// agent/internal/answers -- what a door's refusal means to a device. Pure.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace muster::agent {

bool is_later(const net::http::Answer&);         // ask again
Duration retry_after(const net::http::Answer&);  // then
std::unexpected<Error> refused(const net::http::Answer&);

}  // namespace muster::agent
