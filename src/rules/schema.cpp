#include "rules/schema.h"

#include <algorithm>

namespace muster::rules {
namespace {

constexpr std::size_t longest_name = 128;

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view s) {
  bool start = true;
  for (char c : s) {
    if (start ? !letter(c) : !(letter(c) || (c >= '0' && c <= '9') || c == '.')) return false;
    start = c == '.';
  }
  return !start && s.size() <= longest_name;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = above;
    }
  }
  return row.back();
}

struct TypeReader {
  std::string_view rest;
  bool take(std::string_view word) {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
  }
  std::optional<Type> read(int depth) {
    if (depth > 8) return {};
    if (take("list")) {
      if (!take("(")) return Type::list({});
      auto items = read(depth + 1);
      return items && take(")") ? std::optional(Type::list(*items)) : std::nullopt;
    }
    if (take("map")) {
      if (!take("(")) return Type::map({}, {});
      auto keys = read(depth + 1);
      if (!keys || !take(",")) return {};
      auto values = read(depth + 1);
      return values && take(")") ? std::optional(Type::map(*keys, *values)) : std::nullopt;
    }
    static constexpr std::pair<std::string_view, Kind> plain[] = {
        {"bool", Kind::boolean},   {"int", Kind::integer},         {"uint", Kind::natural},
        {"double", Kind::real},    {"string", Kind::string},       {"bytes", Kind::bytes},
        {"null_type", Kind::null}, {"timestamp", Kind::timestamp}, {"duration", Kind::duration},
        {"dyn", Kind::dyn}};
    for (auto [word, kind] : plain)
      if (take(word)) return Type{kind};
    return {};
  }
};

}  // namespace

std::string show(const Type& type) {
  std::string out = type.is(Kind::timestamp)  ? "timestamp"
                    : type.is(Kind::duration) ? "duration"
                                              : name_of(type.kind);
  if (type.of.empty() || !(type.is(Kind::list) || type.is(Kind::map))) return out;
  out += "(" + show(type.of[0]);
  if (type.of.size() > 1) out += ", " + show(type.of[1]);
  return out + ")";
}

Result<Type> parse_type(std::string_view text) {
  TypeReader in{text};
  auto type = in.read(0);
  if (type && in.rest.empty()) return *type;
  return fail(Fault::invalid, "'" + std::string(text.substr(0, 64)) +
                                  "' is no type; write bool, int, uint, double, string, bytes, "
                                  "timestamp, duration, dyn, list(T) or map(K, V)");
}

Result<Schema> Schema::of(std::vector<Variable> variables) {
  Schema schema;
  if (variables.size() > most_variables)
    return fail(Fault::invalid, "a schema declares at most " + std::to_string(most_variables) +
                                    " variables; declare fewer");
  schema.variables_ = std::move(variables);
  for (std::uint32_t i = 0; i < schema.variables_.size(); ++i) {
    const Variable& v = schema.variables_[i];
    if (!is_name(v.name))
      return fail(Fault::invalid, "'" + v.name.substr(0, longest_name) +
                                      "' is no variable's name; use letters, digits and _, joined "
                                      "by dots, at most 128 octets");
    schema.by_name_.push_back(i);
  }
  auto& order = schema.by_name_;
  const auto& all = schema.variables_;
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::string_view(all[i].name); });
  auto twice = std::ranges::adjacent_find(
      order, [&](std::uint32_t a, std::uint32_t b) { return all[a].name == all[b].name; });
  if (twice != order.end())
    return fail(Fault::invalid, "'" + all[*twice].name + "' is declared twice; keep one of them");
  return schema;
}

std::optional<std::uint32_t> Schema::find(std::string_view name) const {
  auto at = std::ranges::lower_bound(
      by_name_, name, {}, [&](std::uint32_t i) { return std::string_view(variables_[i].name); });
  if (at == by_name_.end() || variables_[*at].name != name) return {};
  return *at;
}

bool Schema::has_below(std::string_view prefix) const {
  const std::string first = std::string(prefix) + ".";
  auto at = std::ranges::lower_bound(by_name_, std::string_view(first), {}, [&](std::uint32_t i) {
    return std::string_view(variables_[i].name);
  });
  return at != by_name_.end() && variables_[*at].name.starts_with(first);
}

std::string Schema::nearest(std::string_view name) const {
  if (name.size() > longest_name) return "";
  std::size_t least = 1 + name.size() / 6;
  std::string best;
  for (const Variable& v : variables_)
    if (std::size_t d = distance(name, v.name); d <= least) least = d - (d > 0), best = v.name;
  return best;
}

Result<Schema> device_schema(const DeviceModel& model) {
  const Type text{Kind::string};
  std::vector<Variable> all = {
      {"device.id", text, 64},
      {"device.model", text, 64},
      {"device.firmware", text, 64},
      {"device.site", text, 64},
      {"device.state", text, 32},
      {"device.risk", text, 32},
      {"device.online", {Kind::boolean}},
      {"device.groups", Type::list(text), 64},
      {"labels", Type::map(text, text), 64},
      {"at", {Kind::timestamp}, 0, "when it was measured"},
      {"topic", text, 256},
      {"octets", {Kind::integer}, 0, "size of the message"},
  };
  for (Variable v : model.metrics) {
    if (v.type.is(Kind::dyn)) v.type = {Kind::real};
    v.name = "metrics." + v.name;
    all.push_back(std::move(v));
  }
  for (Variable v : model.attributes) {
    v.name = "attributes." + v.name;
    all.push_back(std::move(v));
  }
  return Schema::of(std::move(all));
}

}  // namespace muster::rules
