// base/random -- the only source of chance.
//
// Secrets come from the system; everything that must replay (sampling canaries, jitter, simulation)
// comes from a SeededRandom. A Random is not shared between threads.
#pragma once

#include <cstdint>
#include <span>

namespace muster {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t>) = 0;
  std::uint64_t next();                      // 64 uniform bits
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); bound > 0
  double unit();                             // uniform in [0, 1)
};

class SystemRandom final : public Random {  // getrandom(2): fit for keys and tokens
 public:
  void fill(std::span<std::uint8_t>) override;
};

class SeededRandom final : public Random {  // xoshiro256**: fast, replayable, never for secrets
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::uint8_t>) override;

 private:
  std::uint64_t step();
  std::uint64_t state_[4];
};

}  // namespace muster
