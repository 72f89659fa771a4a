// api/problem -- how a fault looks to operators: problem+json (RFC 9457). Pure.
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace muster::api {

net::http::Response problem(const Error&);
net::http::Response json_response(int status, std::string body);

}  // namespace muster::api
