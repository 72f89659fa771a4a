// agent/internal/test_artifacts -- for tests: a controller's artifacts, files by digest; one coded
// form of each may be beside it, as DIGEST.coding. The test's thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/http.h"

namespace muster::agent {

struct Artifacts {
  std::string coding = "dcz";
  std::vector<std::string> fetches = {};  // method, and what was accepted

  net::http::Response answer(const std::filesystem::path& folder,
                             const net::http::Request& request) {
    const auto file = folder / request.path.substr(request.path.rfind('/') + 1);
    const auto coded = std::filesystem::path(file).concat("." + coding);
    const auto* accepts = request.header("Accept-Encoding");
    fetches.push_back(request.method + " " + (accepts ? *accepts : "as it is"));
    if (accepts && accepts->find(coding) != std::string::npos && std::filesystem::exists(coded))
      return {.status = 200,
              .headers = {{"Content-Encoding", coding}, {"ETag", "\"" + coding + "\""}},
              .file = net::http::Response::File{coded, std::filesystem::file_size(coded)}};
    return {.status = 200,
            .file = net::http::Response::File{file, std::filesystem::file_size(file)}};
  }
};

}  // namespace muster::agent
