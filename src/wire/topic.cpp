#include "wire/topic.h"

#include <algorithm>

#include "wire/internal/text.h"

namespace muster::wire::mqtt {
namespace {

constexpr std::string_view share = "$share/";

const char* fault_of_levels(std::string_view filter) {
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    bool opens = i == 0 || filter[i - 1] == '/';
    bool last = i + 1 == filter.size();
    if (filter[i] == '#' && !(opens && last))
      return "has a # that is not alone in the last level [MQTT-4.7.1-1]";
    if (filter[i] == '+' && !(opens && (last || filter[i + 1] == '/')))
      return "has a + that is not alone in its level [MQTT-4.7.1-2]";
  }
  return nullptr;
}

}  // namespace

const char* fault_of_topic(std::string_view name) {
  if (name.empty()) return "is empty [MQTT-4.7.3-1]";
  if (name.size() > 65535) return "is longer than 65535 bytes [MQTT-4.7.3-3]";
  if (is_plain_topic(name)) return nullptr;
  if (const char* fault = fault_of_text(name)) return fault;
  if (name.find_first_of("+#") != std::string_view::npos) return "has a wildcard [MQTT-3.3.2-2]";
  return nullptr;
}

const char* fault_of_filter(std::string_view filter) {
  if (filter.empty()) return "is empty [MQTT-4.7.3-1]";
  if (filter.size() > 65535) return "is longer than 65535 bytes [MQTT-4.7.3-3]";
  if (const char* fault = fault_of_text(filter)) return fault;
  if (auto shared = shared_filter(filter)) {
    if (shared->group.empty()) return "has a share name of no characters [MQTT-4.8.2-1]";
    if (shared->group.find_first_of("+#") != std::string_view::npos)
      return "has a wildcard in its share name [MQTT-4.8.2-2]";
    if (shared->filter.empty()) return "shares no filter [MQTT-4.8.2-2]";
    filter = shared->filter;
  }
  return fault_of_levels(filter);
}

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] == '#') return true;
    if (filter[i] == '+')
      at = std::min(topic.find('/', at), topic.size());
    else if (at < topic.size() && filter[i] == topic[at])
      ++at;
    else
      return at == topic.size() && filter.substr(i) == "/#";  // also the level above it
  }
  return at == topic.size();
}

std::optional<SharedFilter> shared_filter(std::string_view filter) {
  if (!filter.starts_with(share)) return std::nullopt;
  filter.remove_prefix(share.size());
  auto slash = filter.find('/');
  if (slash == std::string_view::npos) return SharedFilter{filter, {}};
  return SharedFilter{filter.substr(0, slash), filter.substr(slash + 1)};
}

}  // namespace muster::wire::mqtt
