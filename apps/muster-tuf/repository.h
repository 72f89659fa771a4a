// muster-tuf/repository -- a TUF repository over HTTP: one file at a time, each with a cap.
//
// Plain http is allowed: what is fetched is believed for its signatures, not for its line. Main
// thread; blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace muster {

class WebRepository {
 public:
  // Anchors: PEM, for https; empty: the system's.
  static Result<std::unique_ptr<WebRepository>> open(const std::string& base_url,
                                                     const std::string& anchors_pem);

  // nullopt: 404 or 403. exhausted when there is more than max.
  Result<std::optional<std::string>> fetch(const std::string& path, std::size_t max);
  // The same, in pieces; false: it is not there.
  Result<bool> fetch(const std::string& path, std::uint64_t max,
                     const std::function<Result<void>(ByteView)>& piece);

 private:
  WebRepository(net::http::Url base, std::optional<net::TlsContext> tls);

  net::http::Url base_;
  std::optional<net::TlsContext> tls_;
  net::Loop loop_;
  net::http::Client http_;
};

}  // namespace muster
