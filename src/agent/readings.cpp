#include "agent/readings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>

#include "wire/senml.h"

namespace muster::agent {
namespace {

constexpr std::size_t csv_bytes_max = 256 << 20, metrics_max = 64;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// One cell, without its quotes; a quote inside quotes is doubled (RFC 4180) and no number has one.
std::string_view next_cell(std::string_view& line) {
  std::size_t end = 0;
  if (line.starts_with('"')) {
    end = line.find('"', 1);
    end = end == std::string_view::npos ? line.size() : end + 1;
  }
  end = std::min(line.find(',', end), line.size());
  std::string_view cell = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  while (cell.starts_with(' ')) cell.remove_prefix(1);
  while (cell.ends_with(' ')) cell.remove_suffix(1);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
    cell = cell.substr(1, cell.size() - 2);
  return cell;
}

// A name begins with a letter or a digit (RFC 8428, section 4.5.1).
std::string metric_name(std::string_view column) {
  std::string name;
  for (char c : column) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-:./_").find(c) != std::string_view::npos;
    name += plain ? c : '_';
  }
  if (std::string_view("-:./_").find(name.front()) != std::string_view::npos)
    name.insert(0, "column");
  name.resize(std::min(name.size(), wire::senml_name_max));
  return name;
}

bool tells_time(std::string_view column) {
  std::string lower(column);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "date" || lower == "time" || lower == "timestamp" || lower == "datetime";
}

double number_of(std::string_view cell) {
  double value = 0;
  const auto read = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == cell.data() + cell.size();
  return whole && std::isfinite(value) ? value : nothing;
}

}  // namespace

Result<CsvTable> CsvTable::parse(std::string_view text) {
  if (text.size() > csv_bytes_max) return fail(Fault::invalid, "the CSV file is over 256 MiB");
  CsvTable table;
  std::vector<bool> kept;
  for (std::string_view header = next_line(text); !header.empty();) {
    const std::string_view column = next_cell(header);
    kept.push_back(!tells_time(column) && !column.empty());
    if (kept.back()) table.metrics_.push_back({metric_name(column), ""});
  }
  if (table.metrics_.empty() || table.metrics_.size() > metrics_max)
    return fail(Fault::invalid, "the CSV header names no columns of values, or more than 64");
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (line.empty()) continue;
    for (const bool keep : kept) {
      const std::string_view cell = next_cell(line);
      if (keep) table.values_.push_back(number_of(cell));
    }
  }
  if (table.values_.empty()) return fail(Fault::invalid, "the CSV file has no rows");
  return table;
}

CsvReadings::CsvReadings(const CsvTable& table, std::uint64_t seed)
    : table_(table), at_(SeededRandom(seed).below(table.rows())) {}

void CsvReadings::next(Instant, std::vector<double>& values) {
  const double* row = table_.row(at_);
  values.assign(row, row + table_.metrics().size());
  at_ = (at_ + 1) % table_.rows();
}

// --- the meter ---

MeterReadings::MeterReadings(std::uint64_t seed)
    : random_(seed),
      base_watts_(60 + 140 * random_.unit()),
      fridge_watts_(70 + 60 * random_.unit()),
      energy_kwh_(500 + 20'000 * random_.unit()) {}

const std::vector<Metric>& MeterReadings::metrics() const {
  static const std::vector<Metric> all = {
      {"voltage", "V"}, {"power", "W"}, {"current", "A"}, {"energy", "kWh"}};
  return all;
}

// How busy a household is at this hour, 1 on average.
static double bustle(Instant now) {
  const auto hour = static_cast<double>(millis(now) % 86'400'000) / 3'600'000;
  const auto peak = [hour](double at, double width) {
    return std::exp(-(hour - at) * (hour - at) / (2 * width * width));
  };
  return 0.25 + 1.6 * peak(7.5, 1.2) + 2.4 * peak(19, 2);
}

void MeterReadings::switch_on(Instant now, double seconds) {
  struct Kind {
    double watts, minutes, per_day;
  };
  static constexpr Kind kinds[] = {{1100, 4, 8}, {1200, 35, 1},   {900, 5, 5},
                                   {150, 90, 4}, {1000, 45, 1.2}, {60, 120, 6}};
  constexpr double large = 500;  // one such appliance at a time
  for (const Kind& kind : kinds) {
    const double chance = kind.per_day * bustle(now) * seconds / 86'400;
    const bool taken =
        kind.watts > large &&
        std::ranges::any_of(running_, [](const Appliance& each) { return each.watts > large; });
    if (random_.unit() >= chance || taken) continue;
    const auto life =
        Duration(static_cast<std::int64_t>(kind.minutes * 60'000 * (0.5 + random_.unit())));
    running_.push_back({kind.watts * (0.8 + 0.4 * random_.unit()), now + life});
  }
}

void MeterReadings::next(Instant now, std::vector<double>& values) {
  const bool first = last_ == Instant{};
  const double seconds =
      first ? 0 : std::clamp(static_cast<double>((now - last_).count()) / 1000, 0.0, 3600.0);
  if (first)  // as if it had run for an hour
    for (int minute = 60; minute > 0; --minute) switch_on(now - minute * 1min, 60);
  last_ = now;
  std::erase_if(running_, [now](const Appliance& each) { return each.until <= now; });
  switch_on(now, seconds);
  double watts = base_watts_ * (0.98 + 0.04 * random_.unit());
  const auto minute = millis(now) / 60'000 + static_cast<std::int64_t>(energy_kwh_);
  if (minute % 40 < 14) watts += fridge_watts_;
  for (const Appliance& each : running_) watts += each.watts * (0.99 + 0.02 * random_.unit());
  if (random_.unit() < 0.02) target_ = 226 + 8 * random_.unit();
  voltage_ += (target_ - voltage_) * 0.1 + 0.3 * (random_.unit() - 0.5);
  energy_kwh_ += watts * seconds / 3'600'000;
  const auto rounded = [](double v, double unit) { return std::round(v * unit) / unit; };
  values = {rounded(voltage_, 100), rounded(watts, 10), rounded(watts / voltage_, 1000),
            rounded(energy_kwh_, 1000)};
}

// --- the machine ---

const std::vector<Metric>& SystemReadings::metrics() const {
  static const std::vector<Metric> all = {{"load", ""}, {"memory_available", "B"}, {"uptime", "s"}};
  return all;
}

void SystemReadings::next(Instant, std::vector<double>& values) {
  values.assign(3, nothing);
  std::ifstream("/proc/loadavg") >> values[0];
  std::ifstream memory("/proc/meminfo");
  std::string word;
  while (memory >> word) {
    if (word != "MemAvailable:") continue;
    if (memory >> values[1]) values[1] *= 1024;
    break;
  }
  std::ifstream("/proc/uptime") >> values[2];
}

}  // namespace muster::agent
