// The TUF repository on the operator port, for whoever asks: it proves itself. Metadata below
// /tuf/metadata/, and the releases it names below /tuf/targets/.
#include <variant>

#include "api/internal/door.h"
#include "api/internal/problem.h"

namespace muster::api {
namespace {

using net::http::Response;

constexpr std::string_view metadata = "/tuf/metadata/", targets = "/tuf/targets/";

Result<Response> found(const release::Releases& releases, const std::string& path) {
  if (path.starts_with(targets)) {
    TRY(auto artifact, releases.target_file(std::string_view(path).substr(targets.size())));
    return Response{.headers = {{"Content-Type", "application/octet-stream"},
                                {"ETag", '"' + artifact.sha256 + '"'},
                                {"Cache-Control", "public, immutable, max-age=31536000"}},
                    .file = Response::File{artifact.path, artifact.size}};
  }
  if (!path.starts_with(metadata))
    return fail(Fault::missing, "here are /tuf/metadata/ and /tuf/targets/");
  const std::string_view name = std::string_view(path).substr(metadata.size());
  TRY(auto text, releases.repository().metadata(name));
  const bool lasts = name != "timestamp.json";
  return Response{
      .headers = {{"Content-Type", "application/json"},
                  {"Cache-Control", lasts ? "public, immutable, max-age=31536000" : "no-cache"}},
      .body = std::move(text)};
}

}  // namespace

void Service::repository(net::http::Request request, net::http::Respond respond) {
  desk_.ask<Response>([path = std::move(request.path)](
                          desk::Domain& domain) { return found(domain.releases, path); },
                      [respond = std::move(respond)](Result<Response> response) mutable {
                        respond(response ? std::move(*response) : problem(response.error()));
                      });
}

}  // namespace muster::api
