#include "gateway/internal/basic.h"

#include "base/bytes.h"

namespace muster::gateway {

std::optional<Credentials> credentials_of(std::string_view authorization) {
  constexpr std::string_view scheme = "Basic ";
  if (authorization.size() > 512 || !authorization.starts_with(scheme)) return std::nullopt;
  const auto decoded = from_base64(authorization.substr(scheme.size()));
  if (!decoded) return std::nullopt;
  const std::string_view text = text_of(*decoded);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Credentials{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace muster::gateway
