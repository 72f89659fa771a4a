#include "agent/readings.h"

#include <cstdlib>

#include "wire/senml.h"

using namespace muster;
using namespace muster::agent;

// Each metric of a table has a name that SenML takes, and each row a value for each of them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = CsvTable::parse(text_of({data, size}));
  if (!table) return 0;
  if (table->metrics().empty() || table->rows() == 0) std::abort();
  for (const Metric& metric : table->metrics()) {
    const wire::SenmlRecord record{
        .name = metric.name, .unit = metric.unit, .time = 1'700'000'000'000, .value = 1.0};
    if (metric.name.size() > wire::senml_name_max || !wire::senml_text({&record, 1})) std::abort();
  }
  CsvReadings readings(*table, size);
  std::vector<double> values;
  readings.next(instant(1'700'000'000'000), values);
  if (values.size() != table->metrics().size()) std::abort();
  return 0;
}
