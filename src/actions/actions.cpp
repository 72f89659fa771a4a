#include "actions/actions.h"

#include <algorithm>
#include <array>

#include "actions/internal/book.h"
#include "base/log.h"

namespace muster::actions {
namespace {

constexpr std::size_t word_max = 512, log_max = 16 * 1024;
constexpr std::array client_names{"none", "ddi", "mender"};
constexpr std::array stage_names{"told",      "refusing", "denied",   "under-way",
                                 "succeeded", "failed",   "cancelled"};

std::string cut(std::string_view words) {
  auto size = std::min(words.size(), word_max);
  while (size > 0 && size < words.size() &&
         (static_cast<unsigned char>(words[size]) & 0xc0) == 0x80)
    --size;
  return std::string(words.substr(0, size));
}

}  // namespace

const char* name_of(Client client) {
  return client_names[static_cast<std::size_t>(client)];
}

const char* name_of(Stage stage) {
  return stage_names[static_cast<std::size_t>(stage)];
}

Actions::Actions(std::unique_ptr<Book> book) : book_(std::move(book)) {}
Actions::Actions(Actions&&) noexcept = default;
Actions::~Actions() = default;

Result<Actions> Actions::open(store::Store& store, ledger::Ledger& ledger,
                              inventory::Inventory& inventory, release::Releases& releases,
                              rollout::Rollouts& rollouts, const Clock& clock, Random& random) {
  auto book = std::make_unique<Book>(store, ledger, inventory, releases, rollouts, clock, random);
  TRY_VOID(book->load());
  return Actions(std::move(book));
}

bool Actions::Book::is_wanted(const DeviceId& device, const Action& action) const {
  const auto decision = rollouts.offered(device);
  return decision && decision->number == action.number;
}

Now Actions::Book::describe(const DeviceId& device, const Kept& kept) const {
  Now out{.action = kept.open, .last = kept.last, .asks = kept.asks};
  out.attributes_wanted = !kept.told_attributes;
  if (!kept.open) return out;
  if (!is_wanted(device, *kept.open)) {
    out.hold = Hold::fail;
    out.need = kept.open->stage == Stage::refusing ? Need::install : Need::cancel;
    return out;
  }
  if (rollouts.state_for(device) == rollout::State::paused) out.hold = Hold::pause;
  out.need = kept.open->consented || !kept.asks ? Need::install : Need::consent;
  return out;
}

Now Actions::now(const DeviceId& device) const {
  const auto at = book_->devices.find(device);
  return at == book_->devices.end() ? Now{} : book_->describe(device, at->second);
}

Now Actions::next(const DeviceId& device, bool idle, bool needs_digests) {
  Book& b = *book_;
  Kept& kept = b.devices[device];
  if (idle && kept.open && !b.is_wanted(device, *kept.open))
    b.end(device, kept, Stage::cancelled, kept.open->word);
  if (!kept.open) b.begin(device, kept, needs_digests);
  return b.describe(device, kept);
}

void Actions::Book::begin(const DeviceId& device, Kept& kept, bool needs_digests) {
  const auto decision = rollouts.offer(device);
  if (!decision) return;
  if (kept.last && kept.last->number == decision->number) return;  // it ended, whatever came after
  const auto* release = releases.find(decision->release);
  if (!release) return;
  const auto& sha256 = release->metadata.artifact_sha256;
  if (needs_digests && !digests.contains(sha256)) {
    wanted.insert(sha256);
    return;
  }
  kept.open = Action{.number = decision->number,
                     .release = decision->release,
                     .back = decision->back,
                     .at = clock.now(),
                     .word = {}};
  write(ledger.observe(), device, kept);
}

Heard Actions::hear(const DeviceId& device, std::uint64_t number, Word word,
                    std::string_view words) {
  Book& b = *book_;
  const auto at = b.devices.find(device);
  if (at == b.devices.end()) return Heard::unknown;
  Kept& kept = at->second;
  if (!kept.open || kept.open->number != number)
    return kept.last && number <= kept.last->number ? Heard::over : Heard::unknown;
  Action& action = *kept.open;
  const bool wanted = b.is_wanted(device, action);
  const auto keep = [&](Stage stage) {
    action.stage = stage;
    action.at = b.clock.now();
    if (!words.empty()) action.word = cut(words);
    b.write(b.ledger.observe(), device, kept);
  };
  switch (word) {
    case Word::progress:
    case Word::warning:
      keep(action.stage == Stage::refusing ? Stage::refusing : Stage::under_way);
      return wanted ? Heard::taken : Heard::unwanted;
    case Word::succeeded:
    case Word::failed:
      b.end(device, kept, word == Word::succeeded ? Stage::succeeded : Stage::failed, words);
      return Heard::taken;
    case Word::cancelled:
    case Word::cancel_refused:
      if (wanted) return Heard::not_cancellable;
      if (word == Word::cancelled)
        b.end(device, kept, Stage::cancelled, words);
      else
        keep(Stage::refusing);
      return Heard::taken;
    case Word::confirmed:
      action.consented = true;
      keep(Stage::told);
      return Heard::taken;
    case Word::denied:
      action.consented = false;
      keep(Stage::denied);
      return Heard::taken;
  }
  return Heard::unknown;
}

// Its outcome is told before it is closed here; both are in one transaction.
void Actions::Book::end(const DeviceId& device, Kept& kept, Stage stage, std::string_view words) {
  Action action = std::move(*kept.open);
  kept.open.reset();
  action.stage = stage;
  action.at = clock.now();
  if (!words.empty()) action.word = cut(words);
  if (stage == Stage::cancelled) {
    auto detail = wire::Json::object({{"action", action.number}, {"release", action.release}});
    ledger.record({ledger::device_actor(device.text()), "action.cancelled",
                   "device/" + device.text(), std::move(detail), action.word});
  } else {
    tell_outcome(device, action, action.word);
  }
  kept.told_attributes = kept.told_attributes && stage != Stage::succeeded;
  kept.last = std::move(action);
  write(ledger.observe(), device, kept);
}

void Actions::Book::tell_outcome(const DeviceId& device, const Action& action,
                                 std::string_view words) {
  const bool good = action.stage == Stage::succeeded;
  const auto warn = [&](const char* what, const Result<void>& done) {
    if (!done)
      log::warning("actions", what, {{"device", device.text()}, {"why", done.error().message}});
  };
  warn("an outcome did not count",
       rollouts.report(device, action.release,
                       good ? rollout::Outcome::installed : rollout::Outcome::failed,
                       std::string(words)));
  const auto* release = releases.find(action.release);
  if (good && release)
    warn("what a device runs now was not taken",
         inventory.reported(device, release->metadata.version, action.release, {}));
}

Heard Actions::keep_log(const DeviceId& device, std::uint64_t number, std::string_view text) {
  Book& b = *book_;
  const auto at = b.devices.find(device);
  if (at == b.devices.end()) return Heard::unknown;
  const Kept& kept = at->second;
  const bool open = kept.open && kept.open->number == number;
  if (!open && !(kept.last && kept.last->number == number))
    return kept.last && number < kept.last->number ? Heard::over : Heard::unknown;
  if (text.size() > log_max) text.remove_prefix(text.size() - log_max);
  b.ledger.observe().write("INSERT OR REPLACE INTO action_log(device, number, log) VALUES(?,?,?)",
                           {device.text(), static_cast<std::int64_t>(number), text});
  return Heard::taken;
}

Result<void> Actions::ask_consent(const DeviceId& device, bool asks) {
  Kept& kept = book_->devices[device];
  if (kept.asks == asks) return {};
  kept.asks = asks;
  book_->write(book_->ledger.observe(), device, kept);
  return {};
}

std::vector<std::string> Actions::digests_wanted() const {
  return {book_->wanted.begin(), book_->wanted.end()};
}

std::optional<Digests> Actions::digests(const std::string& sha256) const {
  const auto at = book_->digests.find(sha256);
  return at == book_->digests.end() ? std::nullopt : std::optional(at->second);
}

void Actions::keep_digests(const std::string& sha256, const Digests& made) {
  book_->wanted.erase(sha256);
  if (!book_->digests.emplace(sha256, made).second) return;
  book_->ledger.observe().write("INSERT INTO action_digest(sha256, sha1, md5) VALUES(?,?,?)",
                                {sha256, made.sha1, made.md5});
}

const Device* Actions::find(const DeviceId& device) const {
  const auto at = book_->devices.find(device);
  return at == book_->devices.end() ? nullptr : &at->second;
}

std::string Actions::log(const DeviceId& device) const {
  auto rows = book_->store.read("SELECT log FROM action_log WHERE device = ?", {device.text()});
  return rows.next() ? rows.text(0) : std::string();
}

}  // namespace muster::actions
