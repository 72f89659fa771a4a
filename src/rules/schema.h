// rules/schema -- which variables an expression may name, of which type and how large.
//
// A variable's name may be dotted ("device.model", "metrics.voltage"): it is one variable, and its
// number is the place of its value in what is evaluated. The sizes are promises of whoever fills
// in the values; the cost of an expression is computed from them. Values only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/value.h"

namespace muster::rules {

struct Type {
  Kind kind = Kind::dyn;
  std::vector<Type> of = {};  // of a list its items', of a map its keys' and its values'

  static Type list(Type items) { return {Kind::list, {std::move(items)}}; }
  static Type map(Type keys, Type values) {
    return {Kind::map, {std::move(keys), std::move(values)}};
  }
  bool is(Kind k) const { return kind == k; }
  bool operator==(const Type&) const = default;
};
std::string show(const Type&);              // "map(string, int)"
Result<Type> parse_type(std::string_view);  // the same; also "timestamp" and "duration"

struct Variable {
  std::string name;  // segments of letters, digits and _, joined by dots
  Type type;
  std::uint32_t most = 0;  // octets of a text, items of a list; 0: the default, 256 and 64
  std::string about = {};  // for a person: unit and meaning
};

class Schema {
 public:
  static constexpr std::size_t most_variables = 1024;
  static Result<Schema> of(std::vector<Variable>);  // or the name that is wrong or there twice
  std::optional<std::uint32_t> find(std::string_view name) const;
  const Variable& at(std::uint32_t slot) const { return variables_[slot]; }
  std::size_t size() const { return variables_.size(); }
  bool has_below(std::string_view prefix) const;     // a variable "prefix.something"
  std::string nearest(std::string_view name) const;  // for "did you mean"; empty if none is near

 private:
  std::vector<Variable> variables_;
  std::vector<std::uint32_t> by_name_;  // slots, sorted by name
};

// What a rule over a device's readings may name:
//   device.id device.model device.firmware device.site device.state device.risk (string),
//   device.online (bool), device.groups (list(string)), labels (map(string, string)),
//   at (timestamp), topic (string), octets (int), and each metric of the model as metrics.<name>
// (double unless it says otherwise) and each attribute as attributes.<name>.
struct DeviceModel {
  std::vector<Variable> metrics = {}, attributes = {};  // bare names
};
Result<Schema> device_schema(const DeviceModel&);

}  // namespace muster::rules
