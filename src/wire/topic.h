// wire/topic -- MQTT topic names and topic filters (MQTT 5.0 section 4.7 and 4.8).
//
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace muster::wire::mqtt {

// What is wrong with it and the clause it breaks, as the end of a sentence; null if nothing is.
const char* fault_of_topic(std::string_view name);
const char* fault_of_filter(std::string_view filter);  // shared filters included

inline bool is_topic(std::string_view name) {
  return !fault_of_topic(name);
}
inline bool is_filter(std::string_view filter) {
  return !fault_of_filter(filter);
}

// Both must be valid. A filter that begins with a wildcard does not match a topic that begins with
// '$' [MQTT-4.7.2-1]. For a shared filter pass SharedFilter::filter.
bool matches(std::string_view filter, std::string_view topic);

// "$share/{group}/{filter}"; nullopt when the filter is not a shared one. Both parts are views.
struct SharedFilter {
  std::string_view group;
  std::string_view filter;
};
std::optional<SharedFilter> shared_filter(std::string_view filter);

}  // namespace muster::wire::mqtt
