#include "gateway/internal/caller.h"

#include <algorithm>

#include "crypto/hash.h"

namespace muster::gateway {

std::optional<std::string> origin_of(const net::http::Head& head) {
  const std::string* host = head.header("Host");
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  };
  if (!host || host->empty() || host->size() > 255 || !std::ranges::all_of(*host, plain))
    return std::nullopt;
  return "https://" + *host;
}

void identify(Questions& questions, const net::http::Head& head,
              std::move_only_function<void(Result<link::Caller>)> then) {
  if (!head.peer_certificate)
    return then(fail(Fault::unauthorized, "this door needs a device certificate"));
  const auto certificate = crypto::sha256(*head.peer_certificate);
  questions.ask(link::Hello{certificate, head.peer_address},
                [certificate, then = std::move(then)](Result<link::Reply> reply) mutable {
                  if (!reply) return then(std::unexpected(std::move(reply).error()));
                  auto& grant = std::get<link::Grant>(*reply);
                  if (!grant.application.empty())
                    return then(fail(Fault::forbidden, "this door is for devices"));
                  then(link::Caller{.device = std::move(grant.device), .certificate = certificate});
                });
}

}  // namespace muster::gateway
