#include <cstdlib>

#include "api/internal/spelling.h"
#include "base/bytes.h"

using namespace muster;
using namespace muster::api;

namespace {

std::string spelled(const TileName& name) {
  std::string groups;
  std::uint64_t left = name.index;
  for (bool last = true; last || left > 0; last = false, left /= 1000) {
    const std::string digits = std::to_string(1000 + left % 1000).substr(1);
    groups = last ? digits : 'x' + digits + '/' + groups;
  }
  const std::string head = name.entries ? "entries" : std::to_string(name.level);
  return head + '/' + groups + (name.width < 256 ? ".p/" + std::to_string(name.width) : "");
}

}  // namespace

// A cookie that is found is found among others too; a tile's name that is read stays within the
// bounds of tiles, and spelled again it is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of({data, size});
  const std::string session = session_of(text);
  if (session.find(';') != std::string::npos) std::abort();
  if (session_of("theme=dark; " + std::string(session_cookie) + session + "; x") != session)
    std::abort();
  const auto name = tile_name(text);
  if (!name) return 0;
  if (name->level > 7 || name->width < 1 || name->width > 256) std::abort();
  if (name->index >= 1'000'000'000'000'000) std::abort();
  const auto again = tile_name(spelled(*name));
  if (!again || *again != *name) std::abort();
  return 0;
}
