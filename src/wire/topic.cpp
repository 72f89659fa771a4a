#include "wire/topic.h"

#include "wire/internal/text.h"
#include "wire/utf8.h"

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

std::string_view next_level(std::string_view& left, bool& more) {
  auto slash = left.find('/');
  std::string_view level = left.substr(0, slash);
  more = slash != std::string_view::npos;
  left.remove_prefix(more ? slash + 1 : left.size());
  return level;
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
  bool more_filter = true, more_topic = true;
  while (more_filter) {
    std::string_view wanted = next_level(filter, more_filter);
    if (wanted == "#") return true;  // also the level above it
    if (!more_topic) return false;
    std::string_view level = next_level(topic, more_topic);
    if (wanted != "+" && wanted != level) return false;
  }
  return !more_topic;
}

std::optional<SharedFilter> shared_filter(std::string_view filter) {
  if (!filter.starts_with(share)) return std::nullopt;
  filter.remove_prefix(share.size());
  auto slash = filter.find('/');
  if (slash == std::string_view::npos) return SharedFilter{filter, {}};
  return SharedFilter{filter.substr(0, slash), filter.substr(slash + 1)};
}

}  // namespace muster::wire::mqtt
