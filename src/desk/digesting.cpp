#include "desk/digesting.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/log.h"
#include "crypto/weak_digest.h"
#include "desk/desk.h"

namespace muster::desk {

struct Digesting::State {
  explicit State(Desk& d) : desk(d) {}
  void run();
  void make(const std::string& sha256, const std::filesystem::path&);

  Desk& desk;
  std::set<std::string> under_way;  // domain's thread

  std::mutex mutex;  // guards those below
  std::condition_variable wake;
  std::deque<std::pair<std::string, std::filesystem::path>> queue;
  bool ending = false;
  std::thread thread;  // none until there is something to do
};

void Digesting::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return ending || !queue.empty(); });
    if (ending) return;
    const auto [sha256, path] = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    make(sha256, path);
    lock.lock();
  }
}

void Digesting::State::make(const std::string& sha256, const std::filesystem::path& path) {
  auto made = crypto::weak_digests(path);
  if (!made)
    return log::error("desk", "an artifact cannot be read", {{"why", made.error().message}});
  desk.tell("the digests of an artifact",
            [sha256, digests = std::move(*made)](Domain& domain) -> Result<void> {
              domain.actions.keep_digests(sha256, {digests.sha1, digests.md5});
              return {};
            });
}

Digesting::Digesting(Desk& desk) : state_(std::make_unique<State>(desk)) {}

Digesting::~Digesting() {
  {
    std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

void Digesting::step(const Domain& domain) {
  for (auto& sha256 : domain.actions.digests_wanted()) {
    if (!state_->under_way.insert(sha256).second) continue;
    const auto artifact = domain.releases.artifact(sha256);
    if (!artifact) continue;
    {
      std::lock_guard lock(state_->mutex);
      state_->queue.emplace_back(std::move(sha256), artifact->path);
    }
    if (!state_->thread.joinable()) state_->thread = std::thread([s = state_.get()] { s->run(); });
    state_->wake.notify_one();
  }
}

}  // namespace muster::desk
