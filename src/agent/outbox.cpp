#include "agent/outbox.h"

#include <algorithm>
#include <cmath>

#include "wire/senml.h"

namespace muster::agent {
namespace {

constexpr std::size_t readings_a_message = 4;
constexpr double burst = 24;                // messages at once
constexpr double messages_an_interval = 4;  // after a burst

std::string pack(std::span<const Reading> readings, const std::vector<Metric>& metrics) {
  std::vector<wire::SenmlRecord> records;
  for (const Reading& reading : readings)
    for (std::size_t i = 0; i < metrics.size() && i < reading.values.size(); ++i)
      if (std::isfinite(reading.values[i]))
        records.push_back({.name = metrics[i].name,
                           .unit = metrics[i].unit,
                           .time = millis(reading.at),
                           .value = reading.values[i]});
  auto text = wire::senml_text(records);
  return text ? std::move(*text) : std::string();
}

}  // namespace

Outbox::Outbox(std::size_t readings_max, Duration interval)
    : readings_max_(readings_max), interval_(std::max(interval, 1ms)), allowance_(burst) {}

std::size_t Outbox::size() const {
  std::size_t all = waiting_.size();
  for (const Packed& each : packed_) all += each.readings;
  return all;
}

void Outbox::add(Reading reading) {
  waiting_.push_back(std::move(reading));
  while (size() > readings_max_) {
    if (!packed_.empty() && !packed_.front().sent) {
      dropped_ += packed_.front().readings;
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

std::optional<Outbox::Message> Outbox::next(const std::vector<Metric>& metrics, Instant now) {
  auto unsent = std::ranges::find_if(packed_, [](const Packed& each) { return !each.sent; });
  if (unsent == packed_.end() && waiting_.empty()) return std::nullopt;
  if (!may_send(now)) return std::nullopt;
  if (unsent == packed_.end()) {
    const auto count = std::min(waiting_.size(), readings_a_message);
    const std::vector<Reading> taken(
        std::make_move_iterator(waiting_.begin()),
        std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    std::string text = pack(taken, metrics);
    if (text.empty()) return next(metrics, now);  // nothing but gaps
    packed_.push_back({{++last_, std::move(text)}, count, false});
    unsent = std::prev(packed_.end());
  }
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

}  // namespace muster::agent
