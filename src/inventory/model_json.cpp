#include "inventory/internal/field.h"

namespace muster::inventory {
namespace {

void add_retirement(wire::Json& out, const Model& m) {
  if (m.second_operator) out.set("second_operator", true);
  if (!m.one_operator_asked_by.empty()) out.set("one_operator_asked_by", m.one_operator_asked_by);
  if (m.retire_within) out.set("retire_within_ms", std::int64_t{m.retire_within->count()});
}

}  // namespace

wire::Json json_of(const Model& m) {
  wire::Json metrics = wire::Json::array();
  for (const auto& metric : m.metrics) {
    auto item = wire::Json::object({{"name", metric.name}, {"unit", metric.unit}});
    if (metric.min) item.set("min", *metric.min);
    if (metric.max) item.set("max", *metric.max);
    metrics.push(std::move(item));
  }
  auto out = wire::Json::object({{"risk", name_of(m.risk)},
                                 {"interval_ms", std::int64_t{m.interval.count()}},
                                 {"metrics", std::move(metrics)}});
  add_retirement(out, m);
  return out;
}

wire::Json ledger_json_of(const Model& m) {
  wire::Json metrics = wire::Json::array();
  const auto bound = [](const std::optional<double>& v) {
    return v ? wire::Json(wire::to_text(wire::Json(*v))) : wire::Json();
  };
  for (const auto& metric : m.metrics)
    metrics.push(wire::Json::object({{"name", metric.name},
                                     {"unit", metric.unit},
                                     {"min", bound(metric.min)},
                                     {"max", bound(metric.max)}}));
  auto out = wire::Json::object({{"risk", name_of(m.risk)},
                                 {"interval_ms", std::int64_t{m.interval.count()}},
                                 {"metrics", std::move(metrics)},
                                 {"revision", m.revision}});
  add_retirement(out, m);
  return out;
}

Result<void> read_model(Model& m, std::string_view json) {
  TRY(const auto body, wire::parse_json(json));
  wire::ObjectReader in(body);
  TRY(m.risk, parse_risk(in.text("risk")));
  m.interval = Duration(in.integer("interval_ms", 0, INT64_MAX));
  m.second_operator = in.boolean_or("second_operator", false);
  m.one_operator_asked_by = in.text_or("one_operator_asked_by", "", 256);
  if (const auto within = in.integer_or("retire_within_ms", -1, 0, INT64_MAX); within >= 0)
    m.retire_within = Duration(within);
  const auto& metrics = in.array("metrics", 64);
  TRY_VOID(in.done());
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    wire::ObjectReader item(metrics[i], wire::json_pointer("/metrics", i));
    Metric metric{.name = item.text("name"), .unit = item.text("unit"), .min = {}, .max = {}};
    if (const auto* v = item.maybe("min")) metric.min = v->number();
    if (const auto* v = item.maybe("max")) metric.max = v->number();
    TRY_VOID(item.done());
    m.metrics.push_back(std::move(metric));
  }
  return {};
}

}  // namespace muster::inventory
