#include "blast/fleet.h"

#include <cmath>
#include <numeric>

namespace muster::blast {

using rollout::Side;
using rollout::Stream;

Course::Course(const Field& field, const Release& release, std::uint64_t seed)
    : field_(field),
      release_(release),
      chance_(seed),
      devices_(field.devices),
      order_(field.devices) {
  plan();
}

double Course::exponential(double mean) {
  return -mean * std::log(1 - chance_.unit());
}

void Course::later(double minutes, std::uint32_t device, Kind kind, Stream stream) {
  events_.push({now_ + minutes, device, kind, static_cast<std::uint8_t>(stream)});
}

void Course::plan() {
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::uint32_t i = field_.devices; i > 1; --i)
    std::swap(order_[i - 1], order_[chance_.below(i)]);
  std::size_t wave = 0;
  for (std::uint32_t i = 0; i < field_.devices; ++i) {
    while (i == field_.waves[wave]) ++wave;
    Device& d = devices_[order_[i]];
    d.wave = static_cast<std::uint8_t>(wave);
    d.absent = chance_.unit() < field_.absent;
    d.bad = chance_.unit() < release_.share;
    if (!d.absent)
      for (auto& at : at_risk_) ++at.control;
  }
  failures_ = field_.failures_low + chance_.unit() * (field_.failures_high - field_.failures_low);
  for (std::size_t s = 1; s < rollout::streams; ++s)
    later(exponential(1 / (field_.background[s] * field_.devices)),
          static_cast<std::uint32_t>(chance_.below(field_.devices)), Kind::stream,
          static_cast<Stream>(s));
  later(exponential(1 / field_.outages), static_cast<std::uint32_t>(chance_.below(field_.sites)),
        Kind::outage);
}

// In which of the sides a device counts, if in any: as the engine does it. An offer that is on its
// way takes a device out of both, but for silence.
bool Course::treated(const Device& d, Stream s) const {
  return s == Stream::silence ? d.offered : d.has;
}

bool Course::counts(const Device& d, Stream s) const {
  constexpr auto silent = 1u << static_cast<unsigned>(Stream::silence);
  return !d.absent && !(d.seen & (silent | 1u << static_cast<unsigned>(s)));
}

void Course::move(std::uint32_t device, Stream s, int by) {
  const Device& d = devices_[device];
  if (!counts(d, s)) return;
  auto& at = at_risk_[static_cast<std::size_t>(s)];
  if (treated(d, s))
    at.treated += static_cast<std::size_t>(by);
  else if (waits(d))
    at.control += static_cast<std::size_t>(by);
}

void Course::run(const std::function<void(const Seen&)>& judge) {
  judge_ = &judge;
  open(0);
  while (!done_ && !events_.empty()) {
    const Event e = events_.top();
    events_.pop();
    now_ = e.at;
    switch (e.kind) {
      case Kind::activate:
        activate(e.device);
        break;
      case Kind::expire:
        if (!devices_[e.device].settled) settle(e.device, Said::timed_out);
        break;
      case Kind::stream:
        happen(e.device & 0x7fff'ffff, static_cast<Stream>(e.stream));
        if (e.device & 0x8000'0000) break;  // of one bad device
        later(exponential(1 / (field_.background[e.stream] * field_.devices)),
              static_cast<std::uint32_t>(chance_.below(field_.devices)), Kind::stream,
              static_cast<Stream>(e.stream));
        break;
      case Kind::outage:
        outage(e.device);
        break;
      case Kind::open:
        if (e.device < field_.waves.size())
          open(e.device);
        else
          done_ = true;
        break;
    }
  }
}

void Course::open(std::size_t wave) {
  wave_ = wave;
  const std::uint32_t from = wave == 0 ? 0 : field_.waves[wave - 1];
  unsettled_ = field_.waves[wave] - from;
  for (std::uint32_t i = from; i < field_.waves[wave]; ++i) offer(order_[i]);
}

void Course::offer(std::uint32_t device) {
  Device& d = devices_[device];
  later(field_.deadline, device, Kind::expire);
  if (d.absent) return;
  for (std::size_t s = 0; s < rollout::streams; ++s) move(device, static_cast<Stream>(s), -1);
  d.offered = true;
  for (std::size_t s = 0; s < rollout::streams; ++s) move(device, static_cast<Stream>(s), +1);
  const double start = std::max(0.0, d.away_until - now_);
  later(start + chance_.unit() * 5 + 3 + exponential(9), device,
        Kind::activate);  // polls, loads, installs
}

void Course::activate(std::uint32_t device) {
  Device& d = devices_[device];
  for (std::size_t s = 0; s < rollout::streams; ++s) move(device, static_cast<Stream>(s), -1);
  d.has = true;
  for (std::size_t s = 0; s < rollout::streams; ++s) move(device, static_cast<Stream>(s), +1);
  if (d.bad) hurt_.push_back(now_);
  if (d.bad && release_.kind == Release::Kind::silent)
    return later(field_.silence, device | 0x8000'0000, Kind::stream, Stream::silence);
  const bool fails = (d.bad && release_.kind == Release::Kind::bad && chance_.below(2) == 0) ||
                     chance_.unit() < failures_;
  if (d.bad && !fails) go_wrong(device);
  settle(device, fails ? Said::failed : Said::installed);
}

// What a bad release does to a device that reported it as installed.
void Course::go_wrong(std::uint32_t device) {
  const double after = release_.kind == Release::Kind::late ? 30 : 0;
  later(after + exponential(10), device | 0x8000'0000, Kind::stream, Stream::restarts);
  later(after + exponential(15), device | 0x8000'0000, Kind::stream, Stream::health);
}

void Course::settle(std::uint32_t device, Said said) {
  Device& d = devices_[device];
  if (d.settled) return;
  d.settled = true;
  if (d.offered)
    (*judge_)({.at = now_,
               .wave = d.wave,
               .said = said,
               .side = Side::treated,
               .known_silent = (d.seen & 1u << static_cast<unsigned>(Stream::silence)) != 0});
  if (d.wave == wave_ && --unsettled_ == 0)
    later(field_.soak, static_cast<std::uint32_t>(wave_ + 1), Kind::open);
}

void Course::happen(std::uint32_t device, Stream s) {
  Device& d = devices_[device];
  const bool on_side = treated(d, s) || waits(d);
  if (!counts(d, s) || !on_side) return;
  (*judge_)({.at = now_,
             .wave = d.wave,
             .of_event = true,
             .stream = s,
             .side = treated(d, s) ? Side::treated : Side::control,
             .at_risk = at_risk_[static_cast<std::size_t>(s)]});
  for (std::size_t k = 0; k < rollout::streams; ++k) move(device, static_cast<Stream>(k), -1);
  d.seen |= static_cast<std::uint8_t>(1u << static_cast<unsigned>(s));
  for (std::size_t k = 0; k < rollout::streams; ++k) move(device, static_cast<Stream>(k), +1);
}

// A site loses its line: each device's session ends, and in a while each is silent.
void Course::outage(std::uint32_t site) {
  for (std::uint32_t i = site; i < field_.devices; i += field_.sites) {
    devices_[i].away_until = now_ + 60;
    later(0, i | 0x8000'0000, Kind::stream, Stream::restarts);
    later(field_.silence, i | 0x8000'0000, Kind::stream, Stream::silence);
  }
  later(exponential(1 / field_.outages), static_cast<std::uint32_t>(chance_.below(field_.sites)),
        Kind::outage);
}

}  // namespace muster::blast
