// api/embedded -- files that the build put into the program (cmake/embed.cmake). Tables end with a
// null name. Constants; any thread.
#pragma once

#include <string_view>

extern "C" {
struct MusterEmbeddedFile {
  const char* name;
  const char* begin;
  const char* end;
};
extern const MusterEmbeddedFile muster_console_files[];
extern const MusterEmbeddedFile muster_openapi_files[];
}

namespace muster::api {

inline std::string_view content_of(const MusterEmbeddedFile& file) {
  return {file.begin, static_cast<std::size_t>(file.end - file.begin)};
}

}  // namespace muster::api
