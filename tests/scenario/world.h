// scenario/world -- a whole controller and its fleet in one process, on virtual time and seeded
// chance, without a socket.
//
// The devices speak to the controller as a gateway would: requests over link, pushes back. Power
// can fail at any commit point: right before the commit (the checkpoint is being signed) or right
// after it (nobody has been told yet). The world then starts the controller again on the same
// folder, and devices and operator do what real ones do: they ask again. So it does when the disk
// is full and a commit fails. The test's thread.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/key.h"
#include "desk/desk.h"
#include "desk/test_whole_domain.h"

namespace muster::scenario {

struct PowerCut {};

enum class CutPoint { never, before_commit, after_commit };

// The ledger's key, whose use marks a commit point.
class Fuse final : public crypto::SigningKey {
 public:
  explicit Fuse(const crypto::SigningKey& key) : key_(key) {}
  const crypto::PublicKey& public_key() const override { return key_.public_key(); }
  Result<Bytes> sign(ByteView message) const override {
    ++commits;
    if (blow_at && commits == blow_at) throw PowerCut{};
    if (full_at && commits >= full_at && full_for > 0) {
      --full_for;
      throw store::Broken("database or disk is full");
    }
    return key_.sign(message);
  }
  mutable std::size_t commits = 0;   // since the world began
  std::size_t blow_at = 0;           // 0: never
  std::size_t full_at = 0;           // the disk, from this commit; 0: never
  mutable std::size_t full_for = 0;  // how many tries fail

 private:
  const crypto::SigningKey& key_;
};

struct SimDevice {
  DeviceId id;
  std::string token;
  crypto::FileKey key;
  crypto::Hash csr_digest{};
  Bytes certificate;  // empty until enrolled
  bool online = false;
  bool cut = false;  // its session was closed, and the gateway has yet to say so
  std::string release, version = "1.0.0";  // what runs now
  std::string before, before_version;      // what ran before it
  std::string offered;                     // the updates payload it has not acted on yet
  std::deque<wire::UpdateReport> reports;  // not acknowledged yet
  bool state_told = false;                 // the controller acknowledged what runs now
};

class World final : public link::Gate {
 public:
  World(std::uint64_t seed, std::size_t devices);
  ~World() override;

  void cut_power(CutPoint, std::size_t commit);  // before the story begins
  // Before the story begins. The controller ends at each commit that fails, and is started again.
  void fill_disk(std::size_t commit, std::size_t tries);
  std::size_t commits() const { return fuse_.commits; }
  bool was_cut() const { return restarts_ > 0; }

  // Runs a question of the operator's to its answer, starting again after a power cut: `done` tells
  // whether an earlier try had its effect after all, as a person would look before repeating.
  Result<void> operate(std::function<Result<void>(desk::Domain&)> command,
                       std::function<bool(desk::Domain&)> done);
  // Reads without a commit.
  template <class T>
  T look(std::function<T(desk::Domain&)> f) {
    return f(*domain_);
  }

  void settle(Duration most = 10min);  // devices and controller act until nothing changes
  void pass(Duration);                 // time, in steps of a second, with everybody acting

  std::vector<SimDevice>& devices() { return devices_; }
  std::string make_release(
      const std::string& version);  // published by the operator; returns its id
  void bad_on(const std::string& version, std::vector<std::size_t> which);
  // The whole ledger; that everything acknowledged is still there; and that the signer's log and
  // the ledger speak of the same certificates.
  Result<void> verify();

 private:
  struct Controller;
  void push(link::Pushes) override;
  void start();
  void restart();
  template <class Q>
  std::optional<Result<typename Q::Answer>> ask(Q);  // nullopt: the power went before the answer
  void act(SimDevice&);
  void update(SimDevice&);

  desk::testing::Folder folder_;
  ManualClock clock_;
  SeededRandom random_;
  desk::testing::Keys keys_;
  Fuse fuse_;
  CutPoint cut_ = CutPoint::never;
  std::size_t cut_at_ = 0, restarts_ = 0;
  std::vector<SimDevice> devices_;
  std::map<std::string, std::vector<std::size_t>> bad_;
  std::map<std::string, std::string> versions_;  // release id → version
  std::unique_ptr<Controller> controller_;
  desk::Domain* domain_ = nullptr;
};

}  // namespace muster::scenario
