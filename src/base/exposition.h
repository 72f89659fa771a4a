// base/exposition -- counters and gauges in the Prometheus text exposition format 0.0.4, each under
// the prefix muster_.
//
// Help and label texts are the program's own, so nothing is escaped. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace muster {

class Exposition {
 public:
  // The metric that the values to come are of. type: "counter" or "gauge".
  Exposition& about(const char* name, const char* type, const char* help) {
    name_ = std::string("muster_") + name;
    out_ += "# HELP " + name_ + ' ' + help + "\n# TYPE " + name_ + ' ' + type + '\n';
    return *this;
  }
  Exposition& value(std::uint64_t value, const std::string& labels = {}) {
    out_ += name_ + (labels.empty() ? "" : '{' + labels + '}') + ' ' + std::to_string(value) + '\n';
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string name_, out_;
};

}  // namespace muster
