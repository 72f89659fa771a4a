// actions -- what devices with an update client that we did not write (SWUpdate, Mender) are told
// to do, one action at a time, and what they say of it.
//
// Such a client holds on to what it was told until it has said how it ended, or agreed to drop it.
// So each device has one open action at most: begun from what the rollout decides, numbered by it,
// and over when the client reports its end or accepts that it is cancelled. While the rollout wants
// something else by now (it halted, say), the action is to be cancelled first; only then the next
// one begins. The outcome goes to the rollout and to the inventory, as that of a device with our
// own agent does.
//
// A device is known by its certificate, which the door has checked. Beside it a device may have to
// show a secret: the target token that an operator made for it (kept as a hash, for DDI), or the
// session's token, which is short lived and in memory only (for Mender).
//
// What was told and heard is on the disk before the answer goes out, and survives a restart. Domain
// thread only. Time comes from the Clock, secrets from the Random.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "inventory/inventory.h"
#include "ledger/ledger.h"
#include "release/release.h"
#include "rollout/rollout.h"
#include "store/store.h"

namespace muster::actions {

// Stored as numbers: add at the end only.
enum class Client : std::uint8_t { none, ddi, mender };
enum class Stage : std::uint8_t {
  told,       // nothing was heard of it yet
  refusing,   // the client does not agree to drop it
  denied,     // who decides at the device does not want it
  under_way,  // the client said so
  succeeded,
  failed,
  cancelled,
};
const char* name_of(Client);
const char* name_of(Stage);

struct Action {
  std::uint64_t number = 0;  // of the rollout's decision: its place in the ledger
  std::string release;       // Release::id
  bool back = false;
  Stage stage = Stage::told;
  Instant at;              // of the last word
  std::string word;        // of the client, at most 512 octets
  bool consented = false;  // by who decides at the device, or nobody is asked
};

struct Device {
  Client client = Client::none;      // that it came with last
  std::optional<Action> open, last;  // last: the one that ended last
  bool asks = false;                 // consent is asked for at the device
  bool has_token = false;            // a target token was made
  bool told_attributes = false;      // since its last action ended
};

enum class Need : std::uint8_t { nothing, consent, install, cancel };
enum class Hold : std::uint8_t { go_on, pause, fail };  // of an action that is installed

struct Now {  // what a device is to do
  Need need = Need::nothing;
  std::optional<Action> action, last;
  Hold hold = Hold::go_on;
  bool asks = false;
  bool attributes_wanted = false;
};

enum class Word : std::uint8_t {
  progress,
  warning,  // the client did not like something, and goes on
  succeeded,
  failed,
  cancelled,
  cancel_refused,
  confirmed,
  denied,
};
enum class Heard : std::uint8_t {
  taken,
  unwanted,        // taken; but the action is to be dropped
  over,            // the action ended before
  unknown,         // there is no such action of this device
  not_cancellable  // nobody asked to cancel it
};

struct Digests {  // what the clients' protocols want beside SHA-256, hex
  std::string sha1, md5;
};

enum class Attributes : std::uint8_t { merge, replace, remove };
struct Attribute {
  std::string name, value;
};

class Actions {
 public:
  static Result<Actions> open(store::Store&, ledger::Ledger&, inventory::Inventory&,
                              release::Releases&, rollout::Rollouts&, const Clock&, Random&);
  Actions(Actions&&) noexcept;
  ~Actions();

  // Who comes with DDI. unauthorized: a target token was made and this is not it, or none was made
  // and one is shown. empty: none is shown.
  Result<void> admit_ddi(const DeviceId&, std::string_view target_token);
  // A token for a Mender client, good for a while with the same certificate only.
  Result<std::string> begin_session(const DeviceId&, const crypto::Hash& certificate);
  Result<void> admit_mender(const DeviceId&, const crypto::Hash& certificate,
                            std::string_view token);

  // What the device is to do now; begins the next action if it has none open. idle: it says that
  // it is not at work on anything, so what was to be cancelled is. Nothing is begun whose digests
  // are not known, if they are needed; ask again shortly.
  Now next(const DeviceId&, bool idle, bool needs_digests);
  Now now(const DeviceId&) const;  // the same, but nothing begins
  Heard hear(const DeviceId&, std::uint64_t action, Word, std::string_view words);
  Heard keep_log(const DeviceId&, std::uint64_t action, std::string_view log);  // 16 KiB at most
  Result<void> report(const DeviceId&, Attributes how, const std::vector<Attribute>&);
  Result<void> ask_consent(const DeviceId&, bool);  // whether actions to come wait for consent

  // Target tokens.
  Result<std::string> make_token(const DeviceId&, ledger::Actor);  // replaces; told once
  Result<void> drop_token(const DeviceId&, ledger::Actor);

  // Digests are made elsewhere, since it takes time to read a file.
  std::vector<std::string> digests_wanted() const;  // SHA-256 of artifacts, hex
  std::optional<Digests> digests(const std::string& sha256) const;
  void keep_digests(const std::string& sha256, const Digests&);

  const Device* find(const DeviceId&) const;  // null: never came
  std::string log(const DeviceId&) const;     // of the action that ended last, or is open

 private:
  struct Book;
  explicit Actions(std::unique_ptr<Book>);
  std::unique_ptr<Book> book_;
};

}  // namespace muster::actions
