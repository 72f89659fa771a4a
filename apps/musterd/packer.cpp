#include "musterd/packer.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "delta/delta.h"

namespace muster {
namespace {

constexpr Duration look_every = 2s;
constexpr int niceness = 10;  // it gives way, and still gets a tenth of a busy core
using Next = std::optional<release::Packing>;

Result<Next> next(desk::Domain& domain) {
  std::vector<release::InField> field;
  for (auto& each : domain.inventory.firmware())
    field.push_back({std::move(each.model), std::move(each.firmware)});
  return domain.releases.next_packing(field);
}

}  // namespace

struct Packer::Bench {
  explicit Bench(desk::Desk& d) : desk(d), thread([this] { run(); }) {}
  ~Bench() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    thread.join();
  }

  void run() {
    // Of this thread alone: Linux gives each its own.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness);
    while (!stop) {
      if (auto packing = ask())
        pack(std::move(*packing));
      else
        wait();
    }
  }

  void wait() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, look_every, [this] { return stop.load(); });
  }

  Next ask() {
    std::optional<Next> answer;
    desk.ask<Next>([](desk::Domain& domain) { return next(domain); },
                   [this, &answer](Result<Next> packing) {
                     std::lock_guard lock(mutex);
                     answer = packing ? std::move(*packing) : std::nullopt;
                     changed.notify_all();
                   });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return answer.has_value(); });  // the desk answers, also when it ends
    return std::move(*answer);
  }

  void pack(release::Packing packing) {
    const auto made =
        packing.base.empty()
            ? delta::compress(packing.artifact_file, packing.to, stop)
            : delta::make_patch(packing.base_file, packing.artifact_file, packing.to, stop);
    if (stop) return;
    if (!made && made.error().fault != Fault::invalid)
      log::warning("packer", "an artifact goes as it is",
                   {{"artifact", packing.artifact}, {"why", made.error().message}});
    if (made)
      log::info("packer", "made",
                {{"artifact", packing.artifact},
                 {"against", packing.base.empty() ? "nothing" : packing.base},
                 {"octets", std::to_string(*made)}});
    std::optional<std::uint64_t> size;
    if (made) size = *made;
    if (!made && made.error().fault == Fault::invalid) size = 0;
    desk.tell("a smaller form of an artifact",
              [packing = std::move(packing), size](desk::Domain& domain) {
                return domain.releases.packed(packing, size);
              });
  }

  desk::Desk& desk;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::thread thread;
};

Packer::Packer(desk::Desk& desk, bool wanted)
    : bench_(wanted ? std::make_unique<Bench>(desk) : nullptr) {}
Packer::~Packer() = default;

}  // namespace muster
