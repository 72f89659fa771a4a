#include "muster-tuf/repository.h"

namespace muster {
namespace {

constexpr Duration answers_within = 30s;

}  // namespace

Result<std::unique_ptr<WebRepository>> WebRepository::open(const std::string& base_url,
                                                           const std::string& anchors_pem) {
  TRY(net::http::Url base, net::http::parse_url(base_url));
  if (!base.target.ends_with('/')) base.target += '/';
  std::optional<net::TlsContext> tls;
  if (base.tls) {
    TRY(tls, net::TlsContext::client({.anchors_pem = anchors_pem}));
  }
  return std::unique_ptr<WebRepository>(new WebRepository(std::move(base), std::move(tls)));
}

WebRepository::WebRepository(net::http::Url base, std::optional<net::TlsContext> tls)
    : base_(std::move(base)),
      tls_(std::move(tls)),
      http_(loop_, base_.host, base_.port, tls_ ? &*tls_ : nullptr) {}

Result<std::optional<std::string>> WebRepository::fetch(const std::string& path, std::size_t max) {
  std::string text;
  TRY(const bool here, fetch(path, max, [&](ByteView piece) -> Result<void> {
        text += text_of(piece);
        return {};
      }));
  return here ? std::optional(std::move(text)) : std::nullopt;
}

Result<bool> WebRepository::fetch(const std::string& path, std::uint64_t max,
                                  const std::function<Result<void>(ByteView)>& piece) {
  std::uint64_t left = max;
  net::http::Call call{
      .target = base_.target + path, .within = answers_within, .body_max = 64 << 10};
  call.sink = [&](ByteView bytes) -> Result<void> {
    if (bytes.size() > left)
      return fail(Fault::exhausted, path + ": more than " + std::to_string(max) + " bytes");
    left -= bytes.size();
    return piece(bytes);
  };
  TRY(const auto answer, net::run(loop_, http_.call(std::move(call))));
  if (answer.status == 404 || answer.status == 403) return false;
  if (answer.status == 200) return true;
  return fail(Fault::unavailable, path + ": the server answered " + std::to_string(answer.status));
}

}  // namespace muster
