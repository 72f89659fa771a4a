// base/id -- names and numbers that cannot be mixed up.
//
// Name<Tag> is text chosen outside (a device, a model); it is checked once, where it enters, so
// that whoever holds one may put it in a topic, a path or a subject without a second look. Id<Tag>
// is a number given by us. Plain values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster {

// 1 to 64 characters of [A-Za-z0-9._:-], the first one alphanumeric: safe as MQTT topic level, URL
// segment, file name and X.509 common name (ub-common-name is 64, RFC 5280 appendix A).
bool is_name(std::string_view);

template <class Tag>
class Name {
 public:
  Name() = default;
  static Result<Name> parse(std::string_view text, std::string field = {}) {
    if (!is_name(text))
      return fail(
          Fault::invalid,
          "must be 1 to 64 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit",
          std::move(field));
    return Name(std::string(text));
  }
  const std::string& text() const { return text_; }
  auto operator<=>(const Name&) const = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

template <class Tag>
struct Id {
  std::uint64_t number = 0;
  auto operator<=>(const Id&) const = default;
};

using DeviceId = Name<struct DeviceTag>;
using ModelId = Name<struct ModelTag>;

}  // namespace muster

template <class Tag>
struct std::hash<muster::Name<Tag>> {
  std::size_t operator()(const muster::Name<Tag>& n) const {
    return std::hash<std::string>{}(n.text());
  }
};
template <class Tag>
struct std::hash<muster::Id<Tag>> {
  std::size_t operator()(muster::Id<Tag> i) const { return std::hash<std::uint64_t>{}(i.number); }
};
