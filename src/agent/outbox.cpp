#include "agent/outbox.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/log.h"
#include "wire/senml.h"

namespace muster::agent {
namespace {

constexpr std::size_t readings_a_message = 4;
constexpr double burst = 24;                // messages at once
constexpr double messages_an_interval = 4;  // after a burst

// Empty when there is nothing but gaps.
Result<std::string> pack(std::span<const Reading> readings, const std::vector<Metric>& metrics) {
  std::vector<wire::SenmlRecord> records;
  for (const Reading& reading : readings)
    for (std::size_t i = 0; i < metrics.size() && i < reading.values.size(); ++i)
      if (std::isfinite(reading.values[i]))
        records.push_back({.name = metrics[i].name,
                           .unit = metrics[i].unit,
                           .time = millis(reading.at),
                           .value = reading.values[i]});
  if (records.empty()) return std::string();
  return wire::senml_text(records);
}

}  // namespace

Outbox::Outbox(std::size_t readings_max, Duration interval)
    : readings_max_(readings_max), interval_(std::max(interval, 1ms)), allowance_(burst) {}

std::size_t Outbox::size() const {
  std::size_t all = waiting_.size();
  for (const Packed& each : packed_) all += each.readings.size();
  return all;
}

void Outbox::add(Reading reading) {
  waiting_.push_back(std::move(reading));
  while (size() > readings_max_) {
    if (!packed_.empty() && !packed_.front().sent) {
      dropped_ += packed_.front().readings.size();
      packed_.pop_front();
    } else if (!waiting_.empty()) {
      ++dropped_;
      waiting_.pop_front();
    } else {
      break;  // all of it is in flight
    }
  }
}

bool Outbox::may_send(Instant now) {
  if (refilled_ != Instant{} && now > refilled_)
    allowance_ += messages_an_interval * static_cast<double>((now - refilled_).count()) /
                  static_cast<double>(interval_.count());
  allowance_ = std::min(allowance_, burst);
  refilled_ = now;
  return allowance_ >= 1;
}

void Outbox::pack_waiting(const std::vector<Metric>& metrics) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), readings_a_message));
  std::vector<Reading> taken(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  if (auto text = pack(taken, metrics)) return keep(std::move(*text), std::move(taken));
  for (Reading& reading : taken) {  // the one at fault takes no other along
    auto text = pack({&reading, 1}, metrics);
    if (text) {
      keep(std::move(*text), {std::move(reading)});
      continue;
    }
    ++dropped_;
    log::warning("agent", "a reading cannot be packed and is dropped",
                 {{"at", rfc3339(reading.at)}, {"why", text.error().message}});
  }
}

void Outbox::keep(std::string text, std::vector<Reading> readings) {
  if (text.empty()) return;  // nothing but gaps
  packed_.push_back({{++last_, std::move(text)}, std::move(readings), false});
}

std::optional<Outbox::Message> Outbox::next(const std::vector<Metric>& metrics, Instant now) {
  const auto first_unsent = [this] {
    return std::ranges::find_if(packed_, [](const Packed& each) { return !each.sent; });
  };
  auto unsent = first_unsent();
  if (unsent == packed_.end() && waiting_.empty()) return std::nullopt;
  if (!may_send(now)) return std::nullopt;
  while (unsent == packed_.end() && !waiting_.empty()) {
    pack_waiting(metrics);
    unsent = first_unsent();
  }
  if (unsent == packed_.end()) return std::nullopt;
  allowance_ -= 1;
  unsent->sent = true;
  return unsent->message;
}

void Outbox::acknowledged(std::uint64_t number) {
  std::erase_if(packed_, [number](const Packed& each) { return each.message.number == number; });
}

void Outbox::again(std::uint64_t number) {
  for (Packed& each : packed_)
    if (each.message.number == number) each.sent = false;
}

void Outbox::disconnected() {
  for (Packed& each : packed_) each.sent = false;
}

void Outbox::clear() {
  dropped_ += size();
  packed_.clear();
  waiting_.clear();
}

std::optional<Instant> Outbox::oldest() const {
  if (!packed_.empty()) return packed_.front().readings.front().at;
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().at);
}

std::vector<Reading> Outbox::readings() const {
  std::vector<Reading> out;
  out.reserve(size());
  for (const Packed& each : packed_)
    out.insert(out.end(), each.readings.begin(), each.readings.end());
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  return out;
}

// Little-endian: for each reading its time in ms, how many values, and they as doubles.
Bytes to_octets(const std::vector<Reading>& readings, std::size_t most) {
  std::size_t first = readings.size(), room = most;
  while (first > 0) {
    const std::size_t needed = 8 * (2 + readings[first - 1].values.size());
    if (needed > room) break;
    room -= needed;
    --first;
  }
  Bytes out;
  const auto put = [&out](std::uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8)
      out.push_back(static_cast<std::uint8_t>(word >> shift));
  };
  for (; first < readings.size(); ++first) {
    put(static_cast<std::uint64_t>(millis(readings[first].at)));
    put(readings[first].values.size());
    for (const double value : readings[first].values) put(std::bit_cast<std::uint64_t>(value));
  }
  return out;
}

Result<std::vector<Reading>> readings_of(ByteView octets) {
  std::vector<Reading> out;
  const auto take = [&octets] {
    std::uint64_t word = 0;
    for (int i = 7; i >= 0; --i) word = word << 8 | octets[static_cast<std::size_t>(i)];
    octets = octets.subspan(8);
    return word;
  };
  while (!octets.empty()) {
    if (octets.size() < 16) return fail(Fault::corrupt, "half a reading is left");
    Reading reading{.at = instant(static_cast<std::int64_t>(take())), .values = {}};
    const std::uint64_t count = take();
    if (count > octets.size() / 8) return fail(Fault::corrupt, "a reading is cut off");
    for (std::uint64_t i = 0; i < count; ++i)
      reading.values.push_back(std::bit_cast<double>(take()));
    out.push_back(std::move(reading));
  }
  return out;
}

}  // namespace muster::agent
