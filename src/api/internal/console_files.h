// api/console_files -- the console, embedded at build time: hashed names, pre-compressed, served
// with a strict policy. Immutable; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "net/http.h"

namespace muster::api {

class ConsoleFiles {
 public:
  ConsoleFiles();
  bool empty() const { return files_.empty(); }
  // The file of the path; index.html for the console's own routes; nothing for what looks like a
  // missing file.
  std::optional<net::http::Response> find(const net::http::Head&) const;

 private:
  using Content = std::shared_ptr<const std::string>;
  struct File {
    Content plain, brotli, gzip;
    std::string type, digest;
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace muster::api
