// Whatever unpacks, packs again to points that are the same bit for bit.
#include <bit>
#include <cstdlib>

#include "series/gorilla.h"

using namespace muster;
using namespace muster::series;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  std::vector<Point> points;
  if (!unpack({bytes, count}, points)) return points.empty() ? 0 : (std::abort(), 0);
  Packer packer;
  for (const auto& point : points) packer.add(point);
  Bytes packed;
  packer.write_to(packed);
  std::vector<Point> again;
  if (!unpack(packed, again) || again.size() != points.size()) std::abort();
  for (std::size_t i = 0; i < again.size(); ++i)
    if (again[i].at != points[i].at || std::bit_cast<std::uint64_t>(again[i].value) !=
                                           std::bit_cast<std::uint64_t>(points[i].value))
      std::abort();
  return 0;
}
