#include <cmath>

#include "wire/internal/senml_rules.h"
#include "wire/json.h"
#include "wire/senml.h"

namespace muster::wire {
namespace {

// Seconds with up to three decimals, from whole milliseconds: nothing is lost to a double.
std::string seconds(std::int64_t ms) {
  std::string out = std::to_string(ms / 1000);
  if (int part = static_cast<int>(ms % 1000)) {
    std::string digits = std::to_string(1000 + part).substr(1);
    out += '.' + digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return out;
}

// 2.0 says no more than 2 where every number is a fraction.
std::string number(double v) {
  std::string out = to_text(Json(v));
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out;
}

Result<void> check(const SenmlRecord& r) {
  auto* v = std::get_if<double>(&r.value);
  if (r.name.size() > senml_name_max || !is_senml_name(r.name))
    return fail(Fault::invalid, "\"" + std::string(r.name) + "\" is not a SenML name", "n");
  if ((v && !std::isfinite(*v)) || (r.sum && !std::isfinite(*r.sum)))
    return fail(Fault::invalid, std::string(r.name) + " is not a finite number", "v");
  if (std::holds_alternative<std::monostate>(r.value) && !r.sum)
    return fail(Fault::invalid, std::string(r.name) + " has neither a value nor a sum", "v");
  double s = static_cast<double>(r.time) / 1000;
  if (s < senml_relative_below || s > senml_seconds_max)
    return fail(Fault::invalid, std::string(r.name) + " is not of the years 1978 to 9999", "t");
  return {};
}

std::string value_members(const SenmlRecord& r) {
  std::string out;
  if (auto* v = std::get_if<double>(&r.value)) out += ",\"v\":" + number(*v);
  if (auto* b = std::get_if<bool>(&r.value)) out += *b ? ",\"vb\":true" : ",\"vb\":false";
  if (auto* t = std::get_if<std::string_view>(&r.value))
    out += (r.is_data ? ",\"vd\":" : ",\"vs\":") + to_text(Json(*t));
  if (r.sum) out += ",\"s\":" + number(*r.sum);
  return out;
}

}  // namespace

Result<std::string> senml_text(std::span<const SenmlRecord> records, std::string_view base_name) {
  bool all = !base_name.empty();
  for (const SenmlRecord& r : records) all = all && r.name.starts_with(base_name);
  if (!all) base_name = {};
  std::string out = "[";
  for (const SenmlRecord& r : records) {
    TRY_VOID(check(r));
    bool first = &r == &records.front();
    out += first ? "{" : ",{";
    if (first && all) out += "\"bn\":" + to_text(Json(base_name)) + ",";
    out += "\"n\":" + to_text(Json(r.name.substr(base_name.size())));
    if (!r.unit.empty()) out += ",\"u\":" + to_text(Json(r.unit));
    out += ",\"t\":" + seconds(r.time) + value_members(r) + "}";
  }
  return out + "]";
}

}  // namespace muster::wire
