#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "gateway/internal/routes.h"
#include "wire/topic.h"

using namespace muster;
using namespace muster::wire::mqtt;

// Three lines: what is allowed, a filter, a topic. What the filter matches is matched by what
// covers it: nobody gets by a subscription what it was not allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text_of({data, size});
  std::string_view lines[3];
  for (std::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  const auto [allowed, filter, topic] = lines;
  if (!is_filter(allowed) || !is_filter(filter)) return 0;
  if (shared_filter(allowed) || shared_filter(filter)) return 0;
  if (!gateway::covers(filter, filter)) std::abort();
  if (!is_topic(topic) || !gateway::covers(allowed, filter)) return 0;
  if (matches(filter, topic) && !matches(allowed, topic)) std::abort();
  return 0;
}
