// muster/remote -- the controller's REST API, seen from a command: one call at a time, JSON in and
// out.
//
// The token comes from a file (never from the command line) and is sent over TLS that is checked
// against --ca. Main thread, blocks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "wire/json.h"

namespace muster {

class Remote {
 public:
  struct Settings {
    std::string server, token_file, ca_file;
  };
  explicit Remote(
      const Settings&);  // settings are read at the first call, so that --help needs none
  ~Remote();

  Result<wire::Json> get(const std::string& target);
  Result<wire::Json> post(const std::string& target, const wire::Json& body);
  Result<wire::Json> put(const std::string& target, const wire::Json& body);
  Result<wire::Json> patch(const std::string& target,
                           const wire::Json& body);  // reads the ETag first
  Result<wire::Json> remove(const std::string& target);
  Result<std::string> text(const std::string& target);  // any body, as it came
  Result<wire::Json> upload(const std::string& target, const std::filesystem::path& file,
                            ByteView sha256);
  // All items of a list, page by page.
  Result<wire::Json::Array> list(const std::string& target);
  // Server-sent events until `event` returns false or the stream ends.
  Result<void> follow(const std::string& target,
                      std::function<bool(std::string_view name, std::string_view data)> event);

 private:
  struct Line;
  Result<net::http::Answer> call(net::http::Call);
  Result<wire::Json> json(net::http::Call);
  const Settings& settings_;
  std::unique_ptr<Line> line_;
};

std::string url_encoded(std::string_view);

}  // namespace muster
