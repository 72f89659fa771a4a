#include "advisory/cvss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "advisory/internal/orders.h"

namespace muster::advisory {
namespace {

constexpr std::array severity_names{"unknown", "low", "medium", "high", "critical"};

// The base metrics of CVSS 3 in the order of the vector, and what each may be.
struct Metric {
  std::string_view name, values;
};
constexpr std::array<Metric, 8> metrics{{{"AV", "NALP"},
                                         {"AC", "LH"},
                                         {"PR", "NLH"},
                                         {"UI", "NR"},
                                         {"S", "UC"},
                                         {"C", "HLN"},
                                         {"I", "HLN"},
                                         {"A", "HLN"}}};
// Temporal and environmental metrics do not change the base score.
constexpr std::array<std::string_view, 14> others{"E",   "RL",  "RC",  "CR", "IR", "AR", "MAV",
                                                  "MAC", "MPR", "MUI", "MS", "MC", "MI", "MA"};

using Values = std::array<char, metrics.size()>;

std::unexpected<Error> refuse(std::string why) {
  return fail(Fault::invalid, "not a CVSS 3 vector: " + std::move(why));
}

Result<void> take_metric(Values& values, std::string_view part) {
  const auto colon = part.find(':');
  const auto name = part.substr(0, colon);
  const auto value = colon == std::string_view::npos ? std::string_view{} : part.substr(colon + 1);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (name != metrics[i].name) continue;
    if (values[i]) return refuse(std::string(name) + " is there twice");
    if (value.size() != 1 || metrics[i].values.find(value[0]) == std::string_view::npos)
      return refuse(std::string(name) + " has a value that it cannot have");
    values[i] = value[0];
    return {};
  }
  if (std::ranges::find(others, name) == others.end())
    return refuse("it has a metric that is unknown");
  return {};
}

Result<Values> read(std::string_view vector) {
  if (!vector.starts_with("CVSS:3.0/") && !vector.starts_with("CVSS:3.1/"))
    return refuse("it does not begin with CVSS:3.0/ or CVSS:3.1/");
  if (vector.size() > 256) return refuse("it is too long");
  vector.remove_prefix(9);
  Values values{};
  while (!vector.empty()) {
    const auto slash = vector.find('/');
    TRY_VOID(take_metric(values, vector.substr(0, slash)));
    vector = slash == std::string_view::npos ? std::string_view{} : vector.substr(slash + 1);
  }
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!values[i]) return refuse(std::string(metrics[i].name) + " is missing");
  return values;
}

double impact_of(char value) {
  return value == 'H' ? 0.56 : value == 'L' ? 0.22 : 0.0;
}

// Up to one decimal place, in tenths, as appendix A of the specification does it without the
// surprises of binary fractions.
int round_up(double score) {
  const auto scaled = static_cast<long>(std::lround(score * 100'000));
  return static_cast<int>(scaled % 10'000 == 0 ? scaled / 10'000 : scaled / 10'000 + 1);
}

}  // namespace

const char* name_of(Severity severity) {
  return severity_names[static_cast<std::size_t>(severity)];
}

std::optional<Severity> severity_of(std::string_view word) {
  for (std::size_t i = 1; i < severity_names.size(); ++i)
    if (compare_caseless(word, severity_names[i]) == 0) return static_cast<Severity>(i);
  if (compare_caseless(word, "moderate") == 0) return Severity::medium;
  return std::nullopt;
}

Severity severity_of_score(int tenths) {
  if (tenths >= 90) return Severity::critical;
  if (tenths >= 70) return Severity::high;
  if (tenths >= 40) return Severity::medium;
  return tenths > 0 ? Severity::low : Severity::unknown;
}

Result<int> cvss3_base_score(std::string_view vector) {
  TRY(const auto v, read(vector));
  const bool changed = v[4] == 'C';
  const double vector_weight = v[0] == 'N' ? 0.85 : v[0] == 'A' ? 0.62 : v[0] == 'L' ? 0.55 : 0.2;
  const double complexity = v[1] == 'L' ? 0.77 : 0.44;
  const double privileges = v[2] == 'N'   ? 0.85
                            : v[2] == 'L' ? (changed ? 0.68 : 0.62)
                                          : (changed ? 0.5 : 0.27);
  const double interaction = v[3] == 'N' ? 0.85 : 0.62;
  const double base = 1 - (1 - impact_of(v[5])) * (1 - impact_of(v[6])) * (1 - impact_of(v[7]));
  const double impact =
      changed ? 7.52 * (base - 0.029) - 3.25 * std::pow(base - 0.02, 15) : 6.42 * base;
  if (impact <= 0) return 0;
  const double exploitability = 8.22 * vector_weight * complexity * privileges * interaction;
  return round_up(std::min((changed ? 1.08 : 1.0) * (impact + exploitability), 10.0));
}

}  // namespace muster::advisory
