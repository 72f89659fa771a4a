// response/internal/webhook_rules -- what a webhook may be: where it may point, which events a
// pattern means, how a body is signed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace muster::response {

// https anywhere; http only to this machine: 127.0.0.0/8, [::1] and localhost, by their spelling
// and never by asking a resolver. No user info, no fragment, printable ASCII. The origin:
// "https://host:port", which may be written down where path and query, often secret, may not.
Result<std::string> check_webhook_url(std::string_view);

// 1 to 32 of "*", "incident.*", "incident.opened".
Result<void> check_patterns(const std::vector<std::string>&);
bool matches(std::string_view pattern, std::string_view event);

std::string make_secret(ByteView random);  // "whsec_" + base64

// Standard Webhooks, "Signature scheme": "v1," + base64 of HMAC-SHA256 over id.timestamp.body,
// keyed with the octets behind "whsec_". seconds: since 1970.
Result<std::string> signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                              std::string_view body);

}  // namespace muster::response
