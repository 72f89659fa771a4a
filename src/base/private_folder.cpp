#include "base/private_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace muster {

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return fail(Fault::unavailable, "cannot make " + path.string() + ": " + error.message());
  if (::chmod(path.c_str(), 0700) != 0)
    return fail(Fault::unavailable,
                "cannot protect " + path.string() + ": " + std::strerror(errno));
  return {};
}

}  // namespace muster
