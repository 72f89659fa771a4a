#include "wire/topic.h"

#include <cstdlib>
#include <string>

using namespace muster::wire::mqtt;

namespace {

std::string_view head(std::string_view s, bool& last) {
  last = s.find('/') == std::string_view::npos;
  return s.substr(0, s.find('/'));
}

// The rules of section 4.7, told again as a recursion.
bool by_the_book(std::string_view filter, std::string_view topic) {
  if (filter == "#") return true;
  bool filter_ends, topic_ends;
  auto wanted = head(filter, filter_ends), level = head(topic, topic_ends);
  if (wanted != "+" && wanted != level) return false;
  if (filter_ends || topic_ends)
    return (filter_ends && topic_ends) || (topic_ends && filter.substr(wanted.size()) == "/#");
  return by_the_book(filter.substr(wanted.size() + 1), topic.substr(level.size() + 1));
}

}  // namespace

// A line with the filter, and then the topic.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  std::string_view in(reinterpret_cast<const char*>(bytes), count);
  auto line = in.find('\n');
  if (line == std::string_view::npos) return 0;
  auto filter = in.substr(0, line), topic = in.substr(line + 1);
  if (!is_filter(filter) || !is_topic(topic)) return 0;
  if (auto shared = shared_filter(filter)) filter = shared->filter;
  bool hidden = topic[0] == '$' && (filter[0] == '+' || filter[0] == '#');
  if (matches(filter, topic) != (!hidden && by_the_book(filter, topic))) std::abort();
  return 0;
}
