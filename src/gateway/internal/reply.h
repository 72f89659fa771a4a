// gateway/reply -- how a fault looks in HTTP, for the two HTTPS doors. Pure.
#pragma once

#include "base/result.h"
#include "link/link.h"
#include "net/http.h"

namespace muster::gateway {

net::http::Response plain(int status, std::string words);  // text/plain, one line
net::http::Response refusal(
    const Error&);  // plain(status_of, message), with Retry-After where it helps

net::http::Response json(std::string text);  // not to be kept by anybody
net::http::Response download(link::File, const std::string& sha256);

}  // namespace muster::gateway
